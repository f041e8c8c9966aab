/** The effects that are due, and the leases under which workers perform them. */
import { z } from "zod";
import type { CloudFacts } from "../domain/cloud.ts";
import type { EffectStatus, PerformedEffect } from "../domain/effect.ts";
import type { HostName, InstanceId, ProjectId, SessionId } from "../domain/ids.ts";
import type { JournalEntry } from "../domain/journal.ts";
import type { KnownHost } from "../domain/cloud.ts";
import type { Closure, Session } from "../domain/session.ts";

export const EffectId = z.coerce.number().int().positive().brand<"EffectId">();
export type EffectId = z.infer<typeof EffectId>;

export const DeliveryId = z.coerce.number().int().positive().brand<"DeliveryId">();
export type DeliveryId = z.infer<typeof DeliveryId>;

/** The id of a webhook, or OpenStack's message bus. */
export const ReceiverId = z.union([z.literal("bus"), z.guid()]).brand<"ReceiverId">();
export type ReceiverId = z.infer<typeof ReceiverId>;

export interface Effects {
  /**
   * Takes an effect to perform it: a pending one whose time has come, or a running one whose lease ended because its
   * worker died. Null when there is nothing to take. Writes the journal entry of the start.
   */
  claim(id: EffectId, lease: Lease, now: Date): Promise<ClaimedEffect | null>;
  /** Answers those whose leases were renewed. The others were lost: somebody else performs them now, stop. */
  renew(all: readonly ClaimedEffect[], until: Date): Promise<ReadonlySet<ClaimedEffect>>;
  /** Records the end, with its consequences, and makes the session due. False when the lease was lost: nothing is written. */
  finish(claimed: ClaimedEffect, end: EffectEnd): Promise<boolean>;
  /** Gives the effect back, to be taken again at `until`, and makes the session due, so that `why` is shown to people. False when the lease was lost. */
  postpone(claimed: ClaimedEffect, until: Date, why: string, at: Date): Promise<boolean>;
  /** Keeps the output of a host action that is still running, for people to watch. */
  keepOutput(claimed: ClaimedEffect, output: string): Promise<void>;
}

/** `token` is new for each claim; every later write carries it, so a worker that was thought dead writes nothing. */
export interface Lease {
  readonly token: string;
  readonly until: Date;
}

export interface ClaimedEffect {
  readonly id: EffectId;
  readonly session: Session;
  readonly entry: number;
  readonly effect: PerformedEffect;
  readonly token: string;
  /** When it was recorded by the decision. */
  readonly recordedAt: Date;
  /** 1 for the first time it is taken. */
  readonly attempt: number;
  /** Since when the cloud could not be reached for this effect; null when it could. */
  readonly postponedSince: Date | null;
  /** True when an earlier worker took it and never told how it ended. */
  readonly interrupted: boolean;
  /** Only for `observe`: the hosts of the session, or, when they are not known yet, what the admin asked for. */
  readonly hosts:
    | { readonly kind: "known"; readonly names: readonly HostName[] }
    | { readonly kind: "requested"; readonly names: readonly HostName[] };
  /** Only for `observe`: the instances that the session knows and that were there at the last look. */
  readonly instances: readonly InstanceId[];
}

/** How an effect ended and what follows from it for the session. */
export interface EffectEnd {
  readonly at: Date;
  readonly status: Extract<EffectStatus, { kind: "done" | "failed" | "unknown" }>;
  readonly consequences: Consequences;
  readonly journal: readonly JournalEntry[];
}

export interface Consequences {
  readonly facts?: CloudFacts;
  /**
   * Hosts that the first look found. They are claimed; when another session holds one, the effect's end becomes
   * `failed`, naming it.
   */
  readonly hosts?: readonly KnownHost[];
  /** Instances on hosts of the session: they and their projects are added, or brought up to date. */
  readonly instances?: readonly {
    readonly id: InstanceId;
    readonly name: string;
    readonly project: ProjectId;
    readonly host: HostName | null;
    readonly status: string;
  }[];
  /** Projects whose event alarms hear what they are asked; left out when nobody could say. */
  readonly alarmed?: readonly ProjectId[];
  /** Known instances that the cloud has no longer. */
  readonly gone?: readonly InstanceId[];
  readonly closure?: { readonly host: HostName; readonly closure: Closure };
  readonly place?: { readonly instance: InstanceId; readonly host: HostName | null };
  readonly output?: string;
}

/** What is due, whatever became of the hints. */
export interface Due {
  sessions(now: Date, limit: number): Promise<readonly SessionId[]>;
  effects(now: Date, limit: number): Promise<readonly EffectId[]>;
  /** Those for whom a delivery is due. */
  receivers(now: Date, limit: number): Promise<readonly ReceiverId[]>;
}
