/** What is due, found by index; the oldest first. */
import type { Due } from "../../ports/effects.ts";
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
  deliveries: async (now, limit) => {
    const rows = await db
      .selectFrom("delivery")
      .select("id")
      .where(isDueDelivery(now))
      .orderBy("next_at")
      .limit(limit)
      .execute();
    return rows.map(({ id }) => trusted(id));
  },
});
