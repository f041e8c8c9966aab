/** What a manager is asked in a rehearsal, and what it says to that. */
import type { InstanceId } from "../domain/ids.ts";
import type { AskedState } from "../domain/question.ts";
import type { Resources } from "../domain/resources.ts";
import type { InstanceAction } from "../domain/session.ts";
import type { ProjectReply } from "../wire/project-reply.ts";

/** A question; replies are added while its rehearsal goes on. */
export interface Asked {
  readonly state: AskedState;
  readonly instances: readonly InstanceId[];
  /** The one instance it is about, which has a link of its own; null: it is answered for the project as a whole. */
  readonly instance: InstanceId | null;
  readonly allowedActions: readonly InstanceAction[];
  /** Where to reply: no other question has the same. */
  readonly link: string;
  /** What must become free; only with SCALE_IN. */
  readonly missing: Resources | null;
  /** So many replies are answered 503 before one is kept. */
  readonly failures: number;
  readonly askedAt: Date;
  readonly replyBy: Date;
  /** Oldest first. */
  readonly replies: Heard[];
}

export interface Heard {
  readonly at: Date;
  readonly said: ProjectReply;
  readonly became: Outcome;
}

/** What the rehearsal's Fenix did with a reply. */
export type Outcome =
  /** Answered 200; whether it has an effect is another matter. */
  | "kept"
  /** Answered 503, as a Fenix does that cannot reach its database. */
  | "failed"
  /** Answered 422: it was not fit for the question. */
  | "refused"
  /** Answered 200 and overlooked: it answers something else. */
  | "overlooked";

export type FaultKind =
  | "not_taken"
  | "silent"
  | "unfit"
  | "wrong_link"
  | "out_of_turn"
  | "instance_forgotten"
  | "action_not_offered"
  | "contradicts_itself"
  | "gave_up"
  /** It took what Fenix had not signed, or had signed long ago. */
  | "forgery_taken";

/** One thing that the manager got wrong. */
export interface Fault {
  readonly kind: FaultKind;
  /** For its author: what it did, and what was expected. */
  readonly text: string;
}

/** A question in few words. */
export const named = ({ state, instance }: Pick<Asked, "state" | "instance">): string =>
  instance === null ? state : `${state} for ${instance}`;
