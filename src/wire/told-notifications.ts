/** `GET /v1/maintenance/{session_id}/notifications`: what a session told, to whom, and what became of it. Ours alone. */
import { z } from "zod";
import { ProjectId } from "../domain/ids.ts";
import { eventTypes, type Notification } from "../domain/notification.ts";
import type { DeliveryState, ToldNotification } from "../ports/reports.ts";
import { TimelineQuery } from "./timeline.ts";
import { IsoTime } from "./times.ts";

export const NotificationsQuery = TimelineQuery.extend({
  after: TimelineQuery.shape.after.describe("only what was told after the notification with this number"),
  project_id: ProjectId.optional().describe("only what was told to this project"),
});

const Delivery = z
  .object({
    channel: z.enum(["webhook", "bus"]).describe("bus: OpenStack's message bus"),
    webhook_id: z.uuid().nullable(),
    project_id: z.string().nullable().describe("whose webhook it is; null: no project's"),
    receiver: z
      .string()
      .nullable()
      .describe("without its path, which may hold a secret")
      .meta({ example: "http://192.0.2.20:12348" }),
    status: z.enum(["pending", "delivered", "failed"]).describe("failed: given up"),
    attempts: z.int(),
    last_error: z.string().nullable(),
    next_try_at: IsoTime.nullable().describe("null when it is delivered or given up"),
    settled_at: IsoTime.nullable(),
  })
  .meta({ id: "Delivery" });

const Told = z
  .object({
    number: z.int(),
    message_id: z.uuid().describe("the same for every receiver and every try"),
    type: z.enum(eventTypes),
    at: IsoTime,
    project_id: z.string().nullable().describe("who is asked or told; null: infrastructure services"),
    host: z.string().nullable(),
    state: z.string().meta({ example: "PLANNED_MAINTENANCE" }),
    deliveries: z.array(Delivery).describe("empty: nobody was there to hear of it"),
  })
  .meta({ id: "Notification" });

export const ToldNotifications = z
  .object({
    notifications: z.array(Told).describe("oldest first"),
    next: z.int().describe("ask `after` this number for what comes next"),
  })
  .meta({ id: "Notifications" });

export const toToldNotifications = (
  told: readonly ToldNotification[],
  after: number,
): z.infer<typeof ToldNotifications> => ({
  notifications: told.map(({ number, messageId, notification, createdAt, deliveries }) => ({
    number,
    message_id: messageId,
    type: notification.type,
    at: createdAt.toISOString(),
    ...subjectOf(notification),
    state: notification.state,
    deliveries: deliveries.map(toDelivery),
  })),
  next: told.at(-1)?.number ?? after,
});

const subjectOf = (notification: Notification): { project_id: string | null; host: string | null } => ({
  project_id: notification.type === "maintenance.scheduled" ? notification.project : null,
  host: notification.type === "maintenance.host" ? notification.host : null,
});

const toDelivery = (delivery: DeliveryState): z.infer<typeof Delivery> => ({
  ...toReceiver(delivery.receiver),
  status: delivery.status,
  attempts: delivery.attempts,
  last_error: delivery.lastError,
  next_try_at: delivery.status === "pending" ? delivery.nextAt.toISOString() : null,
  settled_at: delivery.settledAt?.toISOString() ?? null,
});

const toReceiver = (receiver: DeliveryState["receiver"]) =>
  receiver.kind === "bus"
    ? ({ channel: "bus", webhook_id: null, project_id: null, receiver: null } as const)
    : ({
        channel: "webhook",
        webhook_id: receiver.id,
        project_id: receiver.project,
        receiver: new URL(receiver.url).origin,
      } as const);
