/**
 * What a process knows of sessions it has been busy with lately, so that it reads only what is new. Nothing here is ever
 * the only copy: a process that knows nothing reads everything.
 */
import type { SessionId } from "../../domain/ids.ts";

/** As many sessions as can be busy at once on one worker; at 20,000 instances each holds some 50 MB. */
const SESSIONS_MAX = 8;

export class Recent<Known> {
  readonly #known = new Map<SessionId, Known>();

  get(session: SessionId): Known | undefined {
    return this.#known.get(session);
  }

  /** A map keeps the order of insertion, so its first key is the one that was not asked for the longest. */
  keep(session: SessionId, known: Known): Known {
    this.#known.delete(session);
    this.#known.set(session, known);
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= SESSIONS_MAX) break;
      this.#known.delete(oldest);
    }
    return known;
  }
}
