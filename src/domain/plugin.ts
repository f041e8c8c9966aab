/**
 * What a plugin must look like before it is believed. Plugins are written by strangers and may be plain JavaScript, so
 * the registry asks this at start, and authors ask it in their tests.
 */
import { z } from "zod";
import { fieldPath } from "./field-path.ts";
import type { HostAction, Rerun } from "./host-action.ts";
import { PluginName } from "./ids.ts";
import { ActionPhase } from "./session.ts";

/** What is wrong with one field of a plugin. */
export interface Fault {
  readonly field: string;
  readonly message: string;
}

/** What keeps a value from being a host action; empty when it is one. */
export const hostActionFaults = (value: unknown): readonly Fault[] => faultsOf(HostActionShape, value);

/** What keeps a value from being a workflow whose every state can be entered and decided; empty when it is one. */
export function workflowFaults(value: unknown): readonly Fault[] {
  const faults = faultsOf(WorkflowShape, value);
  return faults.length > 0 ? faults : graphFaults(WorkflowShape.parse(value));
}

/** A week; a timer of Node.js ends at once when it is set for more than 24 days. */
const TIMEOUT_MAX_SECONDS = 604_800;

/**
 * What cannot be seen before there is metadata (already parsed here): mistakes of the author, not of the admin. Null
 * when all is well.
 */
export function brokenPromise(action: HostAction, metadata: unknown): string | null {
  if (rerunOf(action, metadata) === "detectable" && !action.isDone)
    return `rerun is "detectable" for this metadata, but there is no isDone`;
  const seconds = action.timeoutSeconds(metadata);
  if (!(seconds > 0 && seconds <= TIMEOUT_MAX_SECONDS)) return `timeoutSeconds is ${seconds} for this metadata`;
  // Metadata is stored as JSON and parsed again when the action runs.
  const stored = JSON.stringify(metadata);
  const again = action.metadata.safeParse(JSON.parse(stored));
  if (!again.success || JSON.stringify(again.data) !== stored)
    return "its metadata schema does not accept what it answers";
  return null;
}

/** What the action promises for this metadata. */
export const rerunOf = ({ rerun }: HostAction, metadata: unknown): Rerun =>
  typeof rerun === "function" ? rerun(metadata) : rerun;

const aFunction = z.custom<(...given: never[]) => unknown>(
  (value) => typeof value === "function",
  "must be a function",
);

/** By its behaviour and not its class: a plugin may bring its own copy of zod. */
const aSchema = z.custom<z.ZodType>(
  (value) =>
    typeof value === "object" && value !== null && "safeParse" in value && typeof value.safeParse === "function",
  "must be a zod schema",
);

// Strict, so that a misspelt `isdone` is an error and not a promise that nobody keeps.
const HostActionShape = z
  .strictObject({
    name: PluginName,
    phases: z.array(ActionPhase).min(1, "must name at least one phase"),
    metadata: aSchema,
    rerun: z.union([z.enum(["idempotent", "detectable", "at-most-once"]), aFunction], {
      error: 'must be "idempotent", "detectable", "at-most-once" or a function of the metadata',
    }),
    timeoutSeconds: aFunction,
    isDone: aFunction.optional(),
    run: aFunction,
  })
  .refine(({ rerun, isDone }) => rerun !== "detectable" || isDone !== undefined, {
    path: ["isDone"],
    error: 'must be there, since rerun is "detectable"',
  });

const StateName = z.string().regex(/^[A-Z][A-Z0-9_]{0,62}$/, "a state has capital letters, digits and _ only");

const WorkflowShape = z.strictObject({
  name: PluginName,
  initial: StateName,
  failed: StateName,
  hosts: z.literal("named").optional(),
  transitions: z.record(StateName, z.array(StateName)),
  steps: z.record(StateName, aFunction),
});
type Graph = z.infer<typeof WorkflowShape>;

function graphFaults({ initial, failed, transitions, steps }: Graph): readonly Fault[] {
  const states = Object.keys(transitions);
  const known = new Set(states);
  const strays = states.flatMap((state) =>
    (transitions[state] ?? [])
      .filter((next) => !known.has(next))
      .map((next) => ({ field: `transitions.${state}`, message: `leads to ${next}, which is no state` })),
  );
  return [
    ...[
      { field: "initial", state: initial },
      { field: "failed", state: failed },
    ]
      .filter(({ state }) => !known.has(state))
      .map(({ field, state }) => ({ field, message: `${state} is no state of transitions` })),
    ...strays,
    ...states.filter((state) => !steps[state]).map((state) => ({ field: `steps.${state}`, message: "is missing" })),
    ...Object.keys(steps)
      .filter((state) => !known.has(state))
      .map((state) => ({ field: `steps.${state}`, message: "is no state of transitions" })),
    ...unreachable(transitions, [initial, failed]).map((state) => ({
      field: `transitions.${state}`,
      message: "no way leads to this state",
    })),
  ];
}

/** States that no way leads to from `starts`. */
export function unreachable(
  transitions: Readonly<Record<string, readonly string[]>>,
  starts: readonly string[],
): string[] {
  const reached = new Set(starts);
  for (const state of reached) for (const next of transitions[state] ?? []) reached.add(next);
  return Object.keys(transitions).filter((state) => !reached.has(state));
}

function faultsOf(shape: z.ZodType, value: unknown): readonly Fault[] {
  const parsed = shape.safeParse(value);
  return parsed.success ? [] : parsed.error.issues.flatMap(faultsOfIssue);
}

/** Zod tells the keys that it does not know at the object that holds them; people look for the key. */
export function faultsOfIssue(issue: z.core.$ZodIssue): readonly Fault[] {
  if (issue.code !== "unrecognized_keys") return [{ field: fieldPath(issue.path), message: issue.message }];
  return issue.keys.map((key) => ({ field: fieldPath([...issue.path, key]), message: "is not known here" }));
}
