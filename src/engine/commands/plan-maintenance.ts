import type { Plan } from "../../planner/format/plan.ts";
import type { CloudSnapshot } from "../../planner/format/snapshot.ts";
import type { Wanted } from "../../planner/live-snapshot.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Plans } from "../../ports/plans.ts";
import { takeSnapshot, type TakingSnapshots } from "./take-snapshot.ts";

export interface PlanningMaintenance extends TakingSnapshots {
  /** Takes seconds for a large cloud, so it works elsewhere than where requests are answered. */
  readonly planner: (cloud: CloudSnapshot) => Promise<Plan>;
  readonly plans: Plans;
  readonly clock: Clock;
}

/** How a maintenance would go in the cloud as it is now. Begins nothing and tells nobody; the plan is kept for a session. */
export async function planMaintenance(
  wanted: Wanted,
  deps: PlanningMaintenance,
): Promise<{ readonly plan: Plan; readonly cloud: CloudSnapshot }> {
  const cloud = await takeSnapshot(wanted, deps);
  const plan = await deps.planner(cloud);
  await deps.plans.keep({ plan, cloud }, deps.clock.now());
  return { plan, cloud };
}
