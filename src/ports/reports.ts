/** What people and programs may read of sessions. Read only; never used to decide. */
import type { HostName, InstanceId, PluginName, ProjectId, SessionId } from "../domain/ids.ts";
import type { Notification } from "../domain/notification.ts";
import type { JournalEntry } from "../domain/journal.ts";
import type { AskedQuestion } from "../domain/question.ts";
import type { Failure, InstanceAction, Report, Session, SessionHost } from "../domain/session.ts";

import type { Pace } from "../planner/eta/pace.ts";

export interface Reports {
  list(): Promise<readonly SessionSummary[]>;
  /** Undefined: no such session. */
  summary(id: SessionId): Promise<SessionSummary | undefined>;
  detail(id: SessionId): Promise<SessionDetail | undefined>;
  /** Entries with a number above `after`, oldest first. */
  timeline(id: SessionId, after: number, limit: number): Promise<readonly NumberedEntry[] | undefined>;
  /**
   * What was told, with a number above `after`, the first told first, and what became of it; of one project only what was
   * told to it, and only its own receivers. Undefined: no such session, or the project is not in it.
   */
  notifications(id: SessionId, wanted: WantedNotifications): Promise<readonly ToldNotification[] | undefined>;
  /** What one project may see. Undefined: no such session, or the project is not in it. */
  project(id: SessionId, project: ProjectId): Promise<ProjectReport | undefined>;
  /** The sessions that concern a project and have not ended, the oldest first. */
  ofProject(project: ProjectId): Promise<readonly ProjectSession[]>;
}

/** A session in the eyes of one of its projects. */
export interface ProjectSession extends Pick<SessionSummary, "id" | "workflow" | "state" | "maintenanceAt"> {
  /** Those to the project in the present entry that have no reply yet. */
  readonly unanswered: readonly AskedQuestion[];
}

export interface SessionSummary {
  readonly id: SessionId;
  readonly workflow: PluginName;
  readonly state: string;
  /** The state before the present one, null at the first: where a failed session can be continued. */
  readonly previousState: string | null;
  readonly maintenanceAt: Date;
  /** Hosts maintained, in whole percent. */
  readonly percentDone: number;
  readonly waiting: { readonly for: string; readonly until: Date } | null;
  readonly failure: Failure | null;
  readonly report: Report | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly endedAt: Date | null;
}

export interface SessionDetail extends SessionSummary {
  readonly session: Session;
  readonly hosts: readonly (SessionHost & { readonly createdAt: Date; readonly updatedAt: Date })[];
  readonly projects: readonly ProjectDetail[];
  readonly instances: readonly InstanceDetail[];
  readonly runs: readonly ActionRun[];
  readonly pace: Pace;
  /** Moves and other effects under way, with what holds them up. */
  readonly underWay: readonly {
    readonly kind: string;
    readonly subject: string;
    readonly since: Date;
    readonly lastError: string | null;
  }[];
}

export interface ProjectDetail {
  readonly id: ProjectId;
  readonly managed: boolean;
  /** The legacy project state: the state asked, then `ACK_…` or `NACK_…`; null when it was never asked. */
  readonly state: string | null;
  readonly createdAt: Date;
  readonly updatedAt: Date | null;
}

export interface InstanceDetail {
  readonly id: InstanceId;
  readonly name: string;
  readonly project: ProjectId;
  readonly host: HostName | null;
  readonly status: string;
  /** The newest action agreed or performed for it. */
  readonly action: InstanceAction | null;
  readonly actionDone: boolean;
  /** The instance that its project made in its place, where that is known. */
  readonly replacedBy: InstanceId | null;
  readonly createdAt: Date;
  readonly updatedAt: Date | null;
}

/** One run of a host action, with its output. */
export interface ActionRun {
  readonly id: string;
  readonly plugin: PluginName;
  readonly phase: string;
  readonly host: HostName;
  readonly status: "pending" | "running" | "done" | "failed" | "unknown" | "cancelled";
  readonly attempt: number;
  readonly startedAt: Date | null;
  readonly endedAt: Date | null;
  readonly output: string;
}

export interface WantedNotifications {
  /** Null: of all, and what was told to nobody's project. */
  readonly project: ProjectId | null;
  readonly after: number;
  readonly limit: number;
}

export interface ToldNotification {
  readonly number: number;
  readonly messageId: string;
  readonly notification: Notification;
  readonly createdAt: Date;
  readonly deliveries: readonly DeliveryState[];
}

/** How one notification fared on its way to one receiver. */
export interface DeliveryState {
  readonly receiver:
    | { readonly kind: "webhook"; readonly id: string; readonly url: string; readonly project: ProjectId | null }
    | { readonly kind: "bus" };
  readonly status: "pending" | "delivered" | "failed";
  readonly attempts: number;
  readonly lastError: string | null;
  /** Of a pending one. */
  readonly nextAt: Date;
  /** When it was delivered or given up. */
  readonly settledAt: Date | null;
}

export interface NumberedEntry extends JournalEntry {
  readonly number: number;
}

export interface ProjectReport {
  readonly state: string;
  /** Every instance of the project in the session. */
  readonly instances: readonly InstanceId[];
  /** The newest question, open or answered; its instances are what P1 answers while it is the newest. */
  readonly question: AskedQuestion | null;
  /** Every question of the present entry that has no reply, oldest first; the time of some may be up. */
  readonly unanswered: readonly AskedQuestion[];
}
