/** The payload of `maintenance.scheduled`, which asks a project or tells it that one instance is done (reference §3.3). */
import type { SessionId } from "../domain/ids.ts";
import type { MaintenanceScheduled } from "../domain/notification.ts";
import type { Links } from "./links.ts";
import { toMembers } from "./members.ts";
import { formatTimeOrNull } from "./times.ts";

export function scheduledPayload(notification: MaintenanceScheduled, session: SessionId, links: Links) {
  const { project, state, instances, instance, allowedActions, replyBy, actionsAt, metadata, missing, members } =
    notification;
  const place = { session, project, ...(instance === null ? {} : { instance }) };
  const link = replyBy === null ? links.project(session, project) : links.question(place, replyBy);
  return {
    service: "fenix",
    project_id: project,
    allowed_actions: allowedActions,
    // A list of many ids would not fit into an event alarm, so a project reads them where it replies. Managers of
    // workflow vnf expect the one id itself (reference §6.6).
    instance_ids: state === "INSTANCE_ACTION_DONE" || instance !== null ? instances : link,
    reply_url: link,
    actions_at: formatTimeOrNull(actionsAt),
    reply_at: formatTimeOrNull(replyBy),
    state,
    session_id: session,
    metadata,
    missing,
    ...toMembers(members),
  };
}
