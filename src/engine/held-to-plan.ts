/** A session that goes by a plan begins only while the cloud is as the plan knew it. */
import { type Decision, fail } from "../domain/decision.ts";
import type { EffectKind } from "../domain/effect.ts";
import type { View } from "../domain/view.ts";
import { type Drift, driftBetween, driftInWords } from "../planner/drift.ts";
import { snapshotOf } from "../planner/live-snapshot.ts";
import type { OpenSession } from "../ports/sessions.ts";

const ADVICE =
  "Make a new plan and a session by it; or continue this session, which then takes the cloud as it is and decides by fresh looks.";

/**
 * The decision; or a failure that says what changed, when it would begin by a plan that does not fit any more. Only the
 * first entry is held to the plan: an operator who continues the session afterwards has seen what changed.
 */
export async function heldToPlan(
  view: View,
  decision: Decision,
  plannedCloud: OpenSession["plannedCloud"],
): Promise<Decision> {
  const { planDigest, options } = view.session;
  if (planDigest === null || view.entry.number > 1 || !begins(view, decision)) return decision;
  const cloud = await plannedCloud();
  if (cloud === null) return fail(`the plan ${planDigest} is not kept any more`, ADVICE);
  if (view.facts === null) return fail("no look at the cloud tells whether it is as it was planned", ADVICE);
  const drift = driftBetween(cloud, snapshotOf(view.facts));
  return drift.share > options.plan_tolerance ? fail(tooFar(drift, options.plan_tolerance), ADVICE) : decision;
}

/** Whatever may be done before: looks, questions, and hosts that are left out. */
const HARMLESS: ReadonlySet<EffectKind> = new Set(["observe", "ask", "tell_moved", "mark_host"]);

function begins(view: View, decision: Decision): boolean {
  // `pre` actions may change the cloud as they mean to, so once one has begun the cloud is not compared again.
  if (view.effectsOf("run_action").length > 0) return false;
  switch (decision.kind) {
    case "enter":
      return true;
    case "perform":
      return decision.effects.some(({ kind }) => !HARMLESS.has(kind));
    case "wait":
    case "fail":
    case "end":
      return false;
  }
}

function tooFar(drift: Drift, tolerance: number): string {
  const percent = (share: number) => `${Number((100 * share).toFixed(1))} %`;
  return `the cloud has changed by ${percent(drift.share)} since it was planned, and ${percent(tolerance)} are tolerated: ${driftInWords(drift)}`;
}
