/** Where sessions live. Everything that is told as done here is durable. */
import type { HostName, InstanceId, ProjectId, SessionId } from "../domain/ids.ts";
import type { KnownHost } from "../domain/cloud.ts";
import type { Effect } from "../domain/effect.ts";
import type { JournalEntry } from "../domain/journal.ts";
import type { Notification } from "../domain/notification.ts";
import type { AskedQuestion, AskedState, Question, Receipt, Reply } from "../domain/question.ts";
import type { Failure, HostStatus, Report, Session } from "../domain/session.ts";
import type { Snapshot } from "../domain/view.ts";
import type { Pace } from "../planner/eta/pace.ts";
import type { CloudSnapshot } from "../planner/format/snapshot.ts";
import type { ReceiverId, EffectId } from "./effects.ts";

export interface Sessions {
  /**
   * Stores a new session in its first state, due at once, and claims its hosts, in one transaction.
   * Throws `Problem("TOO_MANY_SESSIONS")` when `maxSessions` are not ended yet, and `Problem("HOST_HELD")` naming the
   * hosts that another session that has not ended holds.
   */
  create(created: NewSession, limits: { readonly maxSessions: number }): Promise<void>;

  /**
   * Runs `turn` with the session's row locked, so that a session takes one decision at a time, and commits what it
   * records. Does nothing and answers false when another worker has the row, when the session is not due at `now`, or
   * when it has ended. A throw rolls back.
   */
  inTurn(id: SessionId, now: Date, turn: (open: OpenSession) => Promise<void>): Promise<boolean>;

  /** The newest question at this place, whatever its state; null when none was asked. Undefined: no such session, or the project is not in it. */
  latestQuestion(id: SessionId, place: ReplyPlace): Promise<AskedQuestion | null | undefined>;

  /** Of each instance of the project that was ever asked about by itself, the newest question; by instance. */
  latestAboutInstances(id: SessionId, project: ProjectId): Promise<readonly AskedQuestion[]>;

  /**
   * Records a reply to the newest question at this place, judged again under the session's lock by `judge` (a pure
   * rule of the domain); a reply that has an effect makes the session due. Writes one journal entry in every case.
   * Undefined: no such session, or the project is not in it.
   */
  reply(
    id: SessionId,
    place: ReplyPlace,
    reply: GivenReply,
    judge: (newest: AskedQuestion | null, got: GivenReply, now: Date, begun: boolean) => Receipt,
  ): Promise<Receipt | undefined>;

  /**
   * Puts a failed, ended session into `state` again (null: the state in which it failed): clears the failure, claims
   * its hosts again, due at once. Hosts that failed or were skipped wait again. Throws `Problem("NOT_FAILED")`,
   * `Problem("HOST_HELD")`. False: no such session.
   */
  resume(id: SessionId, state: string | null, now: Date): Promise<{ readonly state: string } | false>;

  /** Hides the session and makes it due, to be wound up by the engine. False: no such session. */
  remove(id: SessionId, now: Date): Promise<boolean>;
}

export interface NewSession {
  readonly session: Session;
  readonly initialState: string;
  /** Null when the cloud did not answer at creation: the first look finds them. */
  readonly hosts: readonly KnownHost[] | null;
  /** As the admin gave them; empty means all of the cloud. Kept for the first look when `hosts` is null. */
  readonly requestedHosts: readonly HostName[];
  readonly at: Date;
}

/** Where a reply comes in: at a project's link, or at that of one of its instances. */
export interface ReplyPlace {
  readonly project: ProjectId;
  /** Null: the questions that are answered for the project as a whole. */
  readonly instance: InstanceId | null;
}

/** A reply as it came, before it is judged. */
export interface GivenReply extends Reply {
  readonly state: string;
  /** The asked state that the reply names (`ACK_SCALE_IN` → SCALE_IN); null when it names none. */
  readonly answers: AskedState | null;
}

export interface OpenSession {
  snapshot(): Promise<Snapshot>;
  /** The cloud that the session's plan was made for; null when it has no plan, or the plan is not kept any more. */
  plannedCloud(): Promise<CloudSnapshot | null>;
  /** How fast it has gone so far. */
  pace(): Promise<Pace>;
  /** True when the admin deleted the session: it is to be wound up. */
  readonly removed: boolean;
  /** Writes the changes of one turn; commits when the turn ends. */
  record(changes: Changes): Promise<Recorded>;
}

/** What workers can begin with once the turn is committed. */
export interface Recorded {
  readonly effects: readonly EffectId[];
  /** Those for whom there is something new. */
  readonly receivers: readonly ReceiverId[];
}

/** Everything that one decision changes. */
export interface Changes {
  readonly at: Date;
  /** A new entry of a state. */
  readonly enter: { readonly state: string } | null;
  readonly failure: Failure | null;
  /** Pending effects are cancelled; running ones go on to their end. */
  readonly cancelPending: boolean;
  readonly effects: readonly RecordedEffect[];
  readonly questions: readonly Question[];
  readonly notifications: readonly Notification[];
  readonly hosts: readonly { readonly host: HostName; readonly status: HostStatus }[];
  /** What the session waits for, shown to people; null when it does not wait. */
  readonly waiting: { readonly for: string; readonly until: Date } | null;
  /** When the session is due again; null only when it has ended. */
  readonly wakeAt: Date | null;
  /** Set when the session has ended: its hosts are released. */
  readonly ended: Report | null;
  readonly journal: readonly JournalEntry[];
}

/** An effect of a decision: to be performed, or done by being recorded. One whose key exists already is left as it is. */
export interface RecordedEffect {
  readonly effect: Effect;
  readonly performed: boolean;
}
