/** What Fenix tells others (reference §3). Kept in the domain's words; `src/wire` gives them their published shape. */
import type { HostName, InstanceId, ProjectId } from "./ids.ts";
import type { AskedState, MembersWanted } from "./question.ts";
import type { Resources } from "./resources.ts";
import type { InstanceAction } from "./session.ts";

/** To a project's manager: a question, or the news that one instance has been moved (INSTANCE_ACTION_DONE). */
export interface MaintenanceScheduled {
  readonly type: "maintenance.scheduled";
  readonly project: ProjectId;
  readonly state: AskedState | "INSTANCE_ACTION_DONE";
  readonly instances: readonly InstanceId[];
  /** The one instance that is asked about, with a link of its own; null otherwise. */
  readonly instance: InstanceId | null;
  readonly allowedActions: readonly InstanceAction[];
  /** Null when no reply is expected. */
  readonly replyBy: Date | null;
  readonly actionsAt: Date | null;
  readonly missing: Resources | null;
  /** Only with SCALE_IN: what would make the room, as far as that is known. */
  readonly members?: readonly MembersWanted[];
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** To infrastructure services: a host is down on purpose, or back; it is new in the cloud, or has left it. */
export interface MaintenanceHost {
  readonly type: "maintenance.host";
  readonly host: HostName;
  readonly state: HostNews;
}

export type HostNews = "IN_MAINTENANCE" | "MAINTENANCE_COMPLETE" | "HOST_ADDED" | "HOST_REMOVED";

/** To admins: the session moved on. */
export interface MaintenanceSession {
  readonly type: "maintenance.session";
  readonly state: string;
  /** Hosts maintained, in whole percent of the session's hosts. */
  readonly percentDone: number;
  /** When all hosts will be done, as likely as not and with a chance of 95 %; missing where it is not foretold. */
  readonly eta?: { readonly p50: Date; readonly p95: Date };
}

export type Notification = MaintenanceScheduled | MaintenanceHost | MaintenanceSession;
export type EventType = Notification["type"];
export const eventTypes = ["maintenance.scheduled", "maintenance.host", "maintenance.session"] as const;
