/**
 * Hints to look at something, carried by a queue. A hint holds an id and nothing else; losing it loses nothing,
 * because the sweep finds in the store whatever is due.
 */
import type { DeliveryId, EffectId } from "./effects.ts";
import type { SessionId } from "../domain/ids.ts";

export interface Wakes {
  session(id: SessionId): Promise<void>;
  effects(ids: readonly EffectId[]): Promise<void>;
  deliveries(ids: readonly DeliveryId[]): Promise<void>;
}
