import type { SessionId } from "../../domain/ids.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Plugins } from "../../ports/plugins.ts";
import type { Reports } from "../../ports/reports.ts";
import type { Sessions } from "../../ports/sessions.ts";
import type { Wakes } from "../../ports/wakes.ts";
import { Problem } from "../../problems.ts";

export interface ContinuingSessions {
  readonly sessions: Sessions;
  readonly reports: Reports;
  readonly plugins: Plugins;
  readonly wakes: Wakes;
  readonly clock: Clock;
}

/** Continues a failed session where it failed, or in `state`. */
export async function continueSession(
  request: { readonly session: SessionId; readonly state: string | null },
  deps: ContinuingSessions,
): Promise<{ readonly state: string }> {
  const { session: id, state } = request;
  const summary = await deps.reports.summary(id);
  if (!summary) throw new Problem("SESSION_NOT_FOUND", `there is no session ${id}`);
  const workflow = deps.plugins.workflow(summary.workflow);
  if (!workflow) throw new Problem("WORKFLOW_UNKNOWN", `the workflow ${summary.workflow} is not installed any more`);
  const states = Object.keys(workflow.transitions).filter((name) => name !== workflow.failed);
  if (state !== null && !states.includes(state))
    throw new Problem("BODY_INVALID", `"${state}" is none of ${states.join(", ")}`, { field: "state" });
  const resumed = await deps.sessions.resume(id, state, deps.clock.now());
  if (!resumed) throw new Problem("SESSION_NOT_FOUND", `there is no session ${id}`);
  await deps.wakes.session(id);
  return resumed;
}
