/** What is due, found by index; the oldest first. */
import { sql } from "kysely";
import type { DeliveryId, Due } from "../../ports/effects.ts";
import type { Database } from "./connect.ts";
import { IN_HAND_MAX_BUS, inHandMax, isDueDelivery } from "./deliveries.ts";
import { isDueEffect } from "./effects.ts";
import { trusted } from "./json.ts";

export const postgresDue = (db: Database): Due => ({
  sessions: async (now, limit) => {
    const rows = await db
      .selectFrom("session")
      .select("id")
      .where("wake_at", "<=", now)
      .orderBy("wake_at")
      .limit(limit)
      .execute();
    return rows.map(({ id }) => trusted(id));
  },
  effects: async (now, limit) => {
    const rows = await db
      .selectFrom("effect")
      .select("id")
      .where(isDueEffect(now))
      .orderBy("id")
      .limit(limit)
      .execute();
    return rows.map(({ id }) => trusted(id));
  },
  // Some of each receiver: the thousands that wait for one that is dead must not stand before everybody else's.
  deliveries: async (now, limit) => {
    const { rows } = await sql<{ id: DeliveryId }>`
      select due.id, due.next_at
      from webhook cross join lateral (
        select delivery.id, delivery.next_at
        from delivery
        where delivery.webhook_id = webhook.id and ${isDueDelivery(now)}
        order by delivery.next_at
        limit ${inHandMax}
      ) as due
      union all
      (
        select delivery.id, delivery.next_at
        from delivery
        where delivery.webhook_id is null and ${isDueDelivery(now)}
        order by delivery.next_at
        limit ${IN_HAND_MAX_BUS}
      )
      order by next_at
      limit ${limit}
    `.execute(db);
    return rows.map(({ id }) => id);
  },
});
