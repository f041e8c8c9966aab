import { sql } from "kysely";
import type { SessionId } from "../../domain/ids.ts";
import type { Entry, Snapshot } from "../../domain/view.ts";
import { readFacts } from "./facts.ts";
import { readImpacted } from "./impacted.ts";
import { trusted } from "./json.ts";
import { readProjects } from "./projects.ts";
import { readQuestions } from "./questions.ts";
import { recordedColumns, toEffectRecord, toHost, toSession, waitingOf } from "./rows.ts";
import type { SessionCaches } from "./session-cache.ts";
import { readConstraints } from "./session-constraints.ts";
import type { SessionRow } from "./session-lock.ts";
import type { Transaction } from "./transaction.ts";

/** Everything a step may see. The session's row is locked, so what is the session's own is of one moment. */
export async function readSnapshot(
  trx: Transaction,
  row: SessionRow,
  now: Date,
  caches: SessionCaches,
): Promise<Snapshot> {
  const id = trusted<SessionId>(row.id);
  const entries = await readEntries(trx, id);
  const entry = entries.at(-1);
  if (!entry) throw new Error(`session ${id} never entered a state`);
  const constraints = await readConstraints(trx, id, caches.constraints);
  return {
    session: toSession(row),
    entry,
    entries,
    hosts: await readHosts(trx, id),
    projects: await readProjects(trx, id),
    instances: await readInstances(trx, id),
    facts: await readFacts(trx, id, caches.facts),
    constraints,
    impacted: await readImpacted(trx, constraints, now),
    effects: await readEffects(trx, id, entry.number),
    questions: await readQuestions(trx, id, entry.number),
    failure: trusted(row.failure),
    waiting: waitingOf(row),
  };
}

const readEntries = async (trx: Transaction, id: SessionId): Promise<readonly Entry[]> =>
  trx
    .selectFrom("state_entry")
    .select(["state", "number", "since"])
    .where("session_id", "=", id)
    .orderBy("number")
    .execute();

async function readHosts(trx: Transaction, id: SessionId): Promise<Snapshot["hosts"]> {
  const rows = await trx
    .selectFrom("host")
    .select(["name", "roles", "status", "closure"])
    .where("session_id", "=", id)
    .orderBy("name")
    .execute();
  return rows.map(toHost);
}

/** Those the cloud still has. */
async function readInstances(trx: Transaction, id: SessionId): Promise<Snapshot["instances"]> {
  const rows = await trx
    .selectFrom("instance")
    .select(["id", "name", "project_id as project", "host", "status"])
    .where("session_id", "=", id)
    .where("gone_at", "is", null)
    .orderBy("created_at")
    .orderBy("id")
    .execute();
  return trusted(rows);
}

/** Those of the present entry, and of earlier ones what is still under way. */
async function readEffects(trx: Transaction, id: SessionId, entry: number): Promise<Snapshot["effects"]> {
  const rows = await trx
    .selectFrom("effect")
    .select(recordedColumns)
    .where("session_id", "=", id)
    .where((eb) => eb.or([eb("entry", "=", entry), sql<boolean>`status in ('pending', 'running')`]))
    .orderBy("id")
    .execute();
  return rows.map(toEffectRecord);
}
