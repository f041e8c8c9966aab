import { sql } from "kysely";
import type { HostName, SessionId } from "../../domain/ids.ts";
import type { HostStatus } from "../../domain/session.ts";
import type { Sessions } from "../../ports/sessions.ts";
import { Problem } from "../../problems.ts";
import type { Database } from "./connect.ts";
import { claimHosts, heldInWords } from "./host-claims.ts";
import { appendJournal } from "./journal.ts";
import { toJson, trusted } from "./json.ts";
import { lockSession, type SessionRow } from "./session-lock.ts";
import { inTransaction, type Transaction } from "./transaction.ts";

/** Puts a failed session that has come to rest into a state again, as a new entry with nothing asked or done yet. */
export const resumeSession =
  (db: Database): Sessions["resume"] =>
  (id, wanted, now) =>
    inTransaction(db, async (trx) => {
      const session = await lockSession(trx, id);
      if (!session || session.removed_at !== null) return false;
      if (session.failure === null || session.ended_at === null)
        throw new Problem("NOT_FAILED", `session ${id} is in ${session.state} and ${whyNotFailed(session)}`);
      const held = await claimHosts(trx, id, await hostsOf(trx, id));
      if (held.length > 0) throw new Problem("HOST_HELD", heldInWords(held));
      const state = wanted ?? (await stateBefore(trx, session));
      await reopen(trx, session, state, now);
      await unsettleHosts(trx, id, now);
      const text = `${state}: continued by the admin`;
      await appendJournal(trx, id, [{ at: now, kind: "session_continued", subject: null, text, data: { state } }]);
      return { state };
    });

const whyNotFailed = ({ failure }: SessionRow): string =>
  failure === null ? "has not failed" : "is still being brought to rest after its failure";

async function hostsOf(trx: Transaction, id: SessionId): Promise<readonly HostName[]> {
  const rows = await trx.selectFrom("host").select("name").where("session_id", "=", id).execute();
  return rows.map(({ name }) => trusted(name));
}

/** The state in which it failed: the one before the failed state, where it stands now. */
async function stateBefore(trx: Transaction, session: SessionRow): Promise<string> {
  const { state } = await trx
    .selectFrom("state_entry")
    .select("state")
    .where("session_id", "=", session.id)
    .where("number", "<", session.entry)
    .orderBy("number", "desc")
    .limit(1)
    .executeTakeFirstOrThrow();
  return state;
}

async function reopen(trx: Transaction, { id, entry }: SessionRow, state: string, now: Date): Promise<void> {
  const number = entry + 1;
  await trx
    .updateTable("session")
    .set({
      state,
      entry: number,
      failure: null,
      report: null,
      ended_at: null,
      wait_for: null,
      wait_until: null,
      wake_at: now,
      updated_at: now,
    })
    .where("id", "=", id)
    .execute();
  await trx.insertInto("state_entry").values({ session_id: id, number, state, since: now }).execute();
}

/** Hosts that failed or were skipped wait again; what is maintained stays maintained. */
async function unsettleHosts(trx: Transaction, id: SessionId, now: Date): Promise<void> {
  const waiting: HostStatus = { kind: "waiting" };
  await trx
    .updateTable("host")
    .set({ status: toJson(waiting), updated_at: now })
    .where("session_id", "=", id)
    .where(sql<boolean>`status ->> 'kind' in ('failed', 'skipped')`)
    .execute();
}
