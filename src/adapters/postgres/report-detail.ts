/** Everything about one session that an operator may want to see. */
import { sql } from "kysely";
import type { RunAction } from "../../domain/effect.ts";
import type { SessionId } from "../../domain/ids.ts";
import type { ActionRun, InstanceDetail, ProjectDetail, SessionDetail } from "../../ports/reports.ts";
import type { Database } from "./connect.ts";
import { trusted } from "./json.ts";
import { readPace } from "./report-pace.ts";
import { isManaged } from "./projects.ts";
import { summaries, toSummary } from "./report-summary.ts";
import { toHost, toSession } from "./rows.ts";

/** Several queries see one moment in one transaction that only reads. */
export const readDetail = (db: Database, id: SessionId): Promise<SessionDetail | undefined> =>
  db
    .transaction()
    .setIsolationLevel("repeatable read")
    .setAccessMode("read only")
    .execute(async (trx) => {
      const row = await summaries(trx).where("session.id", "=", id).executeTakeFirst();
      if (!row) return undefined;
      return {
        ...toSummary(row),
        session: toSession(row),
        hosts: await readHosts(trx, id),
        projects: await readProjects(trx, id),
        instances: await readInstances(trx, id),
        runs: await readRuns(trx, id),
        underWay: await readUnderWay(trx, id),
        pace: await readPace(trx, id),
      };
    });

async function readHosts(db: Database, id: SessionId): Promise<SessionDetail["hosts"]> {
  const rows = await db.selectFrom("host").selectAll().where("session_id", "=", id).orderBy("name").execute();
  return rows.map((row) => ({ ...toHost(row), createdAt: row.created_at, updatedAt: row.updated_at }));
}

/** The state of a project is its newest question, with the answer before it once there is one (reference §4.4). */
async function readProjects(db: Database, id: SessionId): Promise<readonly ProjectDetail[]> {
  const rows = await db
    .selectFrom("project")
    .leftJoinLateral(
      (eb) =>
        eb
          .selectFrom("question")
          .leftJoin("reply", (join) =>
            join
              .onRef("reply.session_id", "=", "question.session_id")
              .onRef("reply.entry", "=", "question.entry")
              .onRef("reply.project_id", "=", "question.project_id")
              .onRef("reply.round", "=", "question.round"),
          )
          .whereRef("question.session_id", "=", "project.session_id")
          .whereRef("question.project_id", "=", "project.id")
          .select(["question.state", "question.asked_at", "reply.answer", "reply.received_at"])
          .orderBy("question.entry", "desc")
          .orderBy("question.round", "desc")
          .limit(1)
          .as("newest"),
      (join) => join.onTrue(),
    )
    .where("project.session_id", "=", id)
    .select(["project.id", "project.created_at", isManaged.as("managed")])
    .select(["newest.state", "newest.asked_at", "newest.answer", "newest.received_at"])
    .orderBy("project.id")
    .execute();
  return rows.map((row) => ({
    id: trusted(row.id),
    managed: row.managed,
    state: row.answer === null ? row.state : `${row.answer}_${row.state ?? ""}`,
    createdAt: row.created_at,
    updatedAt: row.received_at ?? row.asked_at,
  }));
}

async function readInstances(db: Database, id: SessionId): Promise<readonly InstanceDetail[]> {
  const { rows } = await sql<Record<keyof InstanceDetail, unknown>>`
    with action as (
      -- What a project agreed to, and what was begun since, in the order of time.
      select agreed.key as instance, agreed.value as action, reply.received_at as since, false as done
      from reply, jsonb_each_text(reply.instance_actions) as agreed
      where reply.session_id = ${id} and reply.answer = 'ACK'
      union all
      select payload ->> 'instance', payload ->> 'how', recorded_at, status = 'done'
      from effect
      where session_id = ${id} and kind = 'move_instance'
    ),
    newest as (
      select distinct on (instance) instance, action, done from action order by instance, since desc
    ),
    replaced as (
      -- By what the session saw when the old one was gone, and by what managers have declared since.
      select distinct on (old) old, new
      from (
        select payload ->> 'instance' as old, payload ->> 'replacement' as new, recorded_at as since
        from effect
        where session_id = ${id} and kind = 'note_own_action' and payload ->> 'replacement' is not null
        union all
        select replaces, instance_id, created_at from instance_constraint
        where replaces is not null and project_id in (select id from project where session_id = ${id})
      ) as said
      order by old, since desc
    )
    select instance.id, name, project_id as project, host, status, newest.action,
      case newest.action
        -- The project's own doing is seen by its result: the instance has left the hosts that must become empty.
        when 'OWN_ACTION' then not exists (
          select from host
          where host.session_id = instance.session_id and host.name = instance.host
            and host.status ->> 'kind' in ('waiting', 'draining')
        )
        else coalesce(newest.done, false)
      end as "actionDone",
      replaced.new as "replacedBy",
      created_at as "createdAt", updated_at as "updatedAt"
    from instance
    left join newest on newest.instance = instance.id
    left join replaced on replaced.old = instance.id
    where session_id = ${id}
    order by created_at, id
  `.execute(db);
  return trusted(rows);
}

async function readRuns(db: Database, id: SessionId): Promise<readonly ActionRun[]> {
  const rows = await db
    .selectFrom("effect")
    .select(["id", "payload", "status", "attempt", "started_at", "ended_at", "output"])
    .where("session_id", "=", id)
    .where("kind", "=", "run_action")
    .orderBy("id")
    .execute();
  return rows.map((row) => {
    const { plugin, phase, host } = trusted<RunAction>(row.payload);
    return {
      id: String(row.id),
      plugin,
      phase,
      host,
      status: trusted<ActionRun["status"]>(row.status),
      attempt: row.attempt,
      startedAt: row.started_at,
      endedAt: row.ended_at,
      output: row.output ?? "",
    };
  });
}

async function readUnderWay(db: Database, id: SessionId): Promise<SessionDetail["underWay"]> {
  return db
    .selectFrom("effect")
    .select(["kind", "subject", sql<Date>`coalesce(started_at, recorded_at)`.as("since"), "last_error as lastError"])
    .where("session_id", "=", id)
    .where(sql<boolean>`status in ('pending', 'running')`)
    .orderBy("id")
    .execute();
}
