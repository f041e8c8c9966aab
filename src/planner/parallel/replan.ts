/** A plan is mended after something came otherwise: what that does not touch keeps its place. */
import { amend, type PlanEvent } from "./amend.ts";
import { follow } from "./follow.ts";
import { mend } from "./mend.ts";
import { windowTooShort } from "./obstacles.ts";
import type { Planned } from "./plan.ts";
import { touchedBy } from "./touched.ts";

/**
 * The plan from `second` on with this news; a whole one; what began before it stays as it was. The answer is a plan for the
 * cloud as the news describe it, so that news can follow news; `second` never goes back.
 */
export function replan(plan: Planned, second: number, event: PlanEvent): Planned {
  const amended = amend(plan, second, event);
  // Where hosts wait, the news may let them go.
  const { cloud, run, blocked } = amended;
  const mended = run.waiting.length > 0 ? null : mend(cloud, run, second, touchedBy(plan, amended, event));
  return mended === null ? followWithinWindow(amended, second) : { cloud, run: mended, blocked };
}

/** Goes through the whole rest of the plan. */
function followWithinWindow(plan: Planned, second: number): Planned {
  let amended = plan;
  const window = amended.cloud.snapshot.session.window_seconds ?? Infinity;
  while (true) {
    const { cloud } = amended;
    const run = follow(cloud, amended.run, second);
    const blocked = new Map(amended.blocked);
    const outside = run.begun.filter((host) => run.actionEnd[host]! > window);
    for (const host of outside) blocked.set(host, [windowTooShort(run.actionEnd[host]!, window)]);
    // What has begun goes on beyond the window, and is no part of the plan any more; the rest does not begin.
    const tooLate = outside.filter((host) => run.drainStart[host]! >= second);
    if (tooLate.length === 0) return { cloud, run, blocked };
    const planned = cloud.planned.slice();
    for (const host of tooLate) planned[host] = 0;
    amended = { ...amended, cloud: { ...cloud, planned }, blocked };
  }
}
