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
  readonly newest: number;
  readonly records: Map<number, Recorded>;
}

/** Those of the present entry, and of earlier ones what is still under way. The session's row is locked. */
export async function readEffects(
  trx: Transaction,
  id: SessionId,
  entry: number,
  cache: Recent<EntryEffects>,
): Promise<Snapshot["effects"]> {
  const cached = cache.get(id);
  const known: EntryEffects = cached?.entry === entry ? cached : { entry, newest: 0, records: new Map() };
  const open = [...known.records].flatMap(([effect, record]) => (isUnderWay(record) ? [effect] : []));
  const rows = await trx
    .selectFrom("effect")
    .select([...recordedColumns, "id"])
    .where("session_id", "=", id)
    .where((eb) => eb.or([eb("entry", "=", entry), sql<boolean>`status in ('pending', 'running')`]))
    .where(sql<boolean>`(id > ${known.newest} or id = any(${open}::bigint[]))`)
    .orderBy("id")
    .execute();
  const records = new Map(known.records);
  const seen = new Set(rows.map((row) => row.id));
  // One of an earlier entry that has ended is no longer of interest.
  for (const effect of open) if (!seen.has(effect)) records.delete(effect);
  for (const row of rows) records.set(row.id, toEffectRecord(row));
  const newest = Math.max(known.newest, rows.at(-1)?.id ?? 0);
  cache.keep(id, { entry, newest, records });
  return [...records.values()];
}
