/** An effect, as long as a claim holds it. Every write of a worker goes through here: a stale one writes nothing (I11). */
import type { ClaimedEffect } from "../../ports/effects.ts";
import type { Database } from "./connect.ts";
import type { Transaction } from "./transaction.ts";

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
