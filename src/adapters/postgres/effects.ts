/** Effects and the leases under which workers perform them. */
import { type Selectable, sql } from "kysely";
import type { PerformedEffect } from "../../domain/effect.ts";
import type { InstanceId } from "../../domain/ids.ts";
import type { ClaimedEffect, EffectId, Effects, Lease } from "../../ports/effects.ts";
import type { Database } from "./connect.ts";
import { FLUSHED_KIND, heldBy, lockHeldInOrder } from "./effect-lease.ts";
import { finishEffect } from "./finish-effect.ts";
import { gathered } from "./gathered.ts";
import { appendJournal } from "./journal.ts";
import { readEffect, toJson, toText, trusted } from "./json.ts";
import { toSession } from "./rows.ts";
import type { Effect as EffectTable } from "./schema.ts";
import { lockSession, type SessionRow } from "./session-lock.ts";
import { inTransaction } from "./transaction.ts";

export const postgresEffects = (db: Database): Effects => ({
  claim: claimEffect(db),
  renew: renewLeases(db),
  finish: finishEffect(db),
  postpone: postponeEffect(db),
  keepOutput: keepOutput(db),
});

/** Pending, and its time has come; or running, and its worker is gone. */
export const isDueEffect = (now: Date) => sql<boolean>`(
  (effect.status = 'pending' and effect.not_before <= ${now}) or (effect.status = 'running' and effect.lease_until < ${now})
)`;

/**
 * One statement for all that are asked for at a moment, since every effect of every session passes here while it holds
 * its session's row. These rows are locked first, as everywhere, in the order of their ids; whoever waited for one sees
 * the effects as they are by then, and may find nothing to take.
 */
const claimEffect = (db: Database): Effects["claim"] => {
  const claim = gathered<Wanted, ClaimedEffect | null>(async (all) => {
    // The same effect twice in one batch: a hint came twice, and the second one finds it taken.
    const wanted = all.filter(({ id }, place) => all.findIndex((other) => other.id === id) === place);
    const ids = wanted.map(({ id }) => id);
    const now = new Date(Math.max(...wanted.map((one) => one.now.getTime())));
    const { rows } = await sql<TakenRow>`
      with holder as (
        select * from session
        where id in (select session_id from effect where id = any(${ids}::bigint[]) and ${isDueEffect(now)})
        order by id
        for update
      ),
      found as (
        select effect.id, effect.status, effect.kind
        from effect join holder on holder.id = effect.session_id
        where effect.id = any(${ids}::bigint[]) and ${isDueEffect(now)}
        order by effect.id -- As in lockHeldInOrder: a worker that was only slow may be renewing what is taken from it.
        for update of effect
      ),
      flush as (
        select case when not exists (select from found where kind = ${FLUSHED_KIND})
          then set_config('synchronous_commit', 'off', true) end
      ),
      taken as (
        update effect
        set status = 'running', attempt = attempt + 1, started_at = ${now},
            lease_token = wanted.token, lease_until = wanted.until
        from found join jsonb_to_recordset(${toJson(wanted.map(({ id, lease }) => ({ id, ...lease })))}::jsonb)
          as wanted (id bigint, token uuid, until timestamptz) on wanted.id = found.id
        where effect.id = found.id
        returning effect.*, found.status = 'running' as interrupted
      ),
      numbered as (
        update session set journal_number = journal_number + counted.number
        from (select session_id, count(*) as number from taken group by session_id) as counted
        where session.id = counted.session_id
        returning session.id, session.journal_number - counted.number as last
      ),
      told as (
        insert into journal (session_id, number, at, kind, subject, text, data)
        select numbered.id, numbered.last + row_number() over (partition by taken.session_id order by taken.id),
          ${now}, 'effect_started', taken.subject,
          replace(taken.kind, '_', ' ') || ' started, try ' || taken.attempt
            || case when interrupted then ', since the worker before never told how it ended' else '' end,
          jsonb_build_object(
            'kind', taken.kind, 'entry', taken.entry, 'attempt', taken.attempt, 'interrupted', interrupted
          )
        from taken join numbered on numbered.id = taken.session_id
      )
      select taken.*, workflow, maintenance_at, metadata, options, actions, plan_digest, requested_hosts
      from flush, taken join holder on holder.id = taken.session_id
    `.execute(db);
    const taken = new Map(rows.map((row) => [row.id, row]));
    return Promise.all(
      all.map(async (one) => {
        const row = wanted.includes(one) ? taken.get(one.id) : undefined;
        return row ? toClaimed(db, row, one.lease) : null;
      }),
    );
  });
  return (id, lease, now) => claim({ id, lease, now });
};

