/**
 * `GET /v1/projects/{project_id}/sessions`: the sessions that concern a project, for a manager that looks by itself and
 * knows of none. Ours alone.
 */
import { z } from "zod";
import type { ProjectId } from "../domain/ids.ts";
import type { ProjectSession } from "../ports/reports.ts";
import type { Links } from "./links.ts";
import { OpenQuestion, toOpenQuestions } from "./project-instances.ts";
import { formatTime, Time } from "./times.ts";

export const ProjectSessions = z
  .object({
    project_id: z.string(),
    sessions: z.array(
      z.object({
        session_id: z.uuid(),
        workflow: z.string(),
        state: z.string().describe("the session's"),
        maintenance_at: Time,
        url: z.url().describe("what the session means for the project"),
        open_questions: z.array(OpenQuestion).describe("all that can be answered now"),
      }),
    ),
  })
  .meta({ id: "ProjectSessions" });

export const toProjectSessions = (
  project: ProjectId,
  { sessions, now }: { readonly sessions: readonly ProjectSession[]; readonly now: Date },
  links: Links,
): z.infer<typeof ProjectSessions> => ({
  project_id: project,
  sessions: sessions.map(({ id: session, workflow, state, maintenanceAt, unanswered }) => ({
    session_id: session,
    workflow,
    state,
    maintenance_at: formatTime(maintenanceAt),
    url: links.project(session, project),
    open_questions: toOpenQuestions({ session, project, unanswered, now }, links),
  })),
});
