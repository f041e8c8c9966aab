import { sql } from "kysely";
import type { ProjectId, SessionId } from "../../domain/ids.ts";
import type { SessionProject } from "../../domain/session.ts";
import type { Database } from "./connect.ts";
import { trusted } from "./json.ts";

/** A project is managed when somebody hears its questions, or looks for them. */
export const isManaged = sql<boolean>`(
  project.alarmed
  or exists (select from polling_project where polling_project.project_id = project.id)
  or exists (
    select from webhook
    where webhook.project_id = project.id and webhook.off_at is null and 'maintenance.scheduled' = any(webhook.events)
  )
)`;

export async function readProjects(db: Database, id: SessionId): Promise<readonly SessionProject[]> {
  const rows = await db
    .selectFrom("project")
    .select(["id", isManaged.as("managed")])
    .where("session_id", "=", id)
    .orderBy("id")
    .execute();
  return trusted(rows);
}

export async function hasProject(db: Database, id: SessionId, project: ProjectId): Promise<boolean> {
  const row = await db
    .selectFrom("project")
    .select("id")
    .where("session_id", "=", id)
    .where("id", "=", project)
    .executeTakeFirst();
  return row !== undefined;
}
