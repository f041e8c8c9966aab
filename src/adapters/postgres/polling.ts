import type { Polling } from "../../ports/polling.ts";
import type { Database } from "./connect.ts";

export const postgresPolling = (db: Database): Polling => ({
  since: async (project) => {
    const row = await db
      .selectFrom("polling_project")
      .select("declared_at")
      .where("project_id", "=", project)
      .executeTakeFirst();
    return row?.declared_at ?? null;
  },
  declare: async (project, at) => {
    await db
      .insertInto("polling_project")
      .values({ project_id: project, declared_at: at })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  },
  takeBack: async (project) => {
    await db.deleteFrom("polling_project").where("project_id", "=", project).execute();
  },
});
