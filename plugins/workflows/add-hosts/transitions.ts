import type { NextOf, Step } from "#sdk";

/** Nobody is asked, since nobody's instances are on a new host. */
export const transitions = {
  /** Wait for the time; `pre` actions. */
  MAINTENANCE: ["START_MAINTENANCE"],
  /** Prepare the hosts, one at a time or several, and open each that is ready. */
  START_MAINTENANCE: ["MAINTENANCE_COMPLETE"],
  /** `post` actions. */
  MAINTENANCE_COMPLETE: ["START_MAINTENANCE", "MAINTENANCE_DONE"],
  MAINTENANCE_DONE: [],
  MAINTENANCE_FAILED: [],
} as const satisfies Record<string, readonly string[]>;

type State = keyof typeof transitions;

/** The step of one state: it can enter only what its row of the table names. */
export type StepOf<S extends State> = Step<State, NextOf<typeof transitions, S>>;
