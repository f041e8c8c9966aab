/**
 * Judges a plan against the cloud it was made for, by every rule of the plan format. Shares no code with the planner, so
 * that it cannot repeat its mistakes; 10,000 hosts take seconds.
 */
import type { CloudSnapshot } from "../format/snapshot.ts";
import type { Plan } from "../format/plan.ts";
import { judgeClaims } from "./judge-claims.ts";
import { judgeEachAlone } from "./each-alone.ts";
import { judgeSweep } from "./judge-sweep.ts";
import { type LowerBounds, lowerBounds } from "./lower-bounds.ts";
import { numberCloud } from "./numbered-cloud.ts";
import { numberPlan } from "./numbered-plan.ts";
import { complaints, type PlanViolation } from "./violation.ts";

export interface PlanCheck {
  /** Empty when the plan holds. By time; those about no moment first. */
  readonly violations: readonly PlanViolation[];
  readonly summary: PlanSummary;
}

export interface PlanSummary {
  readonly hosts: number;
  readonly blocked: number;
  readonly moves: number;
  readonly instances: number;
  /** Moves per instance that was on a planned host; null when there was none. */
  readonly moves_per_instance: number | null;
  readonly makespan_seconds: number;
  /** As computed here, not as the plan says. */
  readonly lower_bound: LowerBounds;
  readonly ratio: number | null;
  readonly ratio_closed: number | null;
}

/** Both must have passed their schemas: what is checked is what they mean. */
export function check(snapshot: CloudSnapshot, plan: Plan): PlanCheck {
  const { violations, complain } = complaints();
  const cloud = numberCloud(snapshot);
  const numbered = numberPlan(plan, cloud, complain);
  const bounds = lowerBounds(cloud, numbered);
  judgeClaims(snapshot, plan, bounds, complain);
  judgeEachAlone(cloud, numbered, complain);
  judgeSweep(cloud, numbered, complain);
  const planned = new Set(plan.hosts.map(({ host }) => host));
  const leaving = snapshot.instances.filter(({ host }) => planned.has(host)).length;
  const makespan = plan.makespan_seconds;
  const closed = Math.max(bounds.best, bounds.capacity_time_closed);
  return {
    violations: violations.toSorted((a, b) => (a.second ?? -1) - (b.second ?? -1)),
    summary: {
      hosts: plan.hosts.length,
      blocked: plan.blocked.length,
      moves: plan.moves.length,
      instances: snapshot.instances.length,
      moves_per_instance: leaving === 0 ? null : plan.moves.length / leaving,
      makespan_seconds: makespan,
      lower_bound: bounds,
      ratio: bounds.best === 0 ? null : makespan / bounds.best,
      ratio_closed: closed === 0 ? null : makespan / closed,
    },
  };
}
