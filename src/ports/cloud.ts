/**
 * The cloud under maintenance, in the engine's words.
 *
 * Every call may throw `Problem("CLOUD_UNAVAILABLE")` when the cloud does not answer or answers nonsense: the caller
 * tries again later. `Problem("CLOUD_REFUSED")` means that it will not help to try again: wrong password, missing role.
 */
import type { CloudFacts, HostDoor, KnownHost, Occupants } from "../domain/cloud.ts";
import type { LiveLimit } from "../domain/effect.ts";
import type { HostName, InstanceId } from "../domain/ids.ts";
import type { MoveKind } from "../domain/session.ts";

export interface Cloud {
  /** All hosts that the cloud's services name, by name. Cheap: one request or two. */
  knownHosts(options: CallOptions): Promise<readonly KnownHost[]>;

  /** One look at everything. Its number of requests may grow with the cloud, so it is asked for sparingly. */
  facts(options: CallOptions): Promise<CloudFacts>;

  /** Null when the cloud has no such compute host. */
  door(host: HostName, options: CallOptions): Promise<HostDoor | null>;
  /** Keeps new instances away from a host. Closing a closed host replaces its reason. */
  close(host: HostName, reason: string, options: CallOptions): Promise<void>;
  /** Lets a host take instances again. */
  open(host: HostName, options: CallOptions): Promise<void>;

  /** Takes a host out of the cloud. A cloud that still has instances on it refuses; one that is gone is removed. */
  remove(host: HostName, options: CallOptions): Promise<Removed>;

  /** Who is on the host or coming to it, by every source the cloud has. */
  occupants(host: HostName, options: CallOptions): Promise<Occupants>;

  /**
   * Puts right what the cloud books on the host for instances that are at rest on another one, or for moves of such
   * instances: a compute that dies in mid-move leaves such allocations, and nothing else ever takes them away.
   * What is not certain is left alone. Resolves with a sentence for each allocation that was changed.
   */
  healAllocations(host: HostName, options: CallOptions): Promise<readonly string[]>;

  /** Where an instance is now; null when there is none with this id. */
  instance(id: InstanceId, options: CallOptions): Promise<InstancePlace | null>;

  /** Asks for a move. Resolves when the cloud took the request, which promises nothing. */
  startMove(id: InstanceId, how: MoveKind, to: HostName | null, options: CallOptions): Promise<Started>;

  /**
   * Waits until a move off `from` has come to rest: confirms a cold one, and settles what failed. Joins a move
   * that somebody else, or an earlier life of this process, started. Moves are watched together: one poll reads them all.
   */
  moveEnded(id: InstanceId, from: HostName, options: CallOptions): Promise<MoveEnd>;

  /** The live move of an instance that is under way; null when there is none, or none any more. */
  liveMove(id: InstanceId, options: CallOptions): Promise<LiveMove | null>;

  /** Asks to break a live move off, or to complete it now. False when the cloud does not do that at this moment. */
  endLiveMove(id: InstanceId, move: LiveMove, how: LiveLimit["beyond"], options: CallOptions): Promise<boolean>;

  /** Brings an instance that a failed move left in ERROR back to ACTIVE where the cloud allows. False when it did not help. */
  revive(id: InstanceId, options: CallOptions): Promise<boolean>;
}

export interface CallOptions {
  readonly signal: AbortSignal;
}

export type Removed = { readonly kind: "removed" } | { readonly kind: "refused"; readonly reason: string };

export interface InstancePlace {
  readonly host: HostName | null;
  readonly status: string;
  readonly taskState: string | null;
  /** True while it is on its way between hosts, an unconfirmed cold move included. */
  readonly moving: boolean;
}

export interface LiveMove {
  readonly id: string;
  /** False while it waits for its turn on its host, or is being prepared. */
  readonly copying: boolean;
}

/** A refusal at once, such as 409 for an instance in the wrong state, is an answer and not an error. */
export type Started = { readonly kind: "started" } | { readonly kind: "refused"; readonly reason: string };

export type MoveEnd =
  /** On another host, at rest, in the status it had before. */
  | { readonly kind: "moved"; readonly host: HostName; readonly status: string }
  /** Still on its host, and well. */
  | { readonly kind: "stayed"; readonly reason: string }
  /** In ERROR, on whatever host. */
  | { readonly kind: "broken"; readonly host: HostName | null; readonly reason: string }
  /** Deleted meanwhile. */
  | { readonly kind: "gone" };