interface Wanted {
  readonly id: EffectId;
  readonly lease: Lease;
  readonly now: Date;
}

type TakenRow = Selectable<EffectTable> &
  Pick<
    SessionRow,
    "workflow" | "maintenance_at" | "metadata" | "options" | "actions" | "plan_digest" | "requested_hosts"
  > & {
    readonly interrupted: boolean;
  };

async function toClaimed(db: Database, row: TakenRow, { token }: Lease): Promise<ClaimedEffect> {
  const looks = row.kind === "observe";
  return {
    id: trusted(row.id),
    session: toSession({ ...row, id: row.session_id }),
    entry: row.entry,
    effect: readEffect(row.payload) as PerformedEffect, // Only performed kinds are ever pending.
    token,
    recordedAt: row.recorded_at,
    attempt: row.attempt,
    postponedSince: row.postponed_since,
    interrupted: row.interrupted,
    hosts: looks ? await hostsToLookAt(db, row) : { kind: "known", names: [] },
    instances: looks ? await instancesToLookAt(db, row) : [],
  };
}

async function hostsToLookAt(db: Database, { session_id, requested_hosts }: TakenRow): Promise<ClaimedEffect["hosts"]> {
  const rows = await db
    .selectFrom("host")
    .select("name")
    .where("session_id", "=", session_id)
    .orderBy("name")
    .execute();
  if (rows.length === 0) return { kind: "requested", names: trusted(requested_hosts) };
  return { kind: "known", names: rows.map(({ name }) => trusted(name)) };
}

async function instancesToLookAt(db: Database, { session_id }: TakenRow): Promise<readonly InstanceId[]> {
  const rows = await db
    .selectFrom("instance")
    .select("id")
    .where("session_id", "=", session_id)
    .where("gone_at", "is", null)
    .orderBy("id")
    .execute();
  return rows.map(({ id }) => trusted(id));
}

/** Does not take the sessions' rows: a lease must also be renewed while a long turn has one. */
const renewLeases =
  (db: Database): Effects["renew"] =>
  async (all, until) => {
    const { rows } = await sql<{ token: string }>`
      with held as (${lockHeldInOrder(all)})
      update effect set lease_until = ${until}
      from held
      where effect.id = held.id
      returning held.token
    `.execute(db);
    const renewed = new Set(rows.map(({ token }) => token));
    return new Set(all.filter(({ token }) => renewed.has(token)));
  };

const postponeEffect =
  (db: Database): Effects["postpone"] =>
  (claimed, until, why, at) =>
    inTransaction(db, async (trx) => {
      await lockSession(trx, claimed.session.id);
      const row = await heldBy(trx, claimed)
        .set({
          status: "pending",
          not_before: until,
          postponed_since: sql<Date>`coalesce(postponed_since, ${at})`,
          last_error: toText(why),
          lease_token: null,
          lease_until: null,
        })
        .returning(["kind", "subject"])
        .executeTakeFirst();
      if (!row) return false;
      const { kind, subject } = row;
      const text = toText(`${inWords(kind)} tried again at ${until.toISOString()}: ${why}`);
      const data = { kind, entry: claimed.entry, attempt: claimed.attempt, until: until.toISOString(), why };
      // Its next turn says what the session is waiting for now.
      await appendJournal(trx, claimed.session.id, [{ at, kind: "effect_postponed", subject, text, data }], {
        dueAt: at,
      });
      return true;
    });

const keepOutput =
  (db: Database): Effects["keepOutput"] =>
  async (claimed, output) => {
    await heldBy(db, claimed)
      .set({ output: toText(output) })
      .execute();
  };

const inWords = (kind: string): string => kind.replace("_", " ");
