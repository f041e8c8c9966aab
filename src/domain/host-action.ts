/** What a host action is: the plugin run before, on or after the hosts. */
import type { z } from "zod";
import type { HostName, SessionId } from "./ids.ts";
import type { ActionPhase } from "./session.ts";

/** What may be done when a worker died while the action ran. Undeclared means at-most-once (invariant I3). */
export type Rerun = "idempotent" | "detectable" | "at-most-once";

/** What an action gets when it runs. */
export interface ActionContext<Metadata> {
  readonly session: SessionId;
  readonly host: HostName;
  readonly phase: ActionPhase;
  /** The action's metadata after its own schema. */
  readonly metadata: Metadata;
  /** The session's metadata, as told to the projects. */
  readonly sessionMetadata: Readonly<Record<string, unknown>>;
  /** The same for every try of this visit: an endpoint can use it to recognise a repetition. */
  readonly key: string;
  /** 1 for the first try. */
  readonly attempt: number;
  /** Appends to the output that is kept and shown. The first and last 32 KiB are kept. */
  readonly log: (text: string) => void;
  /** Aborted at the time limit, when the worker shuts down, and when the worker lost the effect to another. */
  readonly signal: AbortSignal;
}

export interface HostAction<Metadata = unknown> {
  readonly name: string;
  readonly phases: readonly ActionPhase[];
  readonly metadata: z.ZodType<Metadata>;
  /** A function where it depends on what the admin asked for. */
  readonly rerun: Rerun | ((metadata: Metadata) => Rerun);
  /** Longest time for one run, in seconds. */
  readonly timeoutSeconds: (metadata: Metadata) => number;
  /** Whether the work is already done on this host. Required where `rerun` is `detectable`. */
  readonly isDone?: (context: ActionContext<Metadata>) => Promise<boolean>;
  /** Does the work; throwing means it failed, and the message is shown to the operator. */
  readonly run: (context: ActionContext<Metadata>) => Promise<void>;
}
