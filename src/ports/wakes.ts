/**
 * Hints to look at something, carried by a queue. A hint holds an id and nothing else; losing it loses nothing,
 * because the sweep finds in the store whatever is due.
 */
import type { EffectId, ReceiverId } from "./effects.ts";
import type { SessionId } from "../domain/ids.ts";

export interface Wakes {
  session(id: SessionId): Promise<void>;
  effects(ids: readonly EffectId[]): Promise<void>;
  receivers(ids: readonly ReceiverId[]): Promise<void>;
}

/** The other end: workers that take the hints. */
export interface Consumer {
  /** Starts taking hints. A handler that throws is reported; the sweep hints again. */
  consume(handlers: Handlers): Consuming;
}

export interface Handlers {
  readonly session: (id: SessionId) => Promise<void>;
  readonly effect: (id: EffectId) => Promise<void>;
  readonly receiver: (id: ReceiverId) => Promise<void>;
}

export interface Consuming {
  /** Takes nothing more, and resolves when the handlers that run have ended. */
  close(): Promise<void>;
}
