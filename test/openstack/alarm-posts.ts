/** What came to a manager's door in the shape of an event alarm: whether it has that shape, and how long it took. */
import { parsePythonText } from "../../examples/client/python-text.ts";
import type { Told } from "./real-world.ts";
import type { Posted } from "./tap.ts";

/** Ceilometer's types of traits by their numbers; those of the published definitions (reference §3.5), and ours. */
const TEXT = 1;
const DATETIME = 4;
const types: Readonly<Record<string, number>> = {
  ...{ service: TEXT, project_id: TEXT, session_id: TEXT, state: TEXT, reply_url: TEXT, instance_ids: TEXT },
  ...{ allowed_actions: TEXT, metadata: TEXT, missing: TEXT, members: TEXT, reply_at: DATETIME, actions_at: DATETIME },
};
const needed = ["service", "project_id", "session_id", "state", "reply_url", "instance_ids", "allowed_actions"];

type Traits = readonly (readonly [name: string, type: number, value: unknown])[];

export interface AlarmPost {
  readonly reason: string;
  readonly reason_data: {
    readonly type: string;
    readonly event: { readonly message_id: string; readonly event_type: string; readonly traits: Traits };
  };
}

export const readPost = (text: string): AlarmPost => JSON.parse(text) as AlarmPost;

/** What managers of the original could not read in a post (reference §3.6, §3.7); nothing when all is well. */
export function unlikeAnAlarm(text: string): readonly string[] {
  const post = readPost(text);
  const { event } = post.reason_data;
  const { traits } = event;
  const names = new Set(traits.map(([name]) => name));
  return [
    ...needed.filter((name) => !names.has(name)).map((name) => `${name} is missing`),
    ...(names.size < traits.length ? ["a trait is there twice"] : []),
    ...(post.reason.startsWith(`Event <id=${event.message_id},event_type=maintenance.scheduled> hits`)
      ? []
      : [`the reason is ${post.reason}`]),
    ...traits.flatMap(wrongInTrait).map((wrong) => `${wrong}\n${text}`),
  ];
}

function wrongInTrait([name, type, value]: Traits[number]): readonly string[] {
  if (types[name] !== type) return [`${name} has type ${type}`];
  if (typeof value !== "string") return [`${name} is ${JSON.stringify(value)}`];
  if (type === DATETIME)
    return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?$/.test(value) ? [] : [`${name} is ${value}`];
  if (Array.from(value).length > 255) return [`${name} is too long`];
  if (/^[[{]/.test(value)) return unreadable(name, value);
  return value === "" || value === "None" ? [`${name} is ${JSON.stringify(value)}`] : [];
}

function unreadable(name: string, value: string): readonly string[] {
  try {
    parsePythonText(value);
    return /\bNone\b/.test(value) ? [`${name} has a null in it`] : [];
  } catch (error) {
    return [`${name} cannot be read: ${String(error)}`];
  }
}

/** Messages that no manager has heard of. */
export function unheard(told: readonly Told[], posted: readonly Posted[]): readonly Told[] {
  const heard = firstHeard(posted);
  return told.filter(({ message_id }) => !heard.has(message_id));
}

/** How long it took from the decision until the channel had it, and until it came to the manager's door. */
export function delays(told: readonly Told[], posted: readonly Posted[]): string {
  const heard = firstHeard(posted);
  const after = (at: string, moment: number | undefined): readonly number[] =>
    moment === undefined ? [] : [moment - Date.parse(at)];
  const handedOver = told.flatMap(({ at, deliveries }) =>
    deliveries.flatMap(({ settled_at }) => after(at, settled_at === null ? undefined : Date.parse(settled_at))),
  );
  const arrived = told.flatMap(({ at, message_id }) => after(at, heard.get(message_id)));
  return `handed over ${summary(handedOver)}; arrived ${summary(arrived)}; ${told.length} told, ${posted.length} posts`;
}

function firstHeard(posted: readonly Posted[]): ReadonlyMap<string, number> {
  const heard = new Map<string, number>();
  for (const { at, text } of posted) {
    const id = readPost(text).reason_data.event.message_id;
    if (!heard.has(id)) heard.set(id, at.getTime());
  }
  return heard;
}

function summary(milliseconds: readonly number[]): string {
  const sorted = milliseconds.toSorted((a, b) => a - b);
  const at = (share: number): string => `${sorted[Math.floor(share * (sorted.length - 1))] ?? "-"} ms`;
  return `p50 ${at(0.5)}, p95 ${at(0.95)}, at most ${at(1)}`;
}
