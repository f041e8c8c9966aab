import type { Plan } from "../../planner/format/plan.ts";
import type { CloudSnapshot } from "../../planner/format/snapshot.ts";
import type { Wanted } from "../../planner/live-snapshot.ts";
import { takeSnapshot, type TakingSnapshots } from "./take-snapshot.ts";

export interface PlanningMaintenance extends TakingSnapshots {
  /** Takes seconds for a large cloud, so it works elsewhere than where requests are answered. */
  readonly planner: (cloud: CloudSnapshot) => Promise<Plan>;
}

/** How a maintenance would go in the cloud as it is now. Creates nothing and tells nobody. */
export async function planMaintenance(
  wanted: Wanted,
  deps: PlanningMaintenance,
): Promise<{ readonly plan: Plan; readonly cloud: CloudSnapshot }> {
  const cloud = await takeSnapshot(wanted, deps);
  return { plan: await deps.planner(cloud), cloud };
}
