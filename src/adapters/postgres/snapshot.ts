import type { SessionId } from "../../domain/ids.ts";
import { withoutStrangers } from "../../domain/constraint.ts";
import type { Entry, Snapshot } from "../../domain/view.ts";
import { type KnownFacts, readFacts } from "./facts.ts";
import { readImpacted } from "./impacted.ts";
import { trusted } from "./json.ts";
import { type EntryEffects, readEffects } from "./known-effects.ts";
import { type KnownInstances, readInstances } from "./known-instances.ts";
import { type KnownCourses, readCourse } from "./planned-course.ts";
import { readProjects } from "./projects.ts";
import { readQuestions } from "./questions.ts";
import { Recent } from "./recent.ts";
import { toHost, toSession, waitingOf } from "./rows.ts";
import { type KnownConstraints, readConstraints } from "./session-constraints.ts";
import type { SessionRow } from "./session-lock.ts";
import type { Transaction } from "./transaction.ts";

/** What this process has read of sessions before. */
export interface Known {
  readonly facts: KnownFacts;
  readonly constraints: KnownConstraints;
  readonly effects: Recent<EntryEffects>;
  readonly instances: Recent<KnownInstances>;
  readonly courses: KnownCourses;
}

export const nothingKnown = (): Known => ({
  facts: new Recent(),
  constraints: new Recent(),
  effects: new Recent(),
  instances: new Recent(),
  courses: new Recent(),
});

/** Everything a step may see. The session's row is locked, so what is the session's own is of one moment. */
export async function readSnapshot(trx: Transaction, row: SessionRow, now: Date, known: Known): Promise<Snapshot> {
  const id = trusted<SessionId>(row.id);
  const entries = await readEntries(trx, id);
  const entry = entries.at(-1);
  if (!entry) throw new Error(`session ${id} never entered a state`);
  const instances = await readInstances(trx, id, row.journal_number, known.instances);
  const constraints = withoutStrangers(await readConstraints(trx, id, known.constraints), instances);
  return {
    session: toSession(row),
    entry,
    entries,
    hosts: await readHosts(trx, id),
    projects: await readProjects(trx, id),
    instances,
    facts: await readFacts(trx, id, known.facts),
    constraints,
    impacted: await readImpacted(trx, constraints, now),
    effects: await readEffects(trx, id, entry.number, known.effects),
    questions: await readQuestions(trx, id, entry.number),
    plan: await readCourse(trx, id, row.plan_digest, known.courses),
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
