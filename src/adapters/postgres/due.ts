/** What is due, found by index; the oldest first. */
import { sql } from "kysely";
import type { Due, ReceiverId } from "../../ports/effects.ts";
import type { Database } from "./connect.ts";
import { isDueDelivery } from "./deliveries.ts";
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
  // A receiver, however much waits for it: the thousands for one that is dead must not stand before everybody else's.
  receivers: async (now, limit) => {
    const { rows } = await sql<{ receiver: ReceiverId }>`
      select due.receiver
      from (
        select webhook.id::text as receiver, first.next_at
        from webhook cross join lateral (
          select delivery.next_at
          from delivery
          where delivery.webhook_id = webhook.id and ${isDueDelivery(now)}
          order by delivery.next_at
          limit 1
        ) as first
        union all
        (
          select 'bus', delivery.next_at
          from delivery
          where delivery.webhook_id is null and ${isDueDelivery(now)}
          order by delivery.next_at
          limit 1
        )
      ) as due
      order by due.next_at
      limit ${limit}
    `.execute(db);
    return rows.map(({ receiver }) => receiver);
  },
});
