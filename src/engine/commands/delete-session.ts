import type { SessionId } from "../../domain/ids.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Sessions } from "../../ports/sessions.ts";
import type { Wakes } from "../../ports/wakes.ts";
import { Problem } from "../../problems.ts";

export interface DeletingSessions {
  readonly sessions: Sessions;
  readonly wakes: Wakes;
  readonly clock: Clock;
}

/** Forgets a session. What it is doing is brought to a safe end, and its hosts are opened again, after the answer. */
export async function deleteSession(id: SessionId, { sessions, wakes, clock }: DeletingSessions): Promise<void> {
  if (!(await sessions.remove(id, clock.now()))) throw new Problem("SESSION_NOT_FOUND", `there is no session ${id}`);
  await wakes.session(id);
}
