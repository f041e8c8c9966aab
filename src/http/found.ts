/** A report that is there, or a 404 that says what is not. */
import type { ProjectId, SessionId } from "../domain/ids.ts";
import { Problem } from "../problems.ts";

export function foundSession<Report>({ session_id }: { session_id: SessionId }, report: Report | undefined): Report {
  if (report === undefined) throw new Problem("SESSION_NOT_FOUND", `there is no session ${session_id}`);
  return report;
}

export const projectMissing = ({ project_id }: { project_id: ProjectId }): Problem =>
  new Problem("PROJECT_NOT_FOUND", `project ${project_id} has no instances in this session`);
