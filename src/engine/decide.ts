/**
 * Asks the workflow and holds it to its word. A session outlives releases, and plugins are written by strangers, so
 * nothing that a step answers is believed: a forbidden transition, a throw or a step that gets nowhere fails the
 * session with a reason instead of spinning.
 */
import { type Decision, enter, fail, wait } from "../domain/decision.ts";
import { isUnderWay, subjectOf } from "../domain/effect.ts";
import type { View } from "../domain/view.ts";
import { windUp } from "../domain/wind-up.ts";
import type { Workflow } from "../domain/workflow.ts";

/** The state of a session that the admin deleted, while it is being wound up. No workflow knows it. */
export const REMOVED = "MAINTENANCE_REMOVED";

/** How long to wait before a plugin that is not installed is looked for again: operators need minutes. */
const MISSING_PLUGIN_MS = 60_000;

export function decide(view: View, workflow: Workflow | undefined, removed: boolean): Decision {
  const { state } = view.entry;
  if (removed) return state === REMOVED ? windUp(view) : enter(REMOVED, "deleted by the admin");
  if (!workflow)
    return wait(
      `the workflow ${view.session.workflow} to be installed`,
      new Date(view.now.getTime() + MISSING_PLUGIN_MS),
    );
  if (state === workflow.failed) return decideFailed(view, workflow);
  const decision = ask(view, workflow);
  return complaint(view, decision, workflow) ?? decision;
}

/** A failed session always comes to its end, even where the workflow's own last step is broken. */
function decideFailed(view: View, workflow: Workflow): Decision {
  const decision = ask(view, workflow);
  return decision.kind === "fail" || decision.kind === "enter" || complaint(view, decision, workflow)
    ? windUp(view)
    : decision;
}

function ask(view: View, workflow: Workflow): Decision {
  const { state } = view.entry;
  const step = workflow.steps[state];
  if (!step) return broken(workflow, `has no step for ${state}`);
  try {
    return step(view);
  } catch (error) {
    return broken(workflow, `threw in ${state}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function complaint(view: View, decision: Decision, workflow: Workflow): Decision | null {
  const { state } = view.entry;
  switch (decision.kind) {
    case "enter":
      if (decision.state === workflow.failed || workflow.transitions[state]?.includes(decision.state)) return null;
      return broken(workflow, `wanted to go from ${state} to ${decision.state}, which its transitions do not allow`);
    case "perform":
      if (decision.effects.some((effect) => !view.effect(effect.kind, subjectOf(effect)))) return null;
      return broken(workflow, `asked for nothing new in ${state} (${decision.why})`);
    case "wait":
      if (decision.until > view.now || view.underWay.some(isUnderWay)) return null;
      return broken(workflow, `wanted to wait in ${state} until a moment that has passed (${decision.for})`);
    case "end":
      if (view.underWay.length === 0) return null;
      return broken(workflow, `wanted to end in ${state} while effects are under way`);
    case "fail":
      return null;
  }
}

const broken = (workflow: Workflow, what: string): Decision =>
  fail(
    `the workflow ${workflow.name} ${what}`,
    "This is a defect of the workflow: report it, and continue the session with a corrected one.",
  );
