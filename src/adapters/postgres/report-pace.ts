/** What a session has measured: when its hosts were drained, empty and done, and how long moves took. */
import { sql } from "kysely";
import type { HostName, SessionId } from "../../domain/ids.ts";
import type { Pace, Visit } from "../../planner/eta/pace.ts";
import type { Database } from "./connect.ts";
import { trusted } from "./json.ts";

export async function readPace(db: Database, id: SessionId): Promise<Pace> {
  return {
    visits: await readVisits(db, id),
    moves: await readMoves(db, id),
    expected: await readExpected(db, id),
  };
}

/** A host may be visited again after a failure; the newest marks count. */
async function readVisits(db: Database, id: SessionId): Promise<Pace["visits"]> {
  const { rows } = await sql<Visit & { readonly host: HostName }>`
    with visit as (
      select payload ->> 'host' as host,
        max(recorded_at) filter (where payload -> 'status' ->> 'kind' = 'draining') as "drainingAt",
        max(recorded_at) filter (where payload -> 'status' ->> 'kind' = 'in_maintenance') as "emptyAt",
        max(recorded_at) filter (where payload -> 'status' ->> 'kind' = 'maintained') as "maintainedAt"
      from effect
      where session_id = ${id} and kind = 'mark_host'
      group by 1
    ),
    move as (
      select payload ->> 'from' as host, count(*)::integer as moves
      from effect
      where session_id = ${id} and kind = 'move_instance' and status = 'done'
      group by 1
    )
    select visit.*, coalesce(moves, 0) as moves from visit left join move using (host) order by host
  `.execute(db);
  return new Map(rows.map(({ host, ...visit }) => [host, visit]));
}

async function readMoves(db: Database, id: SessionId): Promise<Pace["moves"]> {
  const { rows } = await sql<Pace["moves"]>`
    select count(*)::integer as count,
      coalesce(avg(extract(epoch from ended_at - started_at)), 0)::double precision as "meanSeconds"
    from effect
    where session_id = ${id} and kind = 'move_instance' and status = 'done'
  `.execute(db);
  return rows[0] ?? { count: 0, meanSeconds: 0 };
}

async function readExpected(db: Database, id: SessionId): Promise<Pace["expected"]> {
  const row = await db
    .selectFrom("session")
    .innerJoin("plan", "plan.digest", "session.plan_digest")
    .select("plan.expected")
    .where("session.id", "=", id)
    .executeTakeFirst();
  return row ? trusted(row.expected) : null;
}
