/** What a notification says, in the published names (reference §3.3, §3.4), whatever carries it. */
import type { ProjectId, SessionId } from "../domain/ids.ts";
import type { Notification } from "../domain/notification.ts";
import type { Links } from "./links.ts";
import { hostPayload } from "./maintenance-host.ts";
import { scheduledPayload } from "./maintenance-scheduled.ts";
import { sessionPayload } from "./maintenance-session.ts";

export interface Event {
  /** The same for every try and every receiver. */
  readonly messageId: string;
  readonly generated: Date;
  readonly session: SessionId;
  readonly notification: Notification;
}

export type Payload = Readonly<Record<string, unknown>>;

/** `project` is the receiver's. */
export function payloadOf({ notification, session }: Event, project: ProjectId | null, links: Links): Payload {
  switch (notification.type) {
    case "maintenance.scheduled":
      return scheduledPayload(notification, session, links);
    case "maintenance.host":
      return hostPayload(notification, session, project);
    case "maintenance.session":
      return sessionPayload(notification, session, project);
  }
}
