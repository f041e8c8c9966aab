/** Records how an effect ended, together with everything that follows from it for the session. */
import { sql } from "kysely";
import type { SessionId } from "../../domain/ids.ts";
import type { ClaimedEffect, Consequences, EffectEnd, Effects } from "../../ports/effects.ts";
import type { Database } from "./connect.ts";
import { insertHosts } from "./create-session.ts";
import { FLUSHED_KIND, heldBy, isHeldBy } from "./effect-lease.ts";
import { writeFacts } from "./facts.ts";
import { claimHosts, heldInWords } from "./host-claims.ts";
import { appendJournal } from "./journal.ts";
import { toJson, toText } from "./json.ts";
import { lockSession } from "./session-lock.ts";
import { commitWithoutFlush, inTransaction, type Transaction } from "./transaction.ts";

export const finishEffect =
  (db: Database): Effects["finish"] =>
  (claimed, end) =>
    inTransaction(db, async (trx) => {
      const { id } = claimed.session;
      if (claimed.effect.kind !== FLUSHED_KIND) await commitWithoutFlush(trx);
      await lockSession(trx, id);
      if (end.consequences.hosts && !(await isHeldBy(trx, claimed))) return false;
      const { at, status, consequences, journal } = await claimFoundHosts(trx, claimed, end);
      if (!(await writeEnd(trx, claimed, status, consequences.output))) return false;
      await applyConsequences(trx, id, consequences, at);
      await appendJournal(trx, id, journal, { dueAt: at });
      return true;
    });

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

/** False: the lease was lost, and nothing is written. */
async function writeEnd(
  trx: Transaction,
  claimed: ClaimedEffect,
  status: EffectEnd["status"],
  output?: string,
): Promise<boolean> {
  const { numUpdatedRows } = await heldBy(trx, claimed)
    .set({
      status: status.kind,
      ended_at: status.at,
      ...(status.kind === "done"
        ? { outcome: toJson(status.outcome), reason: null }
        : { reason: toText(status.reason) }),
      ...(output === undefined ? {} : { output: toText(output) }),
      postponed_since: null,
      lease_token: null,
      lease_until: null,
    })
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

async function applyConsequences(trx: Transaction, id: SessionId, consequences: Consequences, at: Date): Promise<void> {
  const { facts, hosts, instances, gone, closure, place } = consequences;
  if (facts) await writeFacts(trx, id, facts, at);
  if (hosts) await insertHosts(trx, id, hosts, at);
  if (instances) await upsertInstances(trx, id, instances, at);
  if (gone) await markGone(trx, id, gone, at);
  if (closure) {
    await trx
      .updateTable("host")
      .set({ closure: closure.closure, updated_at: at })
      .where("session_id", "=", id)
      .where("name", "=", closure.host)
      .execute();
  }
  if (place) {
    await trx
      .updateTable("instance")
      .set({ host: place.host, updated_at: at })
      .where("session_id", "=", id)
      .where("id", "=", place.instance)
      .execute();
  }
}

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
    insert into instance (session_id, id, name, project_id, host, status, created_at, updated_at)
    select ${id}, id, name, project, host, status, ${at}, ${at}
    from jsonb_to_recordset(${toJson(instances)}::jsonb)
      as seen (id text, name text, project text, host text, status text)
    on conflict (session_id, id) do update
      set name = excluded.name, project_id = excluded.project_id, host = excluded.host, status = excluded.status,
          gone_at = null, updated_at = excluded.updated_at
      where (instance.name, instance.project_id, instance.host, instance.status, instance.gone_at)
        is distinct from (excluded.name, excluded.project_id, excluded.host, excluded.status, null)
  `.execute(trx);
}

/** The row stays, with Nova's own word for what is no longer there. */
async function markGone(trx: Transaction, id: SessionId, gone: readonly string[], at: Date): Promise<void> {
  if (gone.length === 0) return;
  await trx
    .updateTable("instance")
    .set({ gone_at: at, host: null, status: "DELETED", updated_at: at })
    .where("session_id", "=", id)
    .where("id", "=", sql<string>`any(${gone}::text[])`)
    .where("gone_at", "is", null)
    .execute();
}
