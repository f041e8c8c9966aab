import type { ProjectId, SessionId } from "../../domain/ids.ts";
import type { AskedQuestion } from "../../domain/question.ts";
import type { Database } from "./connect.ts";
import { type AskedRow, toQuestion } from "./rows.ts";

/** The questions of one entry, in the order in which they were asked. */
export async function readQuestions(db: Database, id: SessionId, entry: number): Promise<readonly AskedQuestion[]> {
  const rows = await questionsOf(db, id)
    .where("question.entry", "=", entry)
    .orderBy("question.asked_at")
    .orderBy("question.project_id")
    .orderBy("question.round")
    .execute();
  return rows.map(toQuestion);
}

/** The newest question to a project in the whole session, with its key. */
export const newestQuestion = (db: Database, id: SessionId, project: ProjectId): Promise<AskedRow | undefined> =>
  questionsOf(db, id)
    .where("question.project_id", "=", project)
    .orderBy("question.entry", "desc")
    .orderBy("question.round", "desc")
    .limit(1)
    .executeTakeFirst();

const questionsOf = (db: Database, id: SessionId) =>
  db
    .selectFrom("question")
    .leftJoin("reply", (join) =>
      join
        .onRef("reply.session_id", "=", "question.session_id")
        .onRef("reply.entry", "=", "question.entry")
        .onRef("reply.project_id", "=", "question.project_id")
        .onRef("reply.round", "=", "question.round"),
    )
    .selectAll("question")
    .select(["reply.answer", "reply.instance_actions", "reply.reason", "reply.received_at"])
    .where("question.session_id", "=", id);
