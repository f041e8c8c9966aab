/** The payload of `maintenance.host`: a host is down on purpose, back, added or removed (reference §3.4). */
import type { ProjectId, SessionId } from "../domain/ids.ts";
import type { MaintenanceHost } from "../domain/notification.ts";

/** `project` is the receiver's: event alarms belong to a project and hear of nothing else (reference §7.1, B25). */
export const hostPayload = ({ host, state }: MaintenanceHost, session: SessionId, project: ProjectId | null) => ({
  service: "fenix",
  host,
  project_id: project,
  session_id: session,
  state,
});
