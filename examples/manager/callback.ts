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

/** A question, or the news that something was done. */
export interface Notice {
  /** The same when a notice is sent again. */
  readonly messageId: string;
  readonly projectId: string;
  readonly sessionId: string;
  readonly state: string;
  readonly instances: string | readonly string[];
  /** What may be chosen for each instance; empty where there is nothing to choose. */
  readonly allowedActions: readonly Action[];
  readonly replyUrl: string;
  /** Null when no reply is expected. */
  readonly replyAt: Date | null;
  readonly actionsAt: Date | null;
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
    // Actions this manager has never heard of cannot be chosen, so they are left out.
    allowedActions: Action.options.filter((action) => traits.allowed_actions.includes(action)),
    replyUrl: traits.reply_url,
    replyAt: utc(traits.reply_at),
    actionsAt: utc(traits.actions_at),
  };
}

const decode = (value: unknown): unknown =>
  typeof value === "string" && /^[[{(]/.test(value) ? parsePythonText(value) : value;

/** Times without a zone, as Fenix writes them, mean UTC. */
function utc(text: string | undefined): Date | null {
  if (text === undefined) return null;
  const hasZone = /(Z|[+-]\d\d:?\d\d)$/.test(text);
  const time = new Date(`${text.replace(" ", "T")}${hasZone ? "" : "Z"}`);
  if (Number.isNaN(time.getTime())) throw new SyntaxError(`not a time: ${text}`);
  return time;
}
