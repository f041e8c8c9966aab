/** What a session told others, and what became of it. */
import type { SessionId } from "../../domain/ids.ts";
import type { DeliveryState, Reports, ToldNotification, WantedNotifications } from "../../ports/reports.ts";
import { grouped } from "../../domain/grouped.ts";
import type { Database } from "./connect.ts";
import { readNotification, trusted } from "./json.ts";
import { hasProject } from "./projects.ts";
import { isThere } from "./report-summary.ts";

export async function readNotifications(
  db: Database,
  id: SessionId,
  { project, after, limit }: WantedNotifications,
): ReturnType<Reports["notifications"]> {
  if (!(await isThere(db, id))) return undefined;
  if (project !== null && !(await hasProject(db, id, project))) return undefined;
  const rows = await db
    .selectFrom("notification")
    .select(["id", "number", "payload", "created_at"])
    .where("session_id", "=", id)
    .where("number", ">", after)
    .$if(project !== null, (all) => all.where("project_id", "=", project))
    .orderBy("number")
    .limit(limit)
    .execute();
  const deliveries = await readDeliveries(
    db,
    rows.map((row) => row.id),
    project,
  );
  return rows.map((row): ToldNotification => ({
    number: row.number,
    messageId: row.id,
    notification: readNotification(row.payload),
    createdAt: row.created_at,
    deliveries: (deliveries.get(row.id) ?? []).map(({ state }) => state),
  }));
}

async function readDeliveries(db: Database, notifications: readonly string[], project: WantedNotifications["project"]) {
  if (notifications.length === 0) return new Map<string, never[]>();
  const rows = await db
    .selectFrom("delivery")
    .leftJoin("webhook", "webhook.id", "delivery.webhook_id")
    .selectAll("delivery")
    .select(["webhook.url", "webhook.project_id"])
    .where("delivery.notification_id", "in", notifications)
    // Who else hears of it is no project's business (invariant I12).
    .$if(project !== null, (all) =>
      all.where((eb) => eb.or([eb("delivery.webhook_id", "is", null), eb("webhook.project_id", "=", project)])),
    )
    .orderBy("delivery.id")
    .execute();
  const states = rows.map((row) => ({
    notification: row.notification_id,
    state: {
      receiver:
        row.webhook_id === null
          ? ({ kind: "bus" } as const)
          : trusted<DeliveryState["receiver"]>({
              kind: "webhook",
              id: row.webhook_id,
              url: row.url,
              project: row.project_id,
            }),
      status: trusted<DeliveryState["status"]>(row.status),
      attempts: row.attempt,
      lastError: row.last_error,
      nextAt: row.next_at,
      settledAt: row.settled_at,
    },
  }));
  return grouped(states, ({ notification }) => notification);
}
