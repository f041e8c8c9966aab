/** The instances of a session that the cloud still has; what a process knows already is not read again. */
import type { SessionId } from "../../domain/ids.ts";
import type { SessionInstance } from "../../domain/session.ts";
import { trusted } from "./json.ts";
import type { Recent } from "./recent.ts";
import type { Transaction } from "./transaction.ts";

export interface KnownInstances {
  /** The number of the newest journal entry when they were read: whatever is written later has a higher one. */
  upTo: number;
  readonly instances: Map<string, SessionInstance>;
  listed: readonly SessionInstance[];
}

/** In the order in which they appeared. The session's row, whose newest journal entry is `upTo`, is locked. */
export async function readInstances(
  trx: Transaction,
  id: SessionId,
  upTo: number,
  cache: Recent<KnownInstances>,
): Promise<readonly SessionInstance[]> {
  const known = cache.get(id) ?? { upTo: -1, instances: new Map<string, SessionInstance>(), listed: [] };
  const rows = await trx
    .selectFrom("instance")
    .select(["id", "name", "project_id as project", "host", "status", "gone_at"])
    .where("session_id", "=", id)
    .where("changed", ">", known.upTo)
    .orderBy("created_at")
    .orderBy("id")
    .execute();
  // A turn itself writes no instances, so all that is read here has been committed.
  for (const { gone_at: goneAt, ...row } of rows) {
    if (goneAt === null) known.instances.set(row.id, trusted(row));
    else known.instances.delete(row.id);
  }
  if (rows.length > 0) known.listed = [...known.instances.values()];
  known.upTo = upTo;
  cache.keep(id, known);
  return known.listed;
}
