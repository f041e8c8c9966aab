/** The journal of a session: numbered under the lock of the session's row, so numbers are in commit order (I13). */
import { sql } from "kysely";
import type { SessionId } from "../../domain/ids.ts";
import type { JournalEntry } from "../../domain/journal.ts";
import { toJson } from "./json.ts";
import type { Transaction } from "./transaction.ts";

export async function appendJournal(
  trx: Transaction,
  session: SessionId,
  entries: readonly JournalEntry[],
): Promise<void> {
  if (entries.length === 0) return;
  const rows = entries.map((entry, index) => ({ ...entry, position: index + 1 }));
  await sql`
    with numbered as (
      update session set journal_number = journal_number + ${entries.length}
      where id = ${session}
      returning id, journal_number - ${entries.length} as last
    )
    insert into journal (session_id, number, at, kind, subject, text, data)
    select numbered.id, numbered.last + entry.position, entry.at, entry.kind, entry.subject, entry.text, entry.data
    from numbered, jsonb_to_recordset(${toJson(rows)}::jsonb)
      as entry (position integer, at timestamptz, kind text, subject text, text text, data jsonb)
  `.execute(trx);
}
