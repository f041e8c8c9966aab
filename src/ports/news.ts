/** What is told, for those who follow it as it comes. */
import type { ProjectId, SessionId } from "../domain/ids.ts";
import type { Notification } from "../domain/notification.ts";

export interface News {
  /** What was told after the notification with this number, the first told first; of one project only what was told to it. */
  after(
    number: number,
    wanted: { readonly project: ProjectId | null; readonly limit: number },
  ): Promise<readonly Told[]>;
  /** The number of the newest one, 0 when there is none. */
  newest(): Promise<number>;
  listen(): Ear;
}

export interface Told {
  /** Rises in the order in which notifications were committed: whoever has read up to one has missed none before it. */
  readonly number: number;
  readonly messageId: string;
  readonly session: SessionId;
  readonly notification: Notification;
  readonly createdAt: Date;
}

export interface Ear {
  /** Resolves when something was told since the last call, or after so many milliseconds; `closed` when there will be nothing more. */
  heard(ms: number): Promise<"news" | "silence" | "closed">;
  close(): void;
}
