import type { ProjectId } from "../../domain/ids.ts";
import type { JournalEntry } from "../../domain/journal.ts";
import type { Receipt } from "../../domain/question.ts";
import type { GivenReply, Sessions } from "../../ports/sessions.ts";
import type { Database } from "./connect.ts";
import { appendJournal } from "./journal.ts";
import { toJson, toText } from "./json.ts";
import { hasProject } from "./projects.ts";
import { newestQuestion } from "./questions.ts";
import { type AskedRow, toQuestion } from "./rows.ts";
import { lockSession } from "./session-lock.ts";
import { inTransaction, type Transaction } from "./transaction.ts";

/** Judged under the lock: of two replies that come at once, one has an effect (I5, I6). */
export const recordReply =
  (db: Database): Sessions["reply"] =>
  (id, project, reply, judge) =>
    inTransaction(db, async (trx) => {
      const session = await lockSession(trx, id);
      if (!session || session.removed_at !== null || !(await hasProject(trx, id, project))) return undefined;
      const newest = await newestQuestion(trx, id, project);
      const receipt = judge(newest ? toQuestion(newest) : null, reply, reply.at);
      const counts = newest !== undefined && receipt.kind === "recorded";
      if (counts) await insertReply(trx, newest, reply);
      await appendJournal(trx, id, [repliedEntry(project, reply, receipt)], counts ? { dueAt: reply.at } : {});
      return receipt;
    });

export const latestQuestion =
  (db: Database): Sessions["latestQuestion"] =>
  async (id, project) => {
    const session = await db.selectFrom("session").select("removed_at").where("id", "=", id).executeTakeFirst();
    if (!session || session.removed_at !== null || !(await hasProject(db, id, project))) return undefined;
    const newest = await newestQuestion(db, id, project);
    return newest ? toQuestion(newest) : null;
  };

async function insertReply(
  trx: Transaction,
  question: AskedRow,
  { answer, actions, reason, at }: GivenReply,
): Promise<void> {
  const { session_id, entry, project_id, round } = question;
  await trx
    .insertInto("reply")
    .values({
      ...{ session_id, entry, project_id, round },
      answer,
      instance_actions: toJson(Object.fromEntries(actions)),
      reason: reason === null ? null : toText(reason),
      received_at: at,
    })
    .execute();
}

function repliedEntry(
  project: ProjectId,
  { state, answer, actions, reason, at }: GivenReply,
  receipt: Receipt,
): JournalEntry {
  const because = reason === null ? "" : `: ${reason}`;
  return {
    at,
    kind: receipt.kind === "recorded" ? "reply_recorded" : "reply_ignored",
    subject: project,
    text: toText(`${state}${ignoredBecause(receipt)}${because}`),
    data: { state, answer, actions: Object.fromEntries(actions), reason, receipt },
  };
}

function ignoredBecause(receipt: Receipt): string {
  switch (receipt.kind) {
    case "recorded":
      return "";
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
