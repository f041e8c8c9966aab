/** Questions to projects and what comes back (reference §3.3, §4.4). */
import type { GroupId, InstanceId, ProjectId } from "./ids.ts";
import type { Resources } from "./resources.ts";
import type { InstanceAction } from "./session.ts";

/** The states in which a project is asked. */
export const askedStates = [
  "MAINTENANCE",
  "SCALE_IN",
  "PREPARE_MAINTENANCE",
  "PLANNED_MAINTENANCE",
  "MAINTENANCE_COMPLETE",
] as const;
export type AskedState = (typeof askedStates)[number];

/** A question belongs to one entry of a state, so a second SCALE_IN round starts with no replies. */
export interface Question {
  readonly project: ProjectId;
  readonly state: AskedState;
  /** 1 for the first question to this project in this entry; instances that appear later are asked for in a next one. */
  readonly round: number;
  /** The affected instances; the list does not change while the question stands. */
  readonly instances: readonly InstanceId[];
  /** The one instance it is about, which has a link of its own; null where it is answered for the project as a whole. */
  readonly instance: InstanceId | null;
  readonly allowedActions: readonly InstanceAction[];
  /** A reply after this moment has no effect. */
  readonly replyBy: Date;
  /** When the announced thing begins. */
  readonly actionsAt: Date;
  /** Only with SCALE_IN: what must become free so that one host can be emptied. */
  readonly missing: Resources | null;
  /** Only with SCALE_IN: the members of this project that would make the room; absent where that is not known. */
  readonly members?: readonly MembersWanted[];
}

/** So many instances of one group and of one size. */
export interface MembersWanted {
  readonly instances: number;
  /** Null: of no group. */
  readonly group: GroupId | null;
  /** What one of them takes. */
  readonly demand: Resources;
}

export interface Reply {
  readonly answer: "ACK" | "NACK";
  /** What shall be done to each instance of the question. Empty where no actions were offered. */
  readonly actions: ReadonlyMap<InstanceId, InstanceAction>;
  /** Why not, in the project's words. */
  readonly reason: string | null;
  /** Only with NACK: when the project wants to be asked again. */
  readonly retryAt: Date | null;
  readonly at: Date;
}

/** A question with its reply, if there is one yet. */
export interface AskedQuestion extends Question {
  readonly reply: Reply | null;
}

/** What became of a reply. All of them are answered 200: late and repeated replies must never hurt (invariant I6). */
export type Receipt =
  | { readonly kind: "recorded" }
  /** It takes the place of the reply before: the project changed its mind, and nothing had begun. */
  | { readonly kind: "changed" }
  | { readonly kind: "already_recorded" }
  | { readonly kind: "too_late"; readonly replyBy: Date }
  | { readonly kind: "out_of_turn"; readonly expected: AskedState | null; readonly got: string };

/** How the projects answered one question. A project is in exactly one of the lists. */
export interface Answers {
  readonly agreed: readonly ProjectId[];
  readonly refused: readonly {
    readonly project: ProjectId;
    /** The one instance that the no was about; null where it was said for the project as a whole. */
    readonly instance: InstanceId | null;
    readonly reason: string | null;
  }[];
  readonly silent: readonly ProjectId[];
  /** Their reply window is open. */
  readonly missing: readonly ProjectId[];
  /** The latest end of the open reply windows; null when none is open. */
  readonly deadline: Date | null;
}
