/** Effects and the leases under which workers perform them. */
import { type Selectable, sql } from "kysely";
import type { PerformedEffect } from "../../domain/effect.ts";
import type { InstanceId } from "../../domain/ids.ts";
import type { ClaimedEffect, EffectId, Effects, Lease } from "../../ports/effects.ts";
import type { Database } from "./connect.ts";
import { heldBy, mayBeLost } from "./effect-lease.ts";
import { finishEffect } from "./finish-effect.ts";
import { appendJournal } from "./journal.ts";
import { readEffect, toText, trusted } from "./json.ts";
import { toSession } from "./rows.ts";
import type { Effect as EffectTable } from "./schema.ts";
import { lockSession, type SessionRow } from "./session-lock.ts";
import { commitWithoutFlush, inTransaction, type Transaction } from "./transaction.ts";

export const postgresEffects = (db: Database): Effects => ({
  claim: claimEffect(db),
  renew: renewLease(db),
  finish: finishEffect(db),
  postpone: postponeEffect(db),
  keepOutput: keepOutput(db),
});

/** Pending, and its time has come; or running, and its worker is gone. */
export const isDueEffect = (now: Date) => sql<boolean>`(
  (effect.status = 'pending' and effect.not_before <= ${now}) or (effect.status = 'running' and effect.lease_until < ${now})
)`;

const claimEffect =
  (db: Database): Effects["claim"] =>
  async (id, lease, now) => {
    const due = await db
      .selectFrom("effect")
      .select(["session_id", "kind"])
      .where("id", "=", id)
      .where(isDueEffect(now))
      .executeTakeFirst();
    if (!due) return null; // Most often taken by another worker: not worth a lock.
    return inTransaction(db, async (trx) => {
      if (mayBeLost(due.kind)) await commitWithoutFlush(trx);
      const session = await lockSession(trx, trusted(due.session_id));
      const row = session && (await takeEffect(trx, id, lease, now));
      if (!row) return null;
      const { kind, subject, attempt } = row;
      const interrupted = row.before === "running";
      const again = interrupted ? ", since the worker before never told how it ended" : "";
      const text = `${inWords(kind)} started, try ${attempt}${again}`;
      await appendJournal(trx, trusted(session.id), [
        { at: now, kind: "effect_started", subject, text, data: { kind, attempt, interrupted } },
      ]);
      return toClaimed(trx, session, row, lease);
    });
  };

/** `before` is the status in which it was found. */
type TakenRow = Selectable<EffectTable> & { readonly before: string };

async function takeEffect(
  trx: Transaction,
  id: EffectId,
  { token, until }: Lease,
  now: Date,
): Promise<TakenRow | undefined> {
  const { rows } = await sql<TakenRow>`
    with found as (
      select id, status from effect where id = ${id} and ${isDueEffect(now)} for update
    )
    update effect
    set status = 'running', attempt = attempt + 1, lease_token = ${token}, lease_until = ${until}, started_at = ${now}
    from found where effect.id = found.id
    returning effect.*, found.status as before
  `.execute(trx);
  return rows[0];
}

async function toClaimed(
  trx: Transaction,
  session: SessionRow,
  row: TakenRow,
  { token }: Lease,
): Promise<ClaimedEffect> {
  const looks = row.kind === "observe";
  return {
    id: trusted(row.id),
    session: toSession(session),
    entry: row.entry,
    effect: readEffect(row.payload) as PerformedEffect, // Only performed kinds are ever pending.
    token,
    recordedAt: row.recorded_at,
    attempt: row.attempt,
    postponedSince: row.postponed_since,
    interrupted: row.before === "running",
    hosts: looks ? await hostsToLookAt(trx, session) : { kind: "known", names: [] },
    instances: looks ? await instancesToLookAt(trx, session) : [],
  };
}

async function hostsToLookAt(trx: Transaction, session: SessionRow): Promise<ClaimedEffect["hosts"]> {
  const rows = await trx
    .selectFrom("host")
    .select("name")
    .where("session_id", "=", session.id)
    .orderBy("name")
    .execute();
  if (rows.length === 0) return { kind: "requested", names: trusted(session.requested_hosts) };
  return { kind: "known", names: rows.map(({ name }) => trusted(name)) };
}

async function instancesToLookAt(trx: Transaction, session: SessionRow): Promise<readonly InstanceId[]> {
  const rows = await trx
    .selectFrom("instance")
    .select("id")
    .where("session_id", "=", session.id)
    .where("gone_at", "is", null)
    .orderBy("id")
    .execute();
  return rows.map(({ id }) => trusted(id));
}

/** Does not take the session's row: a lease must also be renewed while a long turn has it. */
const renewLease =
  (db: Database): Effects["renew"] =>
  async (claimed, until) => {
    const { numUpdatedRows } = await heldBy(db, claimed).set({ lease_until: until }).executeTakeFirst();
    return numUpdatedRows > 0n;
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
      await appendJournal(trx, claimed.session.id, [
        { at, kind: "effect_postponed", subject, text, data: { kind, until: until.toISOString(), why } },
      ]);
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
