/**
 * Tells the journal what a turn knows of the cloud, before it tells what the turn decided: in full at the first look, and
 * what has changed after each later one, or when a manager has declared something else.
 */
import { noConstraints } from "../../domain/constraint.ts";
import type { SessionId } from "../../domain/ids.ts";
import { type Ledger, ledgerChanges, ledgerOf, tellingInWords } from "../../domain/ledger.ts";
import { appendJournal } from "./journal.ts";
import { toJson, trusted } from "./json.ts";
import type { SessionRow } from "./session-lock.ts";
import type { Known } from "./snapshot.ts";
import type { Transaction } from "./transaction.ts";

/** The session's snapshot has been read in this transaction, so what is known of it is the newest. */
export async function tellCloud(trx: Transaction, row: SessionRow, known: Known, at: Date): Promise<void> {
  const id = trusted<SessionId>(row.id);
  const seen = known.facts.get(id);
  // Declarations without a version are those of nobody.
  const { version, constraints } = known.constraints.get(id) ?? { version: 0, constraints: noConstraints };
  if (!seen || (seen.look === row.told_look && version === row.told_constraints)) return;
  const { told } = await trx
    .selectFrom("observation")
    .select("told")
    .where("session_id", "=", id)
    .executeTakeFirstOrThrow();
  const before = trusted<Ledger | null>(told);
  const after = ledgerOf(seen.facts, constraints);
  const changes = ledgerChanges(before, after);
  await trx
    .updateTable("observation")
    .set({ told: toJson(after) })
    .where("session_id", "=", id)
    .execute();
  await trx
    .updateTable("session")
    .set({ told_look: seen.look, told_constraints: version })
    .where("id", "=", id)
    .execute();
  // A declaration that limits nothing anew is no news; a look is, since what it found unchanged is certain again.
  if (seen.look === row.told_look && Object.keys(changes).length === 0) return;
  const data = { look: seen.look, full: before === null, ...changes };
  await appendJournal(trx, id, [
    { at, kind: "cloud_seen", subject: null, text: tellingInWords(before, changes), data },
  ]);
}
