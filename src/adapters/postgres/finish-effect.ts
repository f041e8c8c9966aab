/** Records how an effect ended, together with everything that follows from it for the session. */
import { sql } from "kysely";
import { grouped } from "../../domain/grouped.ts";
import type { SessionId } from "../../domain/ids.ts";
import type { ClaimedEffect, Consequences, EffectEnd, Effects } from "../../ports/effects.ts";
import type { Database } from "./connect.ts";
import { insertHosts } from "./create-session.ts";
import { FLUSHED_KIND, lockHeldInOrder } from "./effect-lease.ts";
import { writeFacts } from "./facts.ts";
import { gathered } from "./gathered.ts";
import { claimHosts, heldInWords } from "./host-claims.ts";
import { appendJournal } from "./journal.ts";
import { toJson, toText } from "./json.ts";
import { lockSession } from "./session-lock.ts";
import { commitWithoutFlush, inTransaction, type Transaction } from "./transaction.ts";

export const finishEffect = (db: Database): Effects["finish"] => {
  const finish = gathered<Ended, boolean>(async (all) => {
    const answers = new Map<Ended, boolean>();
    for (const [id, ends] of grouped(all, ({ claimed }) => claimed.session.id)) {
      const held = await inTransaction(db, (trx) => finishTogether(trx, id, ends));
      for (const one of ends) answers.set(one, held.has(one));
    }
    return all.map((one) => answers.get(one) ?? false);
  });
  return (claimed, end) => finish({ claimed, end });
};

interface Ended {
  readonly claimed: ClaimedEffect;
  readonly end: EffectEnd;
}

/** Answers those whose lease was held, and only those have consequences. */
async function finishTogether(trx: Transaction, id: SessionId, ends: readonly Ended[]): Promise<ReadonlySet<Ended>> {
  if (ends.every(({ claimed }) => claimed.effect.kind !== FLUSHED_KIND)) await commitWithoutFlush(trx);
  await lockSession(trx, id);
  const settled = ends.some(({ end }) => end.consequences.hosts) ? await claimAllFoundHosts(trx, ends) : ends;
  const tokens = await writeEnds(trx, settled);
  const held = settled.filter(({ claimed }) => tokens.has(claimed.token));
  if (held.length === 0) return new Set();
  await applyTogether(trx, id, held);
  const dueAt = new Date(Math.max(...held.map(({ end }) => end.at.getTime())));
  await appendJournal(
    trx,
    id,
    held.flatMap(({ end }) => end.journal),
    { dueAt },
  );
  return new Set(ends.filter(({ claimed }) => tokens.has(claimed.token)));
}

/**
 * Locks all the effects before any host: other sessions wait for these hosts, and must not wait for one that waits for
 * effects in its turn. Leaves out those whose lease was lost.
 */
async function claimAllFoundHosts(trx: Transaction, ends: readonly Ended[]): Promise<readonly Ended[]> {
  const { rows } = await lockHeldInOrder(ends.map(({ claimed }) => claimed)).execute(trx);
  const tokens = new Set(rows.map(({ token }) => token));
  const settled: Ended[] = [];
  for (const { claimed, end } of ends)
    if (tokens.has(claimed.token)) settled.push({ claimed, end: await claimFoundHosts(trx, claimed, end) });
  return settled;
}

/** Found hosts that another session holds make a failure of what looked like a success. */
async function claimFoundHosts(
  trx: Transaction,
  { session, effect, entry, attempt }: ClaimedEffect,
  end: EffectEnd,
): Promise<EffectEnd> {
  const { at, consequences } = end;
  if (!consequences.hosts) return end;
  const held = await claimHosts(
    trx,
    session.id,
    consequences.hosts.map(({ name }) => name),
  );
  if (held.length === 0) return end;
  const reason = heldInWords(held);
  return {
    at,
    status: { kind: "failed", at, reason },
    consequences: {},
    journal: [
      {
        at,
        kind: "effect_failed",
        subject: end.journal[0]?.subject ?? null,
        text: `${effect.kind} failed: ${reason}`,
        data: { kind: effect.kind, entry, attempt, held },
      },
    ],
  };
}

/** Writes the ends of those effects whose lease is still held, and answers the tokens of these. */
async function writeEnds(trx: Transaction, ends: readonly Ended[]): Promise<ReadonlySet<string>> {
  const rows = ends.map(({ claimed: { token }, end: { status, consequences } }) => ({
    token,
    status: status.kind,
    at: status.at,
    outcome: status.kind === "done" ? status.outcome : undefined,
    reason: status.kind === "done" ? undefined : toText(status.reason),
    output: consequences.output === undefined ? undefined : toText(consequences.output),
  }));
  const written = await sql<{ token: string }>`
    with held as (${lockHeldInOrder(ends.map(({ claimed }) => claimed))})
    update effect
    set status = ended.status, ended_at = ended.at, outcome = coalesce(ended.outcome, effect.outcome),
        reason = ended.reason, output = coalesce(ended.output, effect.output),
        postponed_since = null, lease_token = null, lease_until = null
    from held join jsonb_to_recordset(${toJson(rows)}::jsonb) as ended
      (token uuid, status text, at timestamptz, outcome jsonb, reason text, output text) using (token)
    where effect.id = held.id
    returning held.token
  `.execute(trx);
  return new Set(written.rows.map(({ token }) => token));
}

