/** What the checker finds wrong with a plan. */

/** Rules 1 to 7 of the plan format are split by what they say; the last row are the plan's claims about itself. */
export const planRules = [
  ...["capacity", "reserve"],
  ...["closed", "empty", "action_time", "drain_declared"],
  ...["outbound", "inbound"],
  ...["impacted"],
  ...["anti_affinity"],
  ...["lead", "move_time"],
  ...["hosts_at_once", "zone_hosts_at_once", "moves_at_once", "window", "destination", "place"],
  ...["digest", "makespan", "bounds", "ratio", "feasible", "session", "waves", "objective", "scale_in"],
] as const;
export type PlanRule = (typeof planRules)[number];

export interface PlanViolation {
  readonly rule: PlanRule;
  /** Seconds from the start of the plan; null where the rule is about no moment. */
  readonly second: number | null;
  readonly host: string | null;
  readonly instance: string | null;
  readonly group: string | null;
  /** One sentence. */
  readonly text: string;
}

type About = Partial<Pick<PlanViolation, "host" | "instance" | "group">>;

export type Complain = (rule: PlanRule, second: number | null, about: About, text: string) => void;

/** Collects violations. */
export function complaints(): { readonly violations: PlanViolation[]; readonly complain: Complain } {
  const violations: PlanViolation[] = [];
  const complain: Complain = (rule, second, { host = null, instance = null, group = null }, text) =>
    void violations.push({ rule, second, host, instance, group, text });
  return { violations, complain };
}
