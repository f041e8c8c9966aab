/**
 * Who may write to a session.
 *
 * Every transaction that changes anything of a session, its effects or its journal takes the session's row first and
 * whatever else afterwards: one order for all, so they wait for each other and never block each other for good.
 */
import { type Selectable, sql } from "kysely";
import type { SessionId } from "../../domain/ids.ts";
import type { Session as SessionTable } from "./schema.ts";
import type { Transaction } from "./transaction.ts";

export type SessionRow = Selectable<SessionTable>;

/** Waits for the row. Undefined: no such session. */
export const lockSession = (trx: Transaction, id: SessionId): Promise<SessionRow | undefined> =>
  trx.selectFrom("session").selectAll().where("id", "=", id).forUpdate().executeTakeFirst();

/**
 * Only one worker at a time takes turns of a session; false tells the others at once. Held until the transaction ends.
 *
 * The row's lock alone would not do: `skip locked` would also give up, until the next sweep, while an effect of the
 * session merely records its end for a millisecond.
 */
export async function tryTurnLock(trx: Transaction, id: SessionId): Promise<boolean> {
  const { rows } = await sql<{ mine: boolean }>`
    select pg_try_advisory_xact_lock(hashtextextended(${`turn of session ${id}`}, 0)) as mine
  `.execute(trx);
  return rows[0]?.mine ?? false;
}
