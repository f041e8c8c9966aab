/**
 * What Fenix sends to a project's manager: the body of an AODH event alarm, whether Fenix posts it itself or AODH does.
 * The facts are in `reason_data.event.traits`, a list of [name, type, value], where lists are Python text.
 */
import { z } from "zod";
import { parsePythonText } from "./python-text.ts";

export const Action = z.enum(["MIGRATE", "LIVE_MIGRATE", "OWN_ACTION"]);
export type Action = z.infer<typeof Action>;

const Body = z.object({
  reason_data: z.object({
    event: z.object({
      message_id: z.string(),
      event_type: z.literal("maintenance.scheduled"),
      traits: z.array(z.tuple([z.string(), z.number(), z.unknown()])),
    }),
  }),
});

const Traits = z.object({
  project_id: z.string(),
  session_id: z.string(),
  state: z.string(),
  reply_url: z.url(),
  /** A URL that lists them, or the list itself where it is short enough for the 255 characters of a trait. */
  instance_ids: z.union([z.url(), z.array(z.string())]),
  allowed_actions: z.array(z.string()).default([]),
  reply_at: z.string().optional(),
  actions_at: z.string().optional(),
});

/** What a project is asked, wherever its manager read it. */
export interface Question {
  readonly projectId: string;
  readonly sessionId: string;
  readonly state: string;
  /** Which instances it is about, or a URL that lists them. */
  readonly instances: string | readonly string[];
  /** What may be chosen for each instance; empty where there is nothing to choose. */
  readonly allowedActions: readonly Action[];
  readonly replyUrl: string;
  /** Null when no reply is expected. */
  readonly replyAt: Date | null;
  /** When the announced thing begins. */
  readonly actionsAt: Date | null;
}

/** A question as Fenix posts it, or the news that something was done. */
export interface Notice extends Question {
  /** The same when a notice is sent again. */
  readonly messageId: string;
}

/** Throws when the body is no notice of this shape. */
export function readCallback(body: unknown): Notice {
  const { event } = Body.parse(body).reason_data;
  const traits = Traits.parse(Object.fromEntries(event.traits.map(([name, , value]) => [name, decode(value)])));
  return {
    messageId: event.message_id,
    projectId: traits.project_id,
    sessionId: traits.session_id,
    state: traits.state,
    instances: traits.instance_ids,
    allowedActions: knownActions(traits.allowed_actions),
    replyUrl: traits.reply_url,
    replyAt: utcOrNull(traits.reply_at),
    actionsAt: utcOrNull(traits.actions_at),
  };
}

/** Actions this manager has never heard of cannot be chosen, so they are left out. */
export const knownActions = (offered: readonly string[]): readonly Action[] =>
  Action.options.filter((action) => offered.includes(action));

const decode = (value: unknown): unknown =>
  typeof value === "string" && /^[[{(]/.test(value) ? parsePythonText(value) : value;

const utcOrNull = (text: string | undefined): Date | null => (text === undefined ? null : utc(text));

/** Times without a zone, as Fenix writes them, mean UTC. */
export function utc(text: string): Date {
  const hasZone = /(Z|[+-]\d\d:?\d\d)$/.test(text);
  const time = new Date(`${text.replace(" ", "T")}${hasZone ? "" : "Z"}`);
  if (Number.isNaN(time.getTime())) throw new SyntaxError(`not a time: ${text}`);
  return time;
}
