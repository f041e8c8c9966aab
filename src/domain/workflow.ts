/** What a workflow is: states, the transitions between them, and one pure step for each state. */
import type { Decision } from "./decision.ts";
import type { View } from "./view.ts";

/** Decides what is missing now. Pure: the same view gives the same decision. */
export type Step<State extends string, Next extends State = State> = (view: View) => Decision<Next>;

/** For each state, where it may lead. The failed state can be reached from everywhere and is not listed. */
export type Transitions<State extends string> = Readonly<Record<State, readonly State[]>>;

export interface Workflow<State extends string = string> {
  readonly name: string;
  readonly initial: State;
  /** Where a failed session goes; its step brings what is under way to a safe end and opens the hosts. */
  readonly failed: State;
  /** `named`: a session has to name its hosts, since all hosts of the cloud can never be meant. */
  readonly hosts?: "named";
  readonly transitions: Transitions<State>;
  readonly steps: Readonly<Record<State, Step<State>>>;
}
