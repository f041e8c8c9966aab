/**
 * The effects that a step may see. An effect that has ended never changes again, and an entry of a large session has
 * tens of thousands of them: a process that has read some reads only those that are new or had not ended.
 */
import { sql } from "kysely";
import type { SessionId } from "../../domain/ids.ts";
import { isUnderWay } from "../../domain/effect.ts";
import type { Snapshot } from "../../domain/view.ts";
import type { Recent } from "./recent.ts";
import { recordedColumns, toEffectRecord } from "./rows.ts";
import type { Transaction } from "./transaction.ts";

type Recorded = Snapshot["effects"][number];

/** Of one entry, and what was under way before it; in the order of their ids. */
export interface EntryEffects {
  readonly entry: number;
  newest: number;
  readonly records: Map<number, Recorded>;
  /** Of these, what had not ended when it was read. */
  readonly open: Set<number>;
}

/** Those of the present entry, and of earlier ones what is still under way. The session's row is locked. */
export async function readEffects(
  trx: Transaction,
  id: SessionId,
  entry: number,
  cache: Recent<EntryEffects>,
): Promise<Snapshot["effects"]> {
  const cached = cache.get(id);
  const known: EntryEffects =
    cached?.entry === entry ? cached : { entry, newest: 0, records: new Map(), open: new Set() };
  const { records, open } = known;
  const rows = await trx
    .selectFrom("effect")
    .select([...recordedColumns, "id"])
    .where("session_id", "=", id)
    .where((eb) => eb.or([eb("entry", "=", entry), sql<boolean>`status in ('pending', 'running')`]))
    .where(sql<boolean>`(id > ${known.newest} or id = any(${[...open]}::bigint[]))`)
    .orderBy("id")
    .execute();
  // What the turn itself records is read by the next one, so all that is read here has been committed.
  const seen = new Set(rows.map((row) => row.id));
  for (const effect of open) {
    if (seen.has(effect)) continue;
    // One of an earlier entry that has ended is no longer of interest.
    records.delete(effect);
    open.delete(effect);
  }
  for (const row of rows) {
    const record = toEffectRecord(row);
    records.set(row.id, record);
    if (isUnderWay(record)) open.add(row.id);
    else open.delete(row.id);
  }
  known.newest = Math.max(known.newest, rows.at(-1)?.id ?? 0);
  cache.keep(id, known);
  return [...records.values()];
}
