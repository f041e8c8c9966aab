/** What the command reads of Fenix's answers. They are loose: `--json` prints everything that came, not only what is asked for here. */
import { z } from "zod";

const Waiting = z.looseObject({ for: z.string(), until: z.string() });
const Failure = z.looseObject({ reason: z.string(), advice: z.string() });
const ReasonedHost = z.looseObject({ host: z.string(), reason: z.string() });
const Report = z.looseObject({ not_maintained: z.array(ReasonedHost), still_closed: z.array(ReasonedHost) });

export const Created = z.looseObject({ session_id: z.string() });
export const Continued = z.looseObject({ session_id: z.string(), state: z.string() });
export const Nothing = z.looseObject({});
/** Each is read by its own schema, which the planner has. */
export const Planned = z.looseObject({ plan: z.unknown(), cloud: z.unknown() });

const Summary = z.looseObject({
  session_id: z.string(),
  state: z.string(),
  workflow: z.string(),
  percent_done: z.number(),
  maintenance_at: z.string(),
  waiting: Waiting.nullable(),
  failure: Failure.nullable(),
  ended_at: z.string().nullable(),
});
export const Sessions = z.looseObject({ summaries: z.array(Summary) });
export type Summary = z.infer<typeof Summary>;

const Host = z.looseObject({
  hostname: z.string(),
  roles: z.array(z.string()),
  status: z.string(),
  disabled: z.boolean(),
  closed_by: z.string().nullable(),
  details: z.string().nullable(),
  plugin: z.string().nullable(),
  plugin_state: z.string().nullable(),
});
export type Host = z.infer<typeof Host>;

const Run = z.looseObject({
  plugin: z.string(),
  type: z.string(),
  hostname: z.string(),
  state: z.string(),
  output: z.string(),
});

const Instance = z.looseObject({
  instance_id: z.string(),
  instance_name: z.string(),
  project_id: z.string(),
  state: z.string(),
  action: z.string().nullable(),
  action_done: z.boolean(),
  host: z.string().nullable(),
});

const UnderWay = z.looseObject({
  kind: z.string(),
  subject: z.string(),
  since: z.string(),
  last_error: z.string().nullable(),
});

const Pacing = z.looseObject({ seconds: z.number(), basis: z.string(), measured: z.number() });
const Eta = z.looseObject({ p50: z.string(), p95: z.string(), drain: Pacing, action: Pacing });
export type Eta = z.infer<typeof Eta>;

export const Detail = z.looseObject({
  session: z.looseObject({
    session_id: z.string(),
    state: z.string(),
    workflow: z.string(),
    maintenance_at: z.string(),
    created_at: z.string(),
    ended_at: z.string().nullable(),
    metadata: z.record(z.string(), z.unknown()),
  }),
  percent_done: z.number(),
  waiting: Waiting.nullable(),
  failure: Failure.nullable(),
  report: Report.nullable(),
  eta: Eta.nullish(),
  hosts: z.array(Host),
  projects: z.array(z.looseObject({ project_id: z.string(), state: z.string().nullable(), managed: z.boolean() })),
  instances: z.array(Instance),
  action_plugin_instances: z.array(Run),
  under_way: z.array(UnderWay),
});
export type Detail = z.infer<typeof Detail>;

const TimelineEntry = z.looseObject({
  number: z.number(),
  at: z.string(),
  kind: z.string(),
  subject: z.string().nullable(),
  text: z.string(),
});
export type TimelineEntry = z.infer<typeof TimelineEntry>;
export const Timeline = z.looseObject({ entries: z.array(TimelineEntry), next: z.number() });

export const Webhook = z.looseObject({
  webhook_id: z.string(),
  project_id: z.string().nullable(),
  url: z.string(),
  events: z.array(z.string()),
  off: z.unknown(),
});
export const WebhookCreated = Webhook.extend({ secret: z.string().optional() });
export const WebhookSecret = z.looseObject({ secret: z.string(), old_secret_until: z.string() });
export const Webhooks = z.looseObject({ webhooks: z.array(Webhook) });

/** A refusal: a problem document, or, from something between us and Fenix, anything at all. */
export const Problem = z.looseObject({
  title: z.string().optional(),
  detail: z.string().optional(),
  field: z.string().optional(),
  errors: z.array(z.looseObject({ field: z.string(), detail: z.string() })).optional(),
});
