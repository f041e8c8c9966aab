/** What people and programs read of sessions. A removed session is not found. */
import type { PluginName, SessionId } from "../../domain/ids.ts";
import type { NumberedEntry, Reports } from "../../ports/reports.ts";
import type { Database } from "./connect.ts";
import { trusted } from "./json.ts";
import { newestQuestion, openQuestions } from "./questions.ts";
import { readNotifications } from "./report-notifications.ts";
import { readDetail } from "./report-detail.ts";
import { toQuestion } from "./rows.ts";
import { isThere, summaries, toSummary } from "./report-summary.ts";

export const postgresReports = (db: Database): Reports => ({
  list: async () => {
    const rows = await summaries(db).orderBy("session.created_at").orderBy("session.id").execute();
    return rows.map(toSummary);
  },
  summary: async (id) => {
    const row = await summaries(db).where("session.id", "=", id).executeTakeFirst();
    return row && toSummary(row);
  },
  detail: (id) => readDetail(db, id),
  timeline: readTimeline(db),
  notifications: (id, wanted) => readNotifications(db, id, wanted),
  project: readProject(db),
  ofProject: readOfProject(db),
});

const readTimeline =
  (db: Database): Reports["timeline"] =>
  async (id, after, limit) => {
    if (!(await isThere(db, id))) return undefined;
    const rows = await db
      .selectFrom("journal")
      .select(["number", "at", "kind", "subject", "text", "data"])
      .where("session_id", "=", id)
      .where("number", ">", after)
      .orderBy("number")
      .limit(limit)
      .execute();
    return rows.map(({ data, ...entry }) => trusted<NumberedEntry>(data === null ? entry : { ...entry, data }));
  };

const readOfProject =
  (db: Database): Reports["ofProject"] =>
  async (project) => {
    const rows = await db
      .selectFrom("project")
      .innerJoin("session", "session.id", "project.session_id")
      .select(["session.id", "session.workflow", "session.state", "session.entry", "session.maintenance_at"])
      .where("project.id", "=", project)
      .where("session.removed_at", "is", null)
      .where("session.ended_at", "is", null)
      .orderBy("session.created_at")
      .orderBy("session.id")
      .execute();
    return Promise.all(
      rows.map(async ({ id, workflow, state, entry, maintenance_at }) => ({
        id: trusted<SessionId>(id),
        workflow: trusted<PluginName>(workflow),
        state,
        maintenanceAt: maintenance_at,
        unanswered: await openQuestions(db, trusted(id), project, entry),
      })),
    );
  };

const readProject =
  (db: Database): Reports["project"] =>
  async (id, project) => {
    const row = await db
      .selectFrom("project")
      .innerJoin("session", "session.id", "project.session_id")
      .select(["session.state", "session.entry"])
      .where("session.removed_at", "is", null)
      .where("project.session_id", "=", id)
      .where("project.id", "=", project)
      .executeTakeFirst();
    if (!row) return undefined;
    const instances = await db
      .selectFrom("instance")
      .select("id")
      .where("session_id", "=", id)
      .where("project_id", "=", project)
      .where("gone_at", "is", null)
      .orderBy("created_at")
      .orderBy("id")
      .execute();
    const newest = await newestQuestion(db, id, project, "any");
    return {
      state: row.state,
      instances: instances.map((instance) => trusted(instance.id)),
      question: newest ? toQuestion(newest) : null,
      unanswered: await openQuestions(db, id, project, row.entry),
    };
  };
