import { unreachable } from "../domain/plugin.ts";
import type { Step, Workflow } from "../domain/workflow.ts";

/** The states that may follow `State` by a table of transitions. */
export type NextOf<Table extends Record<string, readonly string[]>, State extends keyof Table> = Table[State][number];

/**
 * Defines a workflow. A step that enters a state outside its row of the table, or a state without a step, does not
 * compile. Throws when a state can never be reached, which the compiler cannot see.
 */
export function defineWorkflow<const Table extends Record<string, readonly (keyof Table & string)[]>>(definition: {
  readonly name: string;
  readonly initial: keyof Table & string;
  readonly failed: keyof Table & string;
  /** `named`: a session has to name its hosts, since all hosts of the cloud can never be meant. */
  readonly hosts?: "named";
  readonly transitions: Table;
  readonly steps: { readonly [State in keyof Table & string]: Step<keyof Table & string, NextOf<Table, State>> };
}): Workflow {
  const { name, initial, failed, transitions } = definition;
  const stray = unreachable(transitions, [initial, failed]);
  if (stray.length > 0) throw new Error(`workflow ${name}: no way leads to ${stray.join(", ")}`);
  return definition;
}
