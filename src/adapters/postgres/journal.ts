/**
 * The journal of a session: numbered under the lock of the session's row, so numbers are in commit order (I13). The
 * caller holds that lock.
 */
import { sql } from "kysely";
import type { SessionId } from "../../domain/ids.ts";
import type { JournalEntry } from "../../domain/journal.ts";
import { toJson } from "./json.ts";
import type { Transaction } from "./transaction.ts";

/** With `dueAt`, what happened makes the session due, unless it has ended: its next turn shall see it. */
export async function appendJournal(
  trx: Transaction,
  session: SessionId,
  entries: readonly JournalEntry[],
  { dueAt = null }: { readonly dueAt?: Date | null } = {},
): Promise<void> {
  if (entries.length === 0 && dueAt === null) return;
  const rows = entries.map((entry, index) => ({ ...entry, position: index + 1 }));
  await sql`
    with numbered as (
      update session
      set journal_number = journal_number + ${entries.length},
          -- The earlier of the two; a time that is null does not count.
          wake_at = case when ended_at is null then least(wake_at, ${dueAt}::timestamptz) end,
          updated_at = coalesce(${dueAt}::timestamptz, updated_at)
      where id = ${session}
      returning id, journal_number - ${entries.length} as last
    )
    insert into journal (session_id, number, at, kind, subject, text, data)
    select numbered.id, numbered.last + entry.position, entry.at, entry.kind, entry.subject, entry.text, entry.data
    from numbered, jsonb_to_recordset(${toJson(rows)}::jsonb)
      as entry (position integer, at timestamptz, kind text, subject text, text text, data jsonb)
  `.execute(trx);
}
