import type { Sessions } from "../../ports/sessions.ts";
import type { Database } from "./connect.ts";
import { createSession } from "./create-session.ts";
import { appendJournal } from "./journal.ts";
import type { Channels } from "./record.ts";
import { latestAboutInstances, latestQuestion, recordReply } from "./reply.ts";
import { resumeSession } from "./resume.ts";
import { lockSession } from "./session-lock.ts";
import { nothingKnown } from "./snapshot.ts";
import { inTransaction } from "./transaction.ts";
import { inTurn } from "./turn.ts";

export function postgresSessions(db: Database, channels: Channels): Sessions {
  const known = nothingKnown();
  return {
    create: createSession(db),
    inTurn: inTurn(db, known, channels),
    latestQuestion: latestQuestion(db),
    latestAboutInstances: latestAboutInstances(db),
    reply: recordReply(db),
    resume: resumeSession(db),
    remove: removeSession(db),
  };
}

/** From now on nobody finds the session, except the engine, which winds it up. */
const removeSession =
  (db: Database): Sessions["remove"] =>
  (id, now) =>
    inTransaction(db, async (trx) => {
      const session = await lockSession(trx, id);
      if (!session || session.removed_at !== null) return false;
      await trx.updateTable("session").set({ removed_at: now, updated_at: now }).where("id", "=", id).execute();
      const text = `deleted by the admin in ${session.state}`;
      await appendJournal(trx, id, [{ at: now, kind: "session_deleted", subject: null, text }], { dueAt: now });
      return true;
    });
