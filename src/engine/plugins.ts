/** The registry of workflows and host actions, and what it checks before a session may use them. */
import type { HostAction } from "../domain/host-action.ts";
import type { PluginName } from "../domain/ids.ts";
import { brokenPromise, type Fault, faultsOfIssue } from "../domain/plugin.ts";
import type { ActionPhase } from "../domain/session.ts";
import type { Workflow } from "../domain/workflow.ts";
import type { Plugins } from "../ports/plugins.ts";
import { Problem } from "../problems.ts";

/** The registry of plugins that are at hand as values. */
export function pluginsOf(given: {
  readonly workflows: readonly Workflow[];
  readonly hostActions: readonly HostAction[];
}): Plugins {
  const workflows = new Map<string, Workflow>(given.workflows.map((workflow) => [workflow.name, workflow]));
  const hostActions = new Map<string, HostAction>(given.hostActions.map((action) => [action.name, action]));
  return {
    workflow: (name) => workflows.get(name),
    hostAction: (name) => hostActions.get(name),
    names: () => ({ workflows: [...workflows.keys()].toSorted(), hostActions: [...hostActions.keys()].toSorted() }),
  };
}

/** A host action as it is asked for, before anything is known of it. */
interface AskedAction {
  readonly plugin: PluginName;
  readonly phase: ActionPhase;
  /** Left out means `{}`: the published samples of the original Fenix leave it out (reference §7.1, B03). */
  readonly metadata?: unknown;
}

/**
 * Checks one requested action when the session is created, so that a typing error costs a 4xx and not a failed host
 * at night. Answers its metadata after the action's own schema, defaults filled in. `at` is where the action stands in
 * the request, such as `actions[0]`.
 */
export function checkAction(plugins: Plugins, { plugin, phase, metadata }: AskedAction, at: string): unknown {
  const action = plugins.hostAction(plugin);
  if (!action) {
    const known = plugins.names().hostActions.join(", ");
    throw new Problem("ACTION_UNKNOWN", `"${plugin}" is none of ${known}`, { field: `${at}.plugin` });
  }
  if (!action.phases.includes(phase)) {
    const phases = action.phases.join(", ");
    throw new Problem("ACTION_PHASE_UNSUPPORTED", `${plugin} runs as ${phases}, not as ${phase}`, {
      field: `${at}.type`,
    });
  }
  const parsed = action.metadata.safeParse(metadata ?? {});
  if (!parsed.success) throw notFitting(parsed.error.issues.flatMap(faultsOfIssue), `${at}.metadata`);
  const broken = brokenPromise(action, parsed.data);
  if (broken !== null) throw new Error(`host action ${plugin} is broken: ${broken}`);
  return parsed.data;
}

function notFitting(faults: readonly Fault[], at: string): Problem {
  const named = faults.map(({ field, message }) => ({ field: within(at, field), message }));
  const detail = named.map(({ field, message }) => `${field}: ${message}`).join("; ");
  return new Problem("BODY_INVALID", detail, { field: named[0]?.field ?? at });
}

const within = (at: string, field: string): string =>
  field === "" || field.startsWith("[") ? at + field : `${at}.${field}`;
