/** The outbox: deliveries and the leases under which workers send them. */
import { type RawBuilder, sql } from "kysely";
import type { ClaimedDelivery, Deliveries, DeliveryResult, Receiver } from "../../ports/deliveries.ts";
import type { DeliveryId, Lease } from "../../ports/effects.ts";
import type { Database } from "./connect.ts";
import { readNotification, toText, trusted } from "./json.ts";
import { inTransaction } from "./transaction.ts";
import { toWebhook } from "./webhooks.ts";

/**
 * So many deliveries are on their way to one receiver at once. One that answers in 10 ms takes 800 in a second; one that
 * hangs holds this many of a worker's hands, and after its first failure a single one.
 */
const IN_HAND_MAX = 8;
const IN_HAND_MAX_FAILING = 1;

/** The bus takes many, and refuses all of them at once while it is away. */
export const IN_HAND_MAX_BUS = 32;

/** As many as a webhook may have in hand: `webhook` is in the query. */
export const inHandMax = sql<number>`
  case when webhook.failing_since is null then ${sql.lit(IN_HAND_MAX)} else ${sql.lit(IN_HAND_MAX_FAILING)} end
`;

export const postgresDeliveries = (db: Database): Deliveries => ({
  claim: (id, lease, now) => claim(db, lease, now, thisOne(id, now)),
  claimNext: ({ receiver }, lease, now) => claim(db, lease, now, nextOf(receiver, now)),
  renew: async ({ id, token }, until) => {
    const { numUpdatedRows } = await db
      .updateTable("delivery")
      .set({ lease_until: until })
      .where("id", "=", id)
      .where("status", "=", "pending")
      .where("lease_token", "=", token)
      .executeTakeFirst();
    return numUpdatedRows > 0n;
  },
  // What changes one row needs no transaction around it.
  settle: (claimed, result) =>
    changesReceiver(claimed, result)
      ? inTransaction(db, (trx) => settle(trx, claimed, result))
      : settle(db, claimed, result),
});

/** Not delivered yet, its time has come, and no worker has it in hand. */
export const isDueDelivery = (now: Date) => sql<boolean>`(
  delivery.status = 'pending' and delivery.next_at <= ${now}
  and (delivery.lease_until is null or delivery.lease_until < ${now})
)`;

const thisOne = (id: DeliveryId, now: Date) => sql`
  select delivery.id
  from delivery left join webhook on webhook.id = delivery.webhook_id
  where delivery.id = ${id} and ${isDueDelivery(now)}
    and case when delivery.webhook_id is null
      then (
        select count(*) from delivery as other where other.webhook_id is null and other.lease_until >= ${now}
      ) < ${IN_HAND_MAX_BUS}
      else (
        select count(*)
        from delivery as other
        where other.webhook_id = delivery.webhook_id and other.lease_until >= ${now}
      ) < ${inHandMax}
    end
  for update of delivery skip locked
`;

const nextOf = (receiver: Receiver, now: Date) => sql`
  select delivery.id
  from delivery
  where ${receiver.kind === "bus" ? sql`delivery.webhook_id is null` : sql`delivery.webhook_id = ${receiver.webhook.id}`}
    and ${isDueDelivery(now)}
  order by delivery.next_at
  limit 1
  for update skip locked
`;

async function claim(
  db: Database,
  { token, until }: Lease,
  now: Date,
  one: RawBuilder<unknown>,
): Promise<ClaimedDelivery | null> {
  const row = await unflushed(db)
    .with("taken", (update) =>
      update
        .updateTable("delivery")
        .where("delivery.id", "=", sql<number>`(${one})`)
        .where(isDueDelivery(now))
        .set((eb) => ({ lease_token: token, lease_until: until, attempt: eb("delivery.attempt", "+", 1) }))
        .returning(["delivery.id", "delivery.attempt", "delivery.notification_id", "delivery.webhook_id"]),
    )
    .selectFrom("taken")
    .innerJoin("notification", "notification.id", "taken.notification_id")
    .leftJoin("webhook", "webhook.id", "taken.webhook_id")
    .innerJoin("unflushed", (join) => join.onTrue())
    .selectAll("webhook")
    .select([
      "taken.id as delivery_id",
      "taken.attempt",
      "taken.webhook_id",
      "notification.id as message_id",
      "notification.session_id",
      "notification.payload",
      "notification.created_at as told_at",
    ])
    .executeTakeFirst();
  // A webhook that was removed at this moment took its deliveries with it.
  if (!row || (row.webhook_id !== null && row.id === null)) return null;
  return {
    id: trusted(row.delivery_id),
    token,
    messageId: row.message_id,
    session: trusted(row.session_id),
    notification: readNotification(row.payload),
    createdAt: row.told_at,
    attempt: row.attempt,
    receiver: row.webhook_id === null ? { kind: "bus" } : { kind: "webhook", webhook: toWebhook(trusted(row)) },
  };
}

/** Otherwise all deliveries to one receiver would queue up for its row. */
const changesReceiver = ({ receiver }: ClaimedDelivery, { kind }: DeliveryResult): boolean =>
  receiver.kind === "webhook" && (kind === "gone" || (kind === "failed") !== (receiver.webhook.failingSince !== null));

/**
 * The statement does not wait for the disk. Should the server crash in the next half second, what it wrote is lost, and
 * the receiver is told again under the same id, as after any other crash. The statement has to join `unflushed`.
 */
const unflushed = (db: Database) =>
  db.with("unflushed", (select) =>
    select.selectNoFrom(sql<string>`set_config('synchronous_commit', 'off', true)`.as("setting")),
  );

/** A lease that was lost writes nothing, neither to the delivery nor to its receiver. */
async function settle(db: Database, claimed: ClaimedDelivery, result: DeliveryResult): Promise<boolean> {
  const { id, token, receiver } = claimed;
  const { numUpdatedRows } = await unflushed(db)
    .updateTable("delivery")
    .from("unflushed")
    .set({ ...settled(result), lease_token: null, lease_until: null })
    .where("id", "=", id)
    .where("status", "=", "pending")
    .where("lease_token", "=", token)
    .executeTakeFirst();
  if (numUpdatedRows === 0n) return false;
  if (receiver.kind === "bus" || !changesReceiver(claimed, result)) return true;
  const { webhook } = receiver;
  if (result.kind === "gone") await switchOff(db, webhook.id, result);
  else
    await db
      .updateTable("webhook")
      .set({ failing_since: result.kind === "failed" ? result.at : null })
      .where("id", "=", webhook.id)
      .where("failing_since", result.kind === "failed" ? "is" : "is not", null)
      .execute();
  return true;
}

function settled(result: DeliveryResult) {
  const { at } = result;
  if (result.kind === "delivered") return { status: "delivered", settled_at: at };
  const last_error = toText(result.error);
  return result.kind === "gone" || result.next === null
    ? { status: "failed", settled_at: at, last_error }
    : { next_at: result.next, last_error };
}

async function switchOff(db: Database, webhook: string, { at, error }: { at: Date; error: string }): Promise<void> {
  const off_why = toText(error);
  await db
    .updateTable("webhook")
    .set({ off_at: at, off_why })
    .where("id", "=", webhook)
    .where("off_at", "is", null)
    .execute();
  await db
    .updateTable("delivery")
    .set({ status: "failed", settled_at: at, last_error: `not sent: ${off_why}` })
    .where("webhook_id", "=", webhook)
    .where("status", "=", "pending")
    .where("lease_token", "is", null)
    .execute();
}
