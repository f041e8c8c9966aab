import type { SessionId } from "../../domain/ids.ts";
import type { JournalEntry } from "../../domain/journal.ts";
import type { Receipt } from "../../domain/question.ts";
import { hasEffect } from "../../domain/reply.ts";
import type { GivenReply, ReplyPlace, Sessions } from "../../ports/sessions.ts";
import type { Database } from "./connect.ts";
import { appendJournal } from "./journal.ts";
import { toJson, toText } from "./json.ts";
import { hasProject } from "./projects.ts";
import { newestAboutInstances, newestQuestion } from "./questions.ts";
import { type AskedRow, toQuestion } from "./rows.ts";
import { lockSession } from "./session-lock.ts";
import { inTransaction, type Transaction } from "./transaction.ts";

/** Judged under the lock: of two replies that come at once, one has an effect (I5, I6). */
export const recordReply =
  (db: Database): Sessions["reply"] =>
  (id, place, reply, judge) =>
    inTransaction(db, async (trx) => {
      const session = await lockSession(trx, id);
      if (!session || session.removed_at !== null || !(await hasProject(trx, id, place.project))) return undefined;
      const newest = await newestQuestion(trx, id, place.project, place.instance);
      const begun = newest !== undefined && (await isBegun(trx, id, newest));
      const receipt = judge(newest ? toQuestion(newest) : null, reply, reply.at, begun);
      const counts = newest !== undefined && hasEffect(receipt);
      if (counts) await insertReply(trx, newest, reply);
      await appendJournal(trx, id, [repliedEntry(place, reply, receipt)], counts ? { dueAt: reply.at } : {});
      return receipt;
    });

export const latestQuestion =
  (db: Database): Sessions["latestQuestion"] =>
  async (id, { project, instance }) => {
    const session = await db.selectFrom("session").select("removed_at").where("id", "=", id).executeTakeFirst();
    if (!session || session.removed_at !== null || !(await hasProject(db, id, project))) return undefined;
    const newest = await newestQuestion(db, id, project, instance);
    return newest ? toQuestion(newest) : null;
  };

export const latestAboutInstances =
  (db: Database): Sessions["latestAboutInstances"] =>
  async (id, project) =>
    (await newestAboutInstances(db, id, project)).map(toQuestion);

/** Whether a move of the question's instance has been decided on: what its project says now comes after the fact. */
async function isBegun(trx: Transaction, id: SessionId, { entry, instance_id }: AskedRow): Promise<boolean> {
  if (instance_id === null) return false;
  const move = await trx
    .selectFrom("effect")
    .select("id")
    .where("session_id", "=", id)
    .where("entry", "=", entry)
    .where("kind", "=", "move_instance")
    .where("subject", "like", `${instance_id.replaceAll(/[\\%_]/g, "\\$&")}#%`)
    .limit(1)
    .executeTakeFirst();
  return move !== undefined;
}

/** The one before, if the project changed its mind, stays in the journal. */
async function insertReply(
  trx: Transaction,
  question: AskedRow,
  { answer, actions, reason, retryAt, at }: GivenReply,
): Promise<void> {
  const { session_id, entry, project_id, round } = question;
  const said = {
    answer,
    instance_actions: toJson(Object.fromEntries(actions)),
    reason: reason === null ? null : toText(reason),
    retry_at: retryAt,
    received_at: at,
  };
  await trx
    .insertInto("reply")
    .values({ session_id, entry, project_id, round, ...said })
    .onConflict((same) => same.columns(["session_id", "entry", "project_id", "round"]).doUpdateSet(said))
    .execute();
}

function repliedEntry(
  { project, instance }: ReplyPlace,
  { state, answer, actions, reason, retryAt, at }: GivenReply,
  receipt: Receipt,
): JournalEntry {
  const because = reason === null ? "" : `: ${reason}`;
  return {
    at,
    kind: hasEffect(receipt) ? "reply_recorded" : "reply_ignored",
    subject: project,
    text: toText(`${state}${instance === null ? "" : ` for ${instance}`}${whatBecame(receipt)}${because}`),
    data: { state, answer, instance, actions: Object.fromEntries(actions), reason, retryAt, receipt },
  };
}

function whatBecame(receipt: Receipt): string {
  switch (receipt.kind) {
    case "recorded":
      return "";
    case "changed":
      return " instead of what it said before";
    case "already_recorded":
      return " ignored, the project has replied before";
    case "too_late":
      return ` ignored, the reply was due by ${receipt.replyBy.toISOString()}`;
    case "out_of_turn":
      return receipt.expected === null
        ? " ignored, the project is asked nothing now"
        : ` ignored, the project is asked about ${receipt.expected} now`;
  }
}
