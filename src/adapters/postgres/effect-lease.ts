/** Who may write to an effect, and how safely it is written. */
import type { ClaimedEffect } from "../../ports/effects.ts";
import type { Database } from "./connect.ts";
import type { Transaction } from "./transaction.ts";

/** The effect, as long as a claim holds it. Every write of a worker goes through here: a stale one writes nothing (I11). */
export const heldBy = (db: Database, { id, token }: ClaimedEffect) =>
  db.updateTable("effect").where("id", "=", id).where("status", "=", "running").where("lease_token", "=", token);

/** True stays true until the transaction ends. */
export async function isHeldBy(trx: Transaction, { id, token }: ClaimedEffect): Promise<boolean> {
  const row = await trx
    .selectFrom("effect")
    .select("id")
    .where("id", "=", id)
    .where("status", "=", "running")
    .where("lease_token", "=", token)
    .forUpdate()
    .executeTakeFirst();
  return row !== undefined;
}

/**
 * A crash of the database server may undo that an effect was taken or ended half a second before: that saves a wait
 * for the disk for each, and performing it again is harmless, because performers look first. Only of a host action
 * nothing but our own record tells whether it was begun (I3), so that record is flushed to the disk.
 */
export const FLUSHED_KIND = "run_action";
