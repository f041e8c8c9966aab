/** The outbox: deliveries and the leases under which workers send them. */
import { sql } from "kysely";
import type { Deliveries } from "../../ports/deliveries.ts";
import type { Database } from "./connect.ts";
import { readNotification, toText, trusted } from "./json.ts";
import { toWebhook } from "./webhooks.ts";

export const postgresDeliveries = (db: Database): Deliveries => ({
  claim: claimDelivery(db),
  settle: settleDelivery(db),
});

/** Not delivered yet, its time has come, and no worker has it in hand. */
export const isDueDelivery = (now: Date) => sql<boolean>`(
  delivery.status = 'pending' and delivery.next_at <= ${now}
  and (delivery.lease_until is null or delivery.lease_until < ${now})
)`;

const claimDelivery =
  (db: Database): Deliveries["claim"] =>
  async (id, { token, until }, now) => {
    const row = await db
      .updateTable("delivery")
      .from("notification")
      .from("webhook")
      .whereRef("notification.id", "=", "delivery.notification_id")
      .whereRef("webhook.id", "=", "delivery.webhook_id")
      .where("delivery.id", "=", id)
      .where(isDueDelivery(now))
      .set((eb) => ({ lease_token: token, lease_until: until, attempt: eb("delivery.attempt", "+", 1) }))
      .returning([
        "delivery.attempt",
        "notification.id as message_id",
        "notification.session_id",
        "notification.payload",
        "notification.created_at as told_at",
        "webhook.id",
        "webhook.project_id",
        "webhook.url",
        "webhook.events",
        "webhook.created_at",
      ])
      .executeTakeFirst();
    if (!row) return null;
    return {
      id,
      token,
      messageId: row.message_id,
      session: trusted(row.session_id),
      notification: readNotification(row.payload),
      createdAt: row.told_at,
      attempt: row.attempt,
      webhook: toWebhook(row),
    };
  };

const settleDelivery =
  (db: Database): Deliveries["settle"] =>
  async ({ id, token }, result) => {
    const { numUpdatedRows } = await db
      .updateTable("delivery")
      .set({ ...settled(result), lease_token: null, lease_until: null })
      .where("id", "=", id)
      .where("status", "=", "pending")
      .where("lease_token", "=", token)
      .executeTakeFirst();
    return numUpdatedRows > 0n;
  };

function settled(result: Parameters<Deliveries["settle"]>[1]) {
  const { at } = result;
  if (result.kind === "delivered") return { status: "delivered", settled_at: at };
  const last_error = toText(result.error);
  return result.next === null ? { status: "failed", settled_at: at, last_error } : { next_at: result.next, last_error };
}
