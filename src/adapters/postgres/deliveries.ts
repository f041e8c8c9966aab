/** The outbox: deliveries and the leases under which workers send them. */
import { type RawBuilder, type Selectable, sql } from "kysely";
import type { ClaimedDelivery, Deliveries, DeliveryResult } from "../../ports/deliveries.ts";
import type { DeliveryId } from "../../ports/effects.ts";
import type { Database } from "./connect.ts";
import { gathered } from "./gathered.ts";
import { readNotification, toJson, toText, trusted } from "./json.ts";
import type { Webhook as WebhookTable } from "./schema.ts";
import { againWhenInTheWay, inTransaction } from "./transaction.ts";
import { toWebhook } from "./webhooks.ts";

/**
 * So many deliveries are on their way to one receiver at once. One that answers in 10 ms takes 1,600 in a second; one that
 * hangs is told no more than these, and after its first failure a single one at a time.
 */
const IN_HAND_MAX = 16;
const IN_HAND_MAX_FAILING = 1;

/** The bus takes many, and refuses all of them at once while it is away. */
const IN_HAND_MAX_BUS = 32;

export const postgresDeliveries = (db: Database): Deliveries => ({
  claim: claimDeliveries(db),
  renew: renewLeases(db),
  settle: settleDelivery(db),
});

/** Not delivered yet, its time has come, and no worker has it in hand. */
export const isDueDelivery = (now: Date) => sql<boolean>`(
  delivery.status = 'pending' and delivery.next_at <= ${now}
  and (delivery.lease_until is null or delivery.lease_until < ${now})
)`;

/**
 * The statement does not wait for the disk. Should the server crash in the next half second, what it wrote is lost, and
 * the receiver is told again under the same id, as after any other crash. The statement has to join `unflushed`.
 */
const unflushed = sql`unflushed as (select set_config('synchronous_commit', 'off', true))`;

const claimDeliveries =
  (db: Database): Deliveries["claim"] =>
  async (receiver, { token, until }, now) => {
    const isBus = receiver === "bus";
    const ofReceiver = isBus ? sql`delivery.webhook_id is null` : sql`delivery.webhook_id = ${receiver}::uuid`;
    const max = sql.lit(isBus ? IN_HAND_MAX_BUS : IN_HAND_MAX);
    const { rows } = await sql<ClaimedRow>`
      with ${unflushed},
      hands as (
        select webhook.*, greatest(0,
          case when webhook.failing_since is null then ${max} else ${sql.lit(IN_HAND_MAX_FAILING)} end - held.count
        ) as free
        from (
          -- In order and with a limit, the index is read as it is. A bitmap would visit what was delivered lately, too.
          select count(*)
          from (
            select from delivery where ${ofReceiver} and lease_until >= ${now} order by lease_until limit ${max}
          ) as held
        ) as held left join webhook on webhook.id = ${isBus ? null : receiver}::uuid
      ),
      due as (
        -- The planner counts on few only when it reads how many.
        select delivery.id, delivery.next_at
        from delivery
        where ${ofReceiver} and ${isDueDelivery(now)}
        order by delivery.next_at, delivery.id
        limit ${max}
        for update skip locked
      ),
      found as (select id from due order by next_at, id limit (select free from hands)),
      taken as (
        update delivery
        set lease_token = ${token}, lease_until = ${until}, attempt = attempt + 1
        from found
        where delivery.id = found.id
        returning delivery.id, delivery.attempt, delivery.notification_id, delivery.next_at
      )
      select hands.*, taken.id as delivery_id, taken.attempt, notification.id as message_id, notification.session_id,
        notification.payload, notification.created_at as told_at
      from unflushed, hands
      left join taken on true
      left join notification on notification.id = taken.notification_id
      order by taken.next_at, taken.id
    `.execute(db);
    const claimed = rows.flatMap((row) => toClaimed(row, token, isBus));
    return { claimed, full: claimed.length === (rows[0]?.free ?? 0) };
  };

