/** Every way to a receiver, as the one `Notifier` of the workers. */
import type { ClaimedDelivery, Notifier } from "../../ports/deliveries.ts";
import type { Event } from "../../wire/event-payload.ts";
import type { MessageBus } from "./message-bus.ts";
import type { WebhookSender } from "./webhook.ts";

export interface Ways {
  readonly webhooks: WebhookSender;
  /** Null: there is none. */
  readonly bus: Pick<MessageBus, "publish"> | null;
}

export const notifierBy = ({ webhooks, bus }: Ways): Notifier => ({
  async send(delivery, options) {
    const { receiver } = delivery;
    if (receiver.kind === "webhook") return webhooks.send(eventOf(delivery), receiver.webhook, options);
    if (bus === null) throw new Error("this worker knows no message bus: FENIX_BUS_URL is not set");
    return bus.publish(eventOf(delivery), options);
  },
});

const eventOf = ({ messageId, createdAt, session, notification }: ClaimedDelivery): Event => ({
  messageId,
  generated: createdAt,
  session,
  notification,
});
