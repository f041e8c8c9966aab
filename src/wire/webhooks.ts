/** `/v1/webhooks`: who hears of maintenance without a telemetry service in between (reference §3.9). Ours alone. */
import { z } from "zod";
import { ProjectId } from "../domain/ids.ts";
import { type EventType, eventTypes } from "../domain/notification.ts";
import type { Webhook } from "../ports/deliveries.ts";
import { IsoTime } from "./times.ts";

const webhookFormats = ["aodh", "cloudevents"] as const;
const EventTypeName = z.enum(eventTypes);

const tellsProjects = (type: EventType): boolean => type === "maintenance.scheduled";

/** Why an event is not told to the one who asks for it: accepted, the webhook would stay silent for ever. */
const WHOSE: Readonly<Record<EventType, string>> = {
  "maintenance.scheduled": "asks a project: project_id must name it",
  "maintenance.host": "tells of hosts, and no project hears of them: project_id must be left out",
  "maintenance.session": "tells of all hosts, and no project hears of them: project_id must be left out",
};

export const CreateWebhook = z
  .object({
    project_id: ProjectId.nullable()
      .default(null)
      .describe("null: an admin's or an infrastructure service's, and not a project's"),
    url: z
      .url({ protocol: /^https?$/, error: "must be an http or https URL" })
      .max(2_000)
      .refine((url) => !hasCredentials(url), { error: "must not carry a user or password: it is shown to people" })
      .meta({ example: "http://192.0.2.20:12348/maintenance" }),
    events: z
      .array(EventTypeName)
      .min(1)
      .max(eventTypes.length)
      .optional()
      .describe("a project is told maintenance.scheduled, and everybody else the two others; left out: all of them"),
    format: z
      .enum(webhookFormats)
      .default("aodh")
      .describe(
        "aodh: what an event alarm of AODH sends; cloudevents: CloudEvents with the signature of Standard Webhooks",
      ),
  })
  .superRefine(({ project_id, events = [] }, context) => {
    for (const [at, type] of events.entries())
      if (tellsProjects(type) !== (project_id !== null))
        context.addIssue({ code: "custom", path: ["events", at], message: WHOSE[type] });
  })
  .meta({ id: "CreateWebhook" });

export const WebhookAnswer = z
  .object({
    webhook_id: z.uuid(),
    project_id: z.string().nullable(),
    url: z.string(),
    events: z.array(EventTypeName),
    format: z.enum(webhookFormats),
    created_at: IsoTime,
    off: z
      .object({ at: IsoTime, reason: z.string() })
      .nullable()
      .describe("since when it is told nothing more, and why; register it again to switch it on"),
    failing_since: IsoTime.nullable().describe("since when nothing that was sent to it arrived"),
  })
  .meta({ id: "Webhook" });

const secret = z.string().describe("signs what is sent; shown this once").meta({ example: "whsec_…" });

export const WebhookCreated = WebhookAnswer.extend({
  secret: secret.optional(),
}).meta({ id: "WebhookCreated" });

export const WebhookSecret = z
  .object({
    webhook_id: z.uuid(),
    secret,
    old_secret_until: IsoTime.describe("until then what is sent is signed with the secret before as well"),
  })
  .meta({ id: "WebhookSecret" });

export const WebhookQuery = z.object({
  project_id: ProjectId.optional().describe("only this project's"),
});

export const WebhooksAnswer = z.object({ webhooks: z.array(WebhookAnswer) }).meta({ id: "Webhooks" });

/** What is asked for, with each event once and in the usual order. */
export function toWebhookRequest({ project_id, url, events, format }: z.infer<typeof CreateWebhook>) {
  const asked: readonly EventType[] =
    events ?? (project_id === null ? ["maintenance.host", "maintenance.session"] : ["maintenance.scheduled"]);
  return { project: project_id, url, events: eventTypes.filter((type) => asked.includes(type)), format };
}

export const toWebhookAnswer = (webhook: Webhook): z.infer<typeof WebhookAnswer> => ({
  webhook_id: webhook.id,
  project_id: webhook.project,
  url: webhook.url,
  events: [...webhook.events],
  format: webhook.format.kind,
  created_at: webhook.createdAt.toISOString(),
  off: webhook.off && { at: webhook.off.at.toISOString(), reason: webhook.off.why },
  failing_since: webhook.failingSince?.toISOString() ?? null,
});

function hasCredentials(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { username, password } = new URL(url);
  return username !== "" || password !== "";
}
