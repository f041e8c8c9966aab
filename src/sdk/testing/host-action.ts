/** Runs host actions as a worker would, and holds them to what they declare. */
import { isDeepStrictEqual } from "node:util";
import type { ActionContext, HostAction } from "../../domain/host-action.ts";
import { HostName, SessionId } from "../../domain/ids.ts";
import { brokenPromise, faultsOfIssue, hostActionFaults, rerunOf } from "../../domain/plugin.ts";
import type { ActionPhase } from "../../domain/session.ts";
import { withinSeconds } from "../time.ts";
import { type Case, expected, inLines } from "./case.ts";

/** What a run is given; what is left out gets a harmless value. */
export interface Given {
  /** As an admin would write it: before the action's schema. A function is called when the run begins. */
  readonly metadata?: unknown;
  readonly host?: string;
  readonly phase?: ActionPhase;
  readonly sessionMetadata?: Readonly<Record<string, unknown>>;
  readonly key?: string;
  readonly attempt?: number;
  /** Stops the run, as a shutdown would. */
  readonly signal?: AbortSignal;
}

export interface Tested {
  /** Everything that was logged. */
  readonly output: string;
  /** Null when it succeeded. */
  readonly error: Error | null;
}

/** Runs an action once, within its own time limit. Throws only when the metadata does not fit. */
export async function testHostAction(action: HostAction, given: Given = {}): Promise<Tested> {
  let output = "";
  const log = (text: string) => {
    output += text;
  };
  const metadata = parsedMetadata(action, given.metadata);
  const limit = action.timeoutSeconds(metadata);
  const error = await withinSeconds(limit, given.signal ?? never, (signal) =>
    action.run(contextFor(action, { ...given, metadata }, log, signal)),
  ).then(
    () => null,
    (cause: unknown) => (cause instanceof Error ? cause : new Error(String(cause))),
  );
  return { output, error };
}

/** Asks a detectable action whether its work is done. */
export async function isActionDone(action: HostAction, given: Given = {}): Promise<boolean> {
  if (!action.isDone) throw new Error(`${action.name} has no isDone`);
  const metadata = parsedMetadata(action, given.metadata);
  return action.isDone(contextFor(action, { ...given, metadata }, () => undefined, given.signal ?? never));
}

/** The signal of a run that nobody stops. */
const never = new AbortController().signal;

/** An example of how the action is used. It is really run, more than once. */
export interface Example extends Given {
  readonly name: string;
  /** What the action changed in the world, read after each run: where given, a second run must not change it. */
  readonly world?: () => Promise<unknown>;
  /** Brings the world back to where nothing was done. */
  readonly reset?: () => Promise<void>;
}

/**
 * The cases every host action has to pass: the registry takes it, it refuses bad metadata by field, and each example
 * succeeds, keeps the promise of its `rerun`, and ends soon when it is told to stop.
 */
export function hostActionSuite(
  action: HostAction,
  {
    examples,
    refused = [],
  }: {
    readonly examples: readonly Example[];
    /** Metadata that must be refused, with the field that must be named, such as `steps[0].name`. */
    readonly refused?: readonly { readonly metadata: unknown; readonly field: string }[];
  },
): readonly Case[] {
  return [
    { name: "the registry takes it", run: async () => registryTakes(action) },
    ...refused.map(({ metadata, field }) => ({
      name: `${JSON.stringify(metadata)} is refused for ${field === "" ? "not being an object" : field}`,
      run: async () => refusesFor(action, metadata, field),
    })),
    ...examples.flatMap((example) => [
      { name: `${example.name}: may be run as declared`, run: () => keepsItsPromise(action, example) },
      { name: `${example.name}: stops when it is told to`, run: () => stopsInTime(action, example) },
    ]),
  ];
}

function registryTakes(action: HostAction): void {
  const faults = hostActionFaults(action);
  expected(faults.length === 0, inLines(faults));
}

function refusesFor(action: HostAction, metadata: unknown, field: string): void {
  const parsed = action.metadata.safeParse(metadata);
  expected(!parsed.success, `${JSON.stringify(metadata)} was accepted`);
  const named = parsed.error.issues.flatMap(faultsOfIssue);
  expected(
    named.some((fault) => fault.field === field),
    `the fields named were\n${inLines(named)}`,
  );
}

async function keepsItsPromise(action: HostAction, example: Example): Promise<void> {
  await example.reset?.();
  const metadata = parsedMetadata(action, example.metadata);
  const broken = brokenPromise(action, metadata);
  expected(broken === null, String(broken));
  const rerun = rerunOf(action, metadata);
  if (rerun === "detectable")
    expected(!(await isActionDone(action, example)), "isDone says yes before anything was done");
  await succeeds(action, example, "the first run");
  if (rerun === "detectable") expected(await isActionDone(action, example), "isDone says no after the run");
  if (rerun !== "idempotent") return;
  const once = await example.world?.();
  await succeeds(action, { ...example, attempt: 2 }, "the second run");
  expected(isDeepStrictEqual(await example.world?.(), once), "the second run changed the world again");
}

async function succeeds(action: HostAction, given: Given, which: string): Promise<void> {
  const { error, output } = await testHostAction(action, given);
  expected(error === null, `${which} failed: ${error?.message}\n${output}`);
}

/** A worker that shuts down has to wait for its actions: longer than this nobody waits. */
const STOP_MS = 15_000;

async function stopsInTime(action: HostAction, example: Example): Promise<void> {
  await example.reset?.();
  const stop = new AbortController();
  const ended = testHostAction(action, { ...example, signal: stop.signal }).then(() => "ended");
  setImmediate(() => stop.abort(new Error("the worker shuts down")));
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve("late"), STOP_MS);
  });
  const first = await Promise.race([ended, late]);
  clearTimeout(timer);
  expected(first === "ended", `still running ${STOP_MS / 1_000} s after it was told to stop`);
}

/** `given.metadata` is parsed already. */
function contextFor(
  action: HostAction,
  given: Given,
  log: (text: string) => void,
  signal: AbortSignal,
): ActionContext<unknown> {
  return {
    session: SessionId.parse("5d1f5b6e-7a43-4c39-9e0f-6c1b8a2d3e4f"),
    host: HostName.parse(given.host ?? "compute-1"),
    phase: given.phase ?? action.phases[0] ?? "host",
    metadata: given.metadata,
    sessionMetadata: given.sessionMetadata ?? {},
    key: given.key ?? "5d1f5b6e-7a43-4c39-9e0f-6c1b8a2d3e4f/1/compute-1/0",
    attempt: given.attempt ?? 1,
    log,
    signal,
  };
}

function parsedMetadata(action: HostAction, metadata: unknown): unknown {
  const given: unknown = typeof metadata === "function" ? metadata() : metadata;
  const parsed = action.metadata.safeParse(given ?? {});
  if (parsed.success) return parsed.data;
  throw new Error(`the metadata does not fit:\n${inLines(parsed.error.issues.flatMap(faultsOfIssue))}`);
}
