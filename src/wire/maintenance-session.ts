/** The payload of `maintenance.session`: the session moved on (reference §3.4). */
import type { ProjectId, SessionId } from "../domain/ids.ts";
import type { MaintenanceSession } from "../domain/notification.ts";

export const sessionPayload = (
  { state, percentDone }: MaintenanceSession,
  session: SessionId,
  project: ProjectId | null,
) => ({ percent_done: percentDone, project_id: project, session_id: session, state, service: "fenix" });