type ClaimedRow = Selectable<WebhookTable> & {
  readonly free: number;
  readonly delivery_id: DeliveryId | null;
  readonly attempt: number;
  readonly message_id: string;
  readonly session_id: string;
  readonly payload: unknown;
  readonly told_at: Date;
};

/** None where nothing is due, and where the webhook was removed at this moment: it took its deliveries with it. */
function toClaimed(row: ClaimedRow, token: string, isBus: boolean): readonly ClaimedDelivery[] {
  if (row.delivery_id === null || (!isBus && trusted<string | null>(row.id) === null)) return [];
  return [
    {
      id: row.delivery_id,
      token,
      messageId: row.message_id,
      session: trusted(row.session_id),
      notification: readNotification(row.payload),
      createdAt: row.told_at,
      attempt: row.attempt,
      receiver: isBus ? { kind: "bus" } : { kind: "webhook", webhook: toWebhook(row) },
    },
  ];
}

const renewLeases =
  (db: Database): Deliveries["renew"] =>
  async (claimed, until) => {
    const held = await updateHeld(db, claimed, sql`lease_until = ${until}`);
    return new Set(held);
  };

/** Answers those of `claimed` whose leases hold: only these were changed. */
async function updateHeld<Claimed extends ClaimedDelivery>(
  db: Database,
  claimed: readonly Claimed[],
  changes: RawBuilder<unknown>,
): Promise<readonly Claimed[]> {
  const ids = claimed.map(({ id }) => id);
  const claims = claimed.map(({ id, token }, place) => ({ id, token, place }));
  const { rows } = await againWhenInTheWay(() =>
    sql<{ place: number }>`
      with ${unflushed}
      update delivery set ${changes}
      from unflushed, jsonb_to_recordset(${toJson(claims)}::jsonb) as claim (id bigint, token uuid, place integer)
      -- By ids of which the planner knows how many there are: for rows out of JSON it would read all that is pending.
      where delivery.id = any(${ids}::bigint[]) and delivery.id = claim.id and delivery.lease_token = claim.token and delivery.status = 'pending'
      returning claim.place
    `.execute(db),
  );
  return rows.flatMap(({ place }) => claimed[place] ?? []);
}

/** What arrived is recorded together, since that is nearly everything; what failed, by itself. */
const settleDelivery = (db: Database): Deliveries["settle"] => {
  const arrived = gathered<ClaimedDelivery & { readonly at: Date }, boolean>((all) => settleArrived(db, all));
  return (claimed, result) => {
    if (changesReceiver(claimed, result)) return inTransaction(db, (trx) => settle(trx, claimed, result));
    if (result.kind === "delivered") return arrived({ ...claimed, at: result.at });
    return settle(db, claimed, result); // What changes one row needs no transaction around it.
  };
};

async function settleArrived(
  db: Database,
  all: readonly (ClaimedDelivery & { readonly at: Date })[],
): Promise<readonly boolean[]> {
  const at = new Date(Math.max(...all.map((one) => one.at.getTime())));
  const changes = sql`status = 'delivered', settled_at = ${at}, lease_token = null, lease_until = null`;
  const written = new Set(await updateHeld(db, all, changes));
  return all.map((one) => written.has(one));
}

/** Otherwise all deliveries to one receiver would queue up for its row. */
const changesReceiver = ({ receiver }: ClaimedDelivery, { kind }: DeliveryResult): boolean =>
  receiver.kind === "webhook" && (kind === "gone" || (kind === "failed") !== (receiver.webhook.failingSince !== null));

/** A lease that was lost writes nothing, neither to the delivery nor to its receiver. */
async function settle(db: Database, claimed: ClaimedDelivery, result: DeliveryResult): Promise<boolean> {
  const { id, token, receiver } = claimed;
  const { numUpdatedRows } = await db
    .with("unflushed", (select) =>
      select.selectNoFrom(sql<string>`set_config('synchronous_commit', 'off', true)`.as("setting")),
    )
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