async function applyTogether(trx: Transaction, id: SessionId, ends: readonly Ended[]): Promise<void> {
  for (const { end } of ends) {
    const { facts, hosts, instances, alarmed, gone } = end.consequences;
    if (facts) await writeFacts(trx, id, facts, end.at);
    if (hosts) await insertHosts(trx, id, hosts, end.at);
    if (instances) await upsertInstances(trx, id, instances, end.at);
    if (alarmed) await markAlarmed(trx, id, alarmed);
    if (gone) await markGone(trx, id, gone, end.at);
  }
  const at = (end: EffectEnd) => ({ at: end.at });
  await writeClosures(
    trx,
    id,
    ends.flatMap(({ end }) => (end.consequences.closure ? [{ ...end.consequences.closure, ...at(end) }] : [])),
  );
  await writePlaces(
    trx,
    id,
    ends.flatMap(({ end }) => (end.consequences.place ? [{ ...end.consequences.place, ...at(end) }] : [])),
  );
}

type Closing = NonNullable<Consequences["closure"]> & { readonly at: Date };

async function writeClosures(trx: Transaction, id: SessionId, closures: readonly Closing[]): Promise<void> {
  if (closures.length === 0) return;
  await sql`
    update host set closure = seen.closure, updated_at = seen.at
    from jsonb_to_recordset(${toJson(closures)}::jsonb) as seen (host text, closure text, at timestamptz)
    where host.session_id = ${id} and host.name = seen.host
  `.execute(trx);
}

type Placing = NonNullable<Consequences["place"]> & { readonly at: Date };

async function writePlaces(trx: Transaction, id: SessionId, places: readonly Placing[]): Promise<void> {
  if (places.length === 0) return;
  await sql`
    update instance set host = seen.host, updated_at = seen.at, changed = ${nextJournalNumber(id)}
    from jsonb_to_recordset(${toJson(places)}::jsonb) as seen (instance text, host text, at timestamptz)
    where instance.session_id = ${id} and instance.id = seen.instance
  `.execute(trx);
}

/** Higher than the number of any entry that a reader has seen so far. The session's row is locked. */
const nextJournalNumber = (id: SessionId) => sql<number>`(select journal_number + 1 from session where id = ${id})`;

/** Rows that say what they said before are left alone, so `updated_at` tells when something changed. */
async function upsertInstances(
  trx: Transaction,
  id: SessionId,
  instances: NonNullable<Consequences["instances"]>,
  at: Date,
): Promise<void> {
  if (instances.length === 0) return;
  const projects = [...new Set(instances.map(({ project }) => project))].toSorted();
  await sql`
    insert into project (session_id, id, created_at) select ${id}, unnest(${projects}::text[]), ${at}
    on conflict do nothing
  `.execute(trx);
  await sql`
    insert into instance (session_id, id, name, project_id, host, status, created_at, updated_at, changed)
    select ${id}, id, name, project, host, status, ${at}, ${at}, ${nextJournalNumber(id)}
    from jsonb_to_recordset(${toJson(instances)}::jsonb)
      as seen (id text, name text, project text, host text, status text)
    on conflict (session_id, id) do update
      set name = excluded.name, project_id = excluded.project_id, host = excluded.host, status = excluded.status,
          gone_at = null, updated_at = excluded.updated_at, changed = excluded.changed
      where (instance.name, instance.project_id, instance.host, instance.status, instance.gone_at)
        is distinct from (excluded.name, excluded.project_id, excluded.host, excluded.status, null)
  `.execute(trx);
}

async function markAlarmed(trx: Transaction, id: SessionId, projects: readonly string[]): Promise<void> {
  await sql`
    update project set alarmed = not alarmed
    where session_id = ${id} and alarmed <> (id = any(${projects}::text[]))
  `.execute(trx);
}

/** The row stays, with Nova's own word for what is no longer there. */
async function markGone(trx: Transaction, id: SessionId, gone: readonly string[], at: Date): Promise<void> {
  if (gone.length === 0) return;
  await trx
    .updateTable("instance")
    .set({ gone_at: at, host: null, status: "DELETED", updated_at: at, changed: nextJournalNumber(id) })
    .where("session_id", "=", id)
    .where("id", "=", sql<string>`any(${gone}::text[])`)
    .where("gone_at", "is", null)
    .execute();
}
