/**
 * Effects: what a session does to the world. A step names them, the engine records them, workers perform them.
 * The key of an effect (session, entry, kind, subject) is stable, so naming it again asks for nothing new.
 */
import type { Occupants } from "./cloud.ts";
import type { GroupId, HostName, InstanceId, PluginName, ProjectId } from "./ids.ts";
import type { Question } from "./question.ts";
import type { ActionPhase, Closure, HostStatus, MoveKind } from "./session.ts";

/** Look at the whole cloud. `occasion` says for what; another occasion makes another look. */
export interface Observe {
  readonly kind: "observe";
  readonly occasion: string;
}

/** Keep new instances away from a compute host. */
export interface CloseHost {
  readonly kind: "close_host";
  readonly host: HostName;
}

/**
 * Let a compute host take instances again, if it was this session that closed it. With `adopt`, also if the cloud itself
 * keeps it closed because it is new.
 */
export interface OpenHost {
  readonly kind: "open_host";
  readonly host: HostName;
  readonly adopt?: true;
}

/** Take a closed and empty compute host out of the cloud: its compute service is deleted. */
export interface RemoveHost {
  readonly kind: "remove_host";
  readonly host: HostName;
}

/**
 * See whether a closed host is empty, by Nova and by Placement. `look` counts the looks of one entry. With `heal`, what
 * Placement still books there for instances that are certainly elsewhere is put right first.
 */
export interface CheckEmpty {
  readonly kind: "check_empty";
  readonly host: HostName;
  readonly look: number;
  readonly heal?: true;
}

/** Move one instance off its host and bring it to rest there. */
export interface MoveInstance {
  readonly kind: "move_instance";
  readonly instance: InstanceId;
  readonly from: HostName;
  /** Null leaves the choice to the cloud's scheduler. */
  readonly to: HostName | null;
  readonly how: MoveKind;
  /** 1 for the first try. */
  readonly attempt: number;
  /** Of a live move whose manager limits it. */
  readonly limit?: LiveLimit;
}

/** How long a live move may copy, and what is done to one that takes longer. */
export interface LiveLimit {
  readonly seconds: number;
  readonly beyond: "abort" | "force_complete";
}

/** Run one host action on a host (or on LOCALHOST for `pre` and `post`). */
export interface RunAction {
  readonly kind: "run_action";
  readonly plugin: PluginName;
  readonly phase: ActionPhase;
  readonly host: HostName;
  /** Position in the session's list of actions: the same plugin may be asked for twice. */
  readonly index: number;
}

/** Ask a project. Recorded at once: the question stands from the moment of the decision. */
export interface Ask {
  readonly kind: "ask";
  readonly question: Question;
}

/** Tell a project that its instance has been moved (INSTANCE_ACTION_DONE). No reply is expected. */
export interface TellMoved {
  readonly kind: "tell_moved";
  readonly project: ProjectId;
  readonly instance: InstanceId;
  /** Of the move that it tells of: an instance may move more than once in an entry. */
  readonly attempt: number;
}

/**
 * Keep that a project has done its own action: its instance is gone from its host, and counts as impacted until it has
 * recovered (invariant I2), in every session.
 */
export interface NoteOwnAction {
  readonly kind: "note_own_action";
  readonly project: ProjectId;
  readonly instance: InstanceId;
  /** Of the question to which the project promised it: an instance may be asked about more than once in an entry. */
  readonly round: number;
  /** The declared group in which it recovers, as it was at that moment: managers remove what they declared of the old one. */
  readonly group: GroupId | null;
  /** The instance that took its place, where that is known. */
  readonly replacement: InstanceId | null;
}

/** Set where a host stands. What infrastructure services hear of it (`maintenance.host`) is announced by this. */
export interface MarkHost {
  readonly kind: "mark_host";
  readonly host: HostName;
  readonly status: HostStatus;
}

export type Effect =
  | Observe
  | CloseHost
  | OpenHost
  | RemoveHost
  | CheckEmpty
  | MoveInstance
  | RunAction
  | Ask
  | TellMoved
  | NoteOwnAction
  | MarkHost;
export type EffectKind = Effect["kind"];
export type EffectOf<K extends EffectKind> = Extract<Effect, { kind: K }>;

/** Effects that a worker performs on the outside world; the others are done by being recorded. */
export const performedKinds = [
  "observe",
  "close_host",
  "open_host",
  "remove_host",
  "check_empty",
  "move_instance",
  "run_action",
] as const satisfies readonly EffectKind[];
export type PerformedKind = (typeof performedKinds)[number];
export type PerformedEffect = EffectOf<PerformedKind>;

export const isPerformed = (effect: Effect): effect is PerformedEffect =>
  (performedKinds as readonly EffectKind[]).includes(effect.kind);

/** What a performed effect tells back when it succeeded. The facts of `observe` are kept with the session. */
export interface Outcomes {
  observe: null;
  close_host: { readonly closure: Closure };
  /** `left_closed` names why a host stays closed although the session is done with it. */
  open_host: { readonly closure: Closure; readonly leftClosed: string | null };
  remove_host: null;
  check_empty: Occupants;
  /** `host` is where the instance is now: null when it is gone. */
  move_instance: {
    readonly host: HostName | null;
    readonly seconds: number;
    /** It copied for longer than its limit and was broken off: the instance is where it was, and well. */
    readonly overtime?: true;
  };
  run_action: { readonly output: string };
}

/** What distinguishes effects of one kind within an entry. */
export function subjectOf(effect: Effect): string {
  switch (effect.kind) {
    case "observe":
      return effect.occasion;
    case "close_host":
    case "open_host":
    case "remove_host":
      return effect.host;
    case "check_empty":
      return `${effect.host}#${effect.look}`;
    case "run_action":
      return `${effect.host}/${effect.index}`;
    case "ask":
      return `${effect.question.project}#${effect.question.round}`;
    case "move_instance":
    case "tell_moved":
      return `${effect.instance}#${effect.attempt}`;
    case "note_own_action":
      return `${effect.instance}#${effect.round}`;
    case "mark_host":
      return `${effect.host}/${effect.status.kind}`;
  }
}

/**
 * Where an effect stands. `unknown` is the honest end of an action that may or may not have happened: a worker died
 * while it ran, and the action declared that it must not be run again blindly (invariant I3).
 */
export type EffectStatus<K extends EffectKind = EffectKind> =
  | { readonly kind: "pending"; readonly lastError: string | null }
  | { readonly kind: "running"; readonly since: Date }
  | { readonly kind: "done"; readonly at: Date; readonly outcome: K extends PerformedKind ? Outcomes[K] : null }
  | { readonly kind: "failed"; readonly at: Date; readonly reason: string }
  | { readonly kind: "unknown"; readonly at: Date; readonly reason: string }
  | { readonly kind: "cancelled"; readonly at: Date };

export interface EffectRecord<K extends EffectKind = EffectKind> {
  readonly effect: EffectOf<K>;
  readonly status: EffectStatus<K>;
  readonly recordedAt: Date;
}

/** Of any kind of effect: only the kind of the status counts. */
export const isUnderWay = ({ status }: { readonly status: { readonly kind: EffectStatus["kind"] } }): boolean =>
  status.kind === "pending" || status.kind === "running";
