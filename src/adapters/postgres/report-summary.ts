import { sql } from "kysely";
import type { SessionId } from "../../domain/ids.ts";
import type { SessionSummary } from "../../ports/reports.ts";
import type { Database } from "./connect.ts";
import { trusted } from "./json.ts";
import { waitingOf } from "./rows.ts";

/** Sessions that were not removed, each with what its summary needs. */
export const summaries = (db: Database) =>
  db
    .selectFrom("session")
    .leftJoin("state_entry as previous", (join) =>
      join.onRef("previous.session_id", "=", "session.id").on(sql<boolean>`previous.number = session.entry - 1`),
    )
    .leftJoinLateral(
      (eb) =>
        eb
          .selectFrom("host")
          .whereRef("host.session_id", "=", "session.id")
          .select([
            // Whole percent, rounded down: 100 says that all are done. Null without hosts.
            sql<
              number | null
            >`(100 * count(*) filter (where status ->> 'kind' = 'maintained') / nullif(count(*), 0))::integer`.as(
              "percent_done",
            ),
          ])
          .as("hosts"),
      (join) => join.onTrue(),
    )
    .where("session.removed_at", "is", null)
    .selectAll("session")
    .select(["previous.state as previous_state", "hosts.percent_done"]);

export type SummaryRow = Awaited<ReturnType<ReturnType<typeof summaries>["executeTakeFirstOrThrow"]>>;

export const toSummary = (row: SummaryRow): SessionSummary => ({
  id: trusted(row.id),
  workflow: trusted(row.workflow),
  state: row.state,
  previousState: row.previous_state,
  maintenanceAt: row.maintenance_at,
  percentDone: row.percent_done ?? 0,
  waiting: waitingOf(row),
  failure: trusted(row.failure),
  report: trusted(row.report),
  createdAt: row.created_at,
  updatedAt: row.updated_at,
  endedAt: row.ended_at,
});

/** A removed session is not. */
export async function isThere(db: Database, id: SessionId): Promise<boolean> {
  const row = await db
    .selectFrom("session")
    .select("id")
    .where("id", "=", id)
    .where("removed_at", "is", null)
    .executeTakeFirst();
  return row !== undefined;
}
