/** The outbox: notifications on their way to webhooks and to the message bus, at least once, under a stable message id. */
import type { EventType, Notification } from "../domain/notification.ts";
import type { ProjectId, SessionId } from "../domain/ids.ts";
import type { DeliveryId, Lease, ReceiverId } from "./effects.ts";

export interface Deliveries {
  /**
   * Takes what is due for a receiver and nobody has in hand, what has been due longest first: as much as the receiver may
   * have in hand at once, counting what any worker has on its way to it.
   */
  claim(receiver: ReceiverId, lease: Lease, now: Date): Promise<ClaimedDeliveries>;
  /** Answers those whose leases were renewed. The others were lost: somebody else sends them now, stop. */
  renew(claimed: readonly ClaimedDelivery[], until: Date): Promise<ReadonlySet<ClaimedDelivery>>;
  /** Records what became of it. False when the lease was lost: nothing is written. */
  settle(claimed: ClaimedDelivery, result: DeliveryResult): Promise<boolean>;
}

export interface ClaimedDeliveries {
  readonly claimed: readonly ClaimedDelivery[];
  /** The receiver has as much in hand as it may: more may be due for it. */
  readonly full: boolean;
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
  readonly receiver: Receiver;
}

/** OpenStack's message bus hears of everything, once. */
export type Receiver = { readonly kind: "webhook"; readonly webhook: Webhook } | { readonly kind: "bus" };

export type DeliveryResult =
  | { readonly kind: "delivered"; readonly at: Date }
  /** `next` is the time of the next try; null to give up. */
  | { readonly kind: "failed"; readonly at: Date; readonly error: string; readonly next: Date | null }
  /** The receiver is gone for good: it is switched off, and all that waits for it is given up. */
  | { readonly kind: "gone"; readonly at: Date; readonly error: string };

/** A receiver by HTTP: a project's manager, or (without a project) an admin's or an infrastructure service's. */
export interface Webhook {
  readonly id: string;
  readonly project: ProjectId | null;
  readonly url: string;
  readonly events: readonly EventType[];
  readonly format: WebhookFormat;
  readonly createdAt: Date;
  /** Since when it is told nothing more, and why; null while it is on. */
  readonly off: { readonly at: Date; readonly why: string } | null;
  /** Since when nothing that was sent to it arrived; null when the last did, or nothing was sent. */
  readonly failingSince: Date | null;
}

/** What a receiver is sent: what AODH would send it, or a signed CloudEvent. */
export type WebhookFormat =
  | { readonly kind: "aodh" }
  | { readonly kind: "cloudevents"; readonly secret: string; readonly oldSecret: OldSecret | null };

/** Signs beside the new one until then. */
export interface OldSecret {
  readonly secret: string;
  readonly until: Date;
}

export interface Webhooks {
  add(webhook: Webhook): Promise<void>;
  list(project?: ProjectId): Promise<readonly Webhook[]>;
  /** Tells it again what happens from now on. */
  switchOn(id: string): Promise<void>;
  /** Signs with `secret` from now on, and beside it with the one before until `oldUntil`. */
  changeSecret(id: string, secret: string, oldUntil: Date): Promise<void>;
  /** False: no such webhook. */
  remove(id: string): Promise<boolean>;
}

/** Sends one notification to one receiver. Throws when the receiver did not take it, `ReceiverGone` when it never will. */
export interface Notifier {
  send(delivery: ClaimedDelivery, options: { readonly signal: AbortSignal }): Promise<void>;
}

export class ReceiverGone extends Error {}
