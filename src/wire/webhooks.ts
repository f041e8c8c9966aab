/** `/v1/webhooks`: who hears of maintenance without a telemetry service in between (reference §3.9). Ours alone. */
import { z } from "zod";
import { ProjectId } from "../domain/ids.ts";
import { type EventType, eventTypes } from "../domain/notification.ts";
import type { Webhook } from "../ports/deliveries.ts";
import { IsoTime } from "./times.ts";

const webhookFormats = ["aodh", "cloudevents"] as const;
const EventTypeName = z.enum(eventTypes);

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
      .describe("left out: maintenance.scheduled for a project, the two others for everybody else"),
    format: z
      .enum(webhookFormats)
      .default("aodh")
      .describe(
        "aodh: what an event alarm of AODH sends; cloudevents: CloudEvents with the signature of Standard Webhooks",
      ),
  })
  .superRefine(({ project_id, events }, context) => {
    const at = events?.indexOf("maintenance.scheduled") ?? -1;
    if (project_id === null && at >= 0)
      context.addIssue({ code: "custom", path: ["events", at], message: "asks a project: project_id must name it" });
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
