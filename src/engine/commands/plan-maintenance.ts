import type { Plan } from "../../planner/format/plan.ts";
import type { CloudSnapshot } from "../../planner/format/snapshot.ts";
import type { Wanted } from "../../planner/live-snapshot.ts";
import { plan } from "../../planner/parallel/plan.ts";
import { takeSnapshot, type TakingSnapshots } from "./take-snapshot.ts";

/** How a maintenance would go in the cloud as it is now. Creates nothing and tells nobody. */
export async function planMaintenance(
  wanted: Wanted,
  deps: TakingSnapshots,
): Promise<{ readonly plan: Plan; readonly cloud: CloudSnapshot }> {
  const cloud = await takeSnapshot(wanted, deps);
  return { plan: plan(cloud), cloud };
}
