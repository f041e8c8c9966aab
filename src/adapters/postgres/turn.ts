/** One turn of a session: its row is locked, it looks at itself, it records what it decided. */
import type { OpenSession, Sessions } from "../../ports/sessions.ts";
import type { Database } from "./connect.ts";
import { plannedCloud } from "./plans.ts";
import { type Channels, recordChanges } from "./record.ts";
import { readPace } from "./report-pace.ts";
import { lockSession, tryTurnLock } from "./session-lock.ts";
import { type Known, readSnapshot } from "./snapshot.ts";
import { tellCloud } from "./told-cloud.ts";

export const inTurn =
  (db: Database, known: Known, channels: Channels): Sessions["inTurn"] =>
  (id, now, turn) =>
    // Not tried again when another transaction got in the way: what `turn` did outside cannot be taken back.
    db.transaction().execute(async (trx) => {
      if (!(await tryTurnLock(trx, id))) return false;
      const row = await lockSession(trx, id);
      if (!row || row.ended_at !== null || row.wake_at === null || row.wake_at > now) return false;
      const open: OpenSession = {
        removed: row.removed_at !== null,
        snapshot: () => readSnapshot(trx, row, now, known),
        plannedCloud: () => plannedCloud(trx, row.plan_digest),
        pace: () => readPace(trx, id),
        record: async (changes) => {
          await tellCloud(trx, row, known, changes.at);
          return recordChanges(trx, row, changes, channels);
        },
      };
      await turn(open);
      return true;
    });
