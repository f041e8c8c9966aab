import type { InstanceId, ProjectId, SessionId } from "../../domain/ids.ts";
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

/**
 * The newest question to a project in the whole session, with its key: about this instance; with null, of those to the
 * project as a whole; with "any", of all.
 */
export const newestQuestion = (
  db: Database,
  id: SessionId,
  project: ProjectId,
  instance: InstanceId | null | "any",
): Promise<AskedRow | undefined> =>
  questionsOf(db, id)
    .where("question.project_id", "=", project)
    .$if(instance !== "any", (all) => all.where("question.instance_id", instance === null ? "is" : "=", instance))
    .orderBy("question.entry", "desc")
    .orderBy("question.round", "desc")
    .limit(1)
    .executeTakeFirst();

/** The newest question about each instance of a project, by instance. */
export const newestAboutInstances = (db: Database, id: SessionId, project: ProjectId): Promise<readonly AskedRow[]> =>
  questionsOf(db, id)
    .where("question.project_id", "=", project)
    .where("question.instance_id", "is not", null)
    .distinctOn("question.instance_id")
    .orderBy("question.instance_id")
    .orderBy("question.entry", "desc")
    .orderBy("question.round", "desc")
    .execute();

/** The questions to a project in this entry that have no reply yet, in the order in which they were asked. */
export async function openQuestions(
  db: Database,
  id: SessionId,
  project: ProjectId,
  entry: number,
): Promise<readonly AskedQuestion[]> {
  const rows = await questionsOf(db, id)
    .where("question.project_id", "=", project)
    .where("question.entry", "=", entry)
    .where("reply.answer", "is", null)
    .orderBy("question.round")
    .execute();
  return rows.map(toQuestion);
}

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
    .select(["reply.answer", "reply.instance_actions", "reply.reason", "reply.retry_at", "reply.received_at"])
    .where("question.session_id", "=", id);
