/** The instances of a session that the cloud still has; what a process knows already is not read again. */
import type { SessionId } from "../../domain/ids.ts";
import type { SessionInstance } from "../../domain/session.ts";
import { trusted } from "./json.ts";
import type { Recent } from "./recent.ts";
import type { Transaction } from "./transaction.ts";

export interface KnownInstances {
  /** The number of the newest journal entry when they were read: whatever is written later has a higher one. */
  readonly upTo: number;
  readonly instances: ReadonlyMap<string, SessionInstance>;
  readonly listed: readonly SessionInstance[];
}

const nothing: KnownInstances = { upTo: -1, instances: new Map(), listed: [] };

/** In the order in which they appeared. The session's row, whose newest journal entry is `upTo`, is locked. */
export async function readInstances(
  trx: Transaction,
  id: SessionId,
  upTo: number,
  cache: Recent<KnownInstances>,
): Promise<readonly SessionInstance[]> {
  const known = cache.get(id) ?? nothing;
  const rows = await trx
    .selectFrom("instance")
    .select(["id", "name", "project_id as project", "host", "status", "gone_at"])
    .where("session_id", "=", id)
    .where("changed", ">", known.upTo)
    .orderBy("created_at")
    .orderBy("id")
    .execute();
  if (rows.length === 0 && known.upTo >= 0) return known.listed;
  const instances = new Map(known.instances);
  for (const { gone_at: goneAt, ...row } of rows) {
    if (goneAt === null) instances.set(row.id, trusted(row));
    else instances.delete(row.id);
  }
  const listed = [...instances.values()];
  cache.keep(id, { upTo, instances, listed });
  return listed;
}
