import { type Selectable, sql } from "kysely";
import type { Webhook, WebhookFormat, Webhooks } from "../../ports/deliveries.ts";
import type { Database } from "./connect.ts";
import { trusted } from "./json.ts";
import type { Webhook as WebhookTable } from "./schema.ts";

export const postgresWebhooks = (db: Database): Webhooks => ({
  add: async ({ id, project, url, events, format, createdAt }) => {
    const secret = format.kind === "cloudevents" ? format.secret : null;
    await db
      .insertInto("webhook")
      .values({ id, project_id: project, url, events: [...events], format: format.kind, secret, created_at: createdAt })
      .execute();
  },
  list: async (project) => {
    const rows = await db
      .selectFrom("webhook")
      .selectAll()
      .$if(project !== undefined, (all) => all.where("project_id", "=", project ?? null))
      .orderBy("created_at")
      .orderBy("id")
      .execute();
    return rows.map(toWebhook);
  },
  switchOn: async (id) => {
    await db
      .updateTable("webhook")
      .set({ off_at: null, off_why: null, failing_since: null })
      .where("id", "=", id)
      .execute();
  },
  changeSecret: async (id, secret, oldUntil) => {
    await db
      .updateTable("webhook")
      .set((eb) => ({ secret, old_secret: eb.ref("secret"), old_secret_until: oldUntil }))
      .where("id", "=", id)
      .execute();
  },
  // What is still to be delivered to it goes with it. Compared as text: whatever a caller sends is no error here.
  remove: async (id) => {
    const { numDeletedRows } = await db
      .deleteFrom("webhook")
      .where(sql`id::text`, "=", id)
      .executeTakeFirst();
    return numDeletedRows > 0n;
  },
});

export const toWebhook = (row: Selectable<WebhookTable>): Webhook => ({
  id: row.id,
  project: trusted(row.project_id),
  url: row.url,
  events: trusted(row.events),
  format: toFormat(row),
  createdAt: row.created_at,
  off: row.off_at && { at: row.off_at, why: row.off_why ?? "" },
  failingSince: row.failing_since,
});

function toFormat({ secret, old_secret, old_secret_until }: Selectable<WebhookTable>): WebhookFormat {
  if (secret === null) return { kind: "aodh" };
  const oldSecret =
    old_secret !== null && old_secret_until !== null ? { secret: old_secret, until: old_secret_until } : null;
  return { kind: "cloudevents", secret, oldSecret };
}
