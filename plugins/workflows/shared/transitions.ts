import type { NextOf, Step } from "#sdk";

/**
 * The whole graph. START_MAINTENANCE is the hub: it maintains what is empty and decides what is emptied next. The
 * failed state can be reached from everywhere; a session continued after a failure is put into any of the others.
 */
export const transitions = {
  /** Ask every project whether maintenance may begin; `pre` actions when the time has come. */
  MAINTENANCE: ["SCALE_IN", "PREPARE_MAINTENANCE", "START_MAINTENANCE"],
  /** Ask the projects to make room, since no host can be emptied. */
  SCALE_IN: ["SCALE_IN", "PREPARE_MAINTENANCE", "PLANNED_MAINTENANCE", "START_MAINTENANCE"],
  /** Empty a host into any others, those still to be maintained too: some instances will move again. */
  PREPARE_MAINTENANCE: ["START_MAINTENANCE", "SCALE_IN"],
  /** Maintain controllers, other hosts and every empty compute host, one at a time; with several hosts at once, no computes. */
  START_MAINTENANCE: ["PLANNED_MAINTENANCE", "PREPARE_MAINTENANCE", "SCALE_IN", "MAINTENANCE_COMPLETE"],
  /** Empty a host into hosts that its instances need not leave again; or roll over several hosts at once, to their end. */
  PLANNED_MAINTENANCE: ["START_MAINTENANCE", "SCALE_IN"],
  /** Open what is closed, `post` actions, and tell the projects that they may scale out again. */
  MAINTENANCE_COMPLETE: ["START_MAINTENANCE", "MAINTENANCE_DONE"],
  MAINTENANCE_DONE: [],
  MAINTENANCE_FAILED: [],
} as const satisfies Record<string, readonly string[]>;

export type State = keyof typeof transitions;

/** The step of one state: it can enter only what its row of the table names. */
export type StepOf<S extends State> = Step<State, NextOf<typeof transitions, S>>;
