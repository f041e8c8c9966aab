/**
 * Fenix's native messages: CloudEvents in JSON, signed as Standard Webhooks (specification 1.0.0) has it. Nobody who does
 * not know the webhook's secret can pretend to be Fenix.
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { z } from "zod";
import { knownActions, type Notice, utc } from "./callback.ts";

export const CLOUD_EVENT = "application/cloudevents+json";

/** A message that is older, or comes from the future, may be one that somebody kept. */
const TOLERANCE_SECONDS = 300;

const Event = z.object({
  id: z.string(),
  type: z.literal("maintenance.scheduled"),
  data: z.object({
    session_id: z.string(),
    project_id: z.string(),
    state: z.string(),
    instance_ids: z.array(z.string()),
    allowed_actions: z.array(z.string()),
    reply_url: z.url(),
    reply_by: z.string().nullable(),
    actions_at: z.string().nullable(),
  }),
});

/** Throws when the body is no notice of this shape. */
export function readCloudEvent(body: unknown): Notice {
  const { id, data } = Event.parse(body);
  return {
    messageId: id,
    projectId: data.project_id,
    sessionId: data.session_id,
    state: data.state,
    instances: data.instance_ids.length > 0 ? data.instance_ids : data.reply_url,
    allowedActions: knownActions(data.allowed_actions),
    replyUrl: data.reply_url,
    replyAt: data.reply_by === null ? null : utc(data.reply_by),
    actionsAt: data.actions_at === null ? null : utc(data.actions_at),
  };
}

/**
 * Whether exactly this text was signed with the secret, just now. While a secret is being changed there are two signatures,
 * and one that fits is enough.
 */
export function isSigned(headers: IncomingHttpHeaders, text: string, secret: string, now = new Date()): boolean {
  const [id, timestamp, signatures] = ["webhook-id", "webhook-timestamp", "webhook-signature"].map((name) =>
    String(headers[name] ?? ""),
  );
  const seconds = Number(timestamp);
  if (!timestamp || !(Math.abs(now.getTime() / 1_000 - seconds) <= TOLERANCE_SECONDS)) return false;
  const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
  const right = createHmac("sha256", key).update(`${id}.${timestamp}.${text}`).digest();
  return (signatures ?? "").split(" ").some((one) => {
    const [version, value = ""] = one.split(",");
    const given = Buffer.from(value, "base64");
    return version === "v1" && given.length === right.length && timingSafeEqual(given, right);
  });
}
