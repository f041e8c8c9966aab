import { sql } from "kysely";
import { foundInShort, type KnownHost } from "../../domain/cloud.ts";
import type { SessionId } from "../../domain/ids.ts";
import type { HostStatus } from "../../domain/session.ts";
import type { NewSession, Sessions } from "../../ports/sessions.ts";
import { Problem } from "../../problems.ts";
import type { Database } from "./connect.ts";
import { claimHosts, heldInWords } from "./host-claims.ts";
import { appendJournal } from "./journal.ts";
import { toJson } from "./json.ts";
import { inTransaction, type Transaction } from "./transaction.ts";

export const createSession =
  (db: Database): Sessions["create"] =>
  (created, { maxSessions }) =>
    inTransaction(db, async (trx) => {
      await refuseTooMany(trx, maxSessions);
      await insertSession(trx, created);
      const { session, hosts, at } = created;
      if (hosts !== null) {
        const held = await claimHosts(
          trx,
          session.id,
          hosts.map(({ name }) => name),
        );
        if (held.length > 0) throw new Problem("HOST_HELD", heldInWords(held), { field: "hosts" });
        await insertHosts(trx, session.id, hosts, at);
      }
      await appendJournal(trx, session.id, [createdEntry(created)]);
    });

/** Counts under a lock: of two sessions created at once for the last place, one is refused. */
async function refuseTooMany(trx: Transaction, max: number): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended('creation of sessions', 0))`.execute(trx);
  const { open } = await trx
    .selectFrom("session")
    .select(({ fn }) => fn.countAll<number>().as("open"))
    .where("ended_at", "is", null)
    .executeTakeFirstOrThrow();
  if (open >= max)
    throw new Problem("TOO_MANY_SESSIONS", `${open} sessions have not ended yet, and ${max} are allowed`);
}

async function insertSession(
  trx: Transaction,
  { session, initialState, requestedHosts, at }: NewSession,
): Promise<void> {
  await trx
    .insertInto("session")
    .values({
      id: session.id,
      workflow: session.workflow,
      state: initialState,
      entry: 1,
      maintenance_at: session.maintenanceAt,
      metadata: toJson(session.metadata),
      options: toJson(session.options),
      actions: toJson(session.actions),
      requested_hosts: [...requestedHosts],
      plan_digest: session.planDigest,
      wake_at: at,
      created_at: at,
      updated_at: at,
    })
    .execute();
  await trx
    .insertInto("state_entry")
    .values({ session_id: session.id, number: 1, state: initialState, since: at })
    .execute();
}

/** Hosts come into a session waiting. One that is closed already was closed by others, and stays so (I4). */
export async function insertHosts(
  trx: Transaction,
  session: SessionId,
  hosts: readonly KnownHost[],
  at: Date,
): Promise<void> {
  const waiting: HostStatus = { kind: "waiting" };
  const rows = hosts.map(({ name, roles, door }) => ({
    name,
    roles,
    closure: door?.kind === "closed" ? "closed_by_others" : "open",
  }));
  await sql`
    insert into host (session_id, name, roles, status, closure, created_at, updated_at)
    select ${session}, name, roles, ${toJson(waiting)}::jsonb, closure, ${at}, ${at}
    from jsonb_to_recordset(${toJson(rows)}::jsonb) as host (name text, roles text[], closure text)
  `.execute(trx);
}

function createdEntry({ session, initialState, hosts, requestedHosts, at }: NewSession) {
  const about = hosts === null ? "hosts not known yet" : `${hosts.length} hosts`;
  const by = session.planDigest === null ? "" : `, by plan ${session.planDigest}`;
  return {
    at,
    kind: "session_created",
    subject: null,
    text: `${initialState}: created with workflow ${session.workflow}, ${about}${by}`,
    data: {
      state: initialState,
      workflow: session.workflow,
      hosts: hosts?.map(({ name }) => name) ?? null,
      // What the verifier judges the session by, hosts' state at the start included.
      found: hosts === null ? null : foundInShort(hosts),
      requestedHosts,
      maintenanceAt: session.maintenanceAt.toISOString(),
      options: session.options,
      ...(session.planDigest !== null && { planDigest: session.planDigest }),
    },
  } as const;
}
