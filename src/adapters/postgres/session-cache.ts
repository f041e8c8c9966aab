/** What a process keeps of the sessions it is busy with, so that it is not read again for every turn. */
import type { SessionId } from "../../domain/ids.ts";
import type { ConstraintsCache } from "./session-constraints.ts";
import type { FactsCache } from "./facts.ts";

export interface SessionCaches {
  readonly facts: FactsCache;
  readonly constraints: ConstraintsCache;
}

export const emptyCaches = (): SessionCaches => ({ facts: new Map(), constraints: new Map() });

/** As many sessions as can be busy at once on one worker; at 20,000 instances the facts of each hold about 20 MB. */
const CACHED_SESSIONS_MAX = 8;

/** A map keeps the order of insertion, so its first key is the one that was not asked for the longest. */
export function remember<Newest>(cache: Map<SessionId, Newest>, session: SessionId, newest: Newest): void {
  cache.delete(session);
  cache.set(session, newest);
  for (const oldest of cache.keys()) {
    if (cache.size <= CACHED_SESSIONS_MAX) return;
    cache.delete(oldest);
  }
}
