/** Who may write to an effect, and how safely it is written. */
import { sql } from "kysely";
import type { ClaimedEffect, EffectId } from "../../ports/effects.ts";
import type { Database } from "./connect.ts";

/** The effect, as long as a claim holds it. Every write of a worker goes through here: a stale one writes nothing (I11). */
export const heldBy = (db: Database, { id, token }: ClaimedEffect) =>
  db.updateTable("effect").where("id", "=", id).where("status", "=", "running").where("lease_token", "=", token);

/**
 * Locks those of the effects that their claims still hold, and answers their ids and tokens.
 *
 * In the order of their ids, by whoever locks several: a renewal does not take the session's row, so nothing but this order
 * keeps it and the end of the same effects from waiting for each other for good. An update by itself locks in whatever
 * order its plan comes by the rows.
 */
export const lockHeldInOrder = (claims: readonly Pick<ClaimedEffect, "id" | "token">[]) => sql<HeldRow>`
  select id, lease_token as token
  from effect
  -- By ids, of which the planner knows how many these are. A token is of one claim of one effect.
  where id = any(${claims.map(({ id }) => id)}::bigint[]) and status = 'running'
    and lease_token = any(${claims.map(({ token }) => token)}::uuid[])
  order by id
  for update
`;

interface HeldRow {
  readonly id: EffectId;
  readonly token: string;
}

/**
 * A crash of the database server may undo that an effect was taken or ended half a second before: that saves a wait
 * for the disk for each, and performing it again is harmless, because performers look first. Only of a host action
 * nothing but our own record tells whether it was begun (I3), so that record is flushed to the disk.
 */
export const FLUSHED_KIND = "run_action";
