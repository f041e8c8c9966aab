/** The timeline of a session as the verifier reads it: parsed once, loosely, since other releases may have written it. */
import { z } from "zod";

const Data = z.record(z.string(), z.unknown());

export const Entry = z.object({
  number: z.int(),
  at: z.iso.datetime(),
  kind: z.string(),
  subject: z.string().nullable(),
  text: z.string(),
  data: Data.optional(),
});
/** One entry of `GET /v1/maintenance/{session_id}/timeline`. */
export type Entry = z.infer<typeof Entry>;

/** A place in the journal. Order is by `number`, the order of commits; `at` (milliseconds) is only for deadlines. */
export interface Moment {
  readonly number: number;
  readonly at: number;
}

/** What an entry says under `data`, where it has the expected shape; null where it does not, or says nothing. */
export function dataOf<Schema extends z.ZodType>({ data }: Entry, schema: Schema): z.infer<Schema> | null {
  const parsed = schema.safeParse(data);
  return parsed.success ? parsed.data : null;
}

const Amounts = z.record(z.string(), z.number());
export type Amounts = z.infer<typeof Amounts>;

const Time = z.iso.datetime().transform((text) => Date.parse(text));
const FoundHosts = z.array(z.object({ host: z.string(), roles: z.array(z.string()), closed: z.boolean() }));

export const Created = z.object({
  state: z.string(),
  workflow: z.string(),
  found: FoundHosts.nullish(),
  maintenanceAt: Time.optional(),
  options: z
    .object({
      on_no_manager: z.string(),
      on_silence: z.string(),
      on_nack: z.string(),
      hosts_at_once: z.int(),
      moves_at_once: z.int(),
      max_moves_at_once: z.int().nullable(),
      max_hosts_at_once_per_zone: z.int().nullable(),
      reserve: Amounts,
      window_seconds: z.int().nullable(),
    })
    .partial()
    .optional(),
});
export type Created = z.infer<typeof Created>;

export const Found = z.object({ found: FoundHosts });
export const Continued = z.object({ state: z.string() });
export const StateEntered = z.object({ state: z.string().optional(), from: z.string() });
export const EffectRecorded = z.object({
  effect: z.looseObject({ kind: z.string() }),
  /** Of a move: how much it takes with it. */
  demand: Amounts.optional(),
});
export const EffectStarted = z.object({
  kind: z.string(),
  attempt: z.int(),
  entry: z.int().optional(),
  interrupted: z.boolean(),
});
export const EffectPostponed = z.object({ kind: z.string(), entry: z.int().optional() });
export const EffectEnded = z.object({
  kind: z.string(),
  attempt: z.int(),
  entry: z.int().optional(),
  outcome: z.unknown().optional(),
  /** Of a host action: what may be done when a worker died in it, and whether it was begun by this try. */
  rerun: z.string().optional(),
  ran: z.boolean().optional(),
});

export const Asked = z.object({
  state: z.string(),
  round: z.int(),
  instances: z.array(z.string()),
  /** The one instance it is about, where it has a link of its own. */
  instance: z.string().nullish(),
  replyBy: Time,
  actionsAt: Time.optional(),
});
export const Replied = z.object({
  state: z.string(),
  answer: z.enum(["ACK", "NACK"]),
  instance: z.string().nullish(),
  actions: z.record(z.string(), z.string()).default({}),
});
export const Marked = z.object({ status: z.looseObject({ kind: z.string() }) });
export const Ended = z.object({
  report: z.object({
    maintained: z.array(z.string()),
    notMaintained: z.array(z.object({ host: z.string(), reason: z.string() })),
    stillClosed: z.array(z.object({ host: z.string(), reason: z.string() })),
  }),
});

export const Move = z.object({
  kind: z.literal("move_instance"),
  instance: z.string(),
  from: z.string(),
  to: z.string().nullable(),
});
export const MoveOutcome = z.object({ host: z.string().nullable() });
export const Action = z.object({
  kind: z.literal("run_action"),
  plugin: z.string(),
  phase: z.string(),
  host: z.string(),
  index: z.int(),
});
export const OnHost = z.object({ host: z.string() });
export const ClosureOutcome = z.object({ closure: z.string() });
export const Occupants = z.object({
  instances: z.array(z.string()),
  allocations: z.array(z.string()),
  arriving: z.array(z.string()),
});

const SeenHost = z.object({ capacity: Amounts, used: Amounts, zone: z.string(), takes: z.boolean() });
const SeenBudget = z.object({ max: z.int(), recoverySeconds: z.number(), members: z.array(z.string()) });
const SeenApart = z.object({ max: z.int(), members: z.array(z.string()) });
const changed = <Item extends z.ZodType>(item: Item) => z.record(z.string(), item.nullable()).default({});
/** What decisions know of the cloud from here on: with `full` all of it, else what has changed. */
export const CloudSeen = z.object({
  look: z.int(),
  full: z.boolean(),
  hosts: changed(SeenHost),
  budgets: changed(SeenBudget),
  apart: changed(SeenApart),
  places: changed(z.string()),
  down: z.array(z.string()).optional(),
});
export type SeenHost = z.infer<typeof SeenHost>;
export type SeenBudget = z.infer<typeof SeenBudget>;
export type SeenApart = z.infer<typeof SeenApart>;
