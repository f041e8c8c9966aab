/** The outbox: notifications on their way to webhooks, at least once, under a stable message id. */
import type { EventType, Notification } from "../domain/notification.ts";
import type { ProjectId, SessionId } from "../domain/ids.ts";
import type { DeliveryId, Lease } from "./effects.ts";

export interface Deliveries {
  /** As `Effects.claim`, for one delivery. */
  claim(id: DeliveryId, lease: Lease, now: Date): Promise<ClaimedDelivery | null>;
  /** Records that the receiver took it, or the error; `next` is the time of the next try, null to give up. */
  settle(claimed: ClaimedDelivery, result: DeliveryResult): Promise<boolean>;
}

export interface ClaimedDelivery {
  readonly id: DeliveryId;
  readonly token: string;
  /** The same for every try and every receiver of this notification. */
  readonly messageId: string;
  readonly session: SessionId;
  readonly notification: Notification;
  readonly createdAt: Date;
  readonly attempt: number;
  readonly webhook: Webhook;
}

export type DeliveryResult =
  | { readonly kind: "delivered"; readonly at: Date }
  | { readonly kind: "failed"; readonly at: Date; readonly error: string; readonly next: Date | null };

/** A receiver: a project's manager, or (without a project) an admin's or an infrastructure service's. */
export interface Webhook {
  readonly id: string;
  readonly project: ProjectId | null;
  readonly url: string;
  readonly events: readonly EventType[];
  readonly createdAt: Date;
}

export interface Webhooks {
  add(webhook: Webhook): Promise<void>;
  list(project?: ProjectId): Promise<readonly Webhook[]>;
  /** False: no such webhook. */
  remove(id: string): Promise<boolean>;
}

/** Sends one notification to one receiver. Throws when the receiver did not take it. */
export interface Notifier {
  send(delivery: ClaimedDelivery, options: { readonly signal: AbortSignal }): Promise<void>;
}
