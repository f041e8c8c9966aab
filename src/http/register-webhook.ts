import type { Clock } from "../ports/clock.ts";
import type { Webhook, WebhookFormat, Webhooks } from "../ports/deliveries.ts";
import type { Receivers } from "../ports/receivers.ts";
import { Problem } from "../problems.ts";

export interface RegisteringWebhooks {
  readonly webhooks: Webhooks;
  readonly receivers: Receivers;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly newSecret: () => string;
}

export interface AskedWebhook extends Pick<Webhook, "project" | "url" | "events"> {
  readonly format: WebhookFormat["kind"];
}

export interface Registered {
  readonly webhook: Webhook;
  /** Only of a new one that is signed. */
  readonly secret: string | null;
}

/**
 * Adds a webhook, or answers the same one that is there: managers register whenever they start, and none wants to
 * hear everything once for each start. One that was switched off is on again. An address that nothing is sent to is
 * refused by field.
 */
export async function registerWebhook(
  asked: AskedWebhook,
  { webhooks, receivers, clock, newId, newSecret }: RegisteringWebhooks,
): Promise<Registered> {
  const refusal = await receivers.whyRefused(asked.url);
  if (refusal !== null) throw new Problem("BODY_INVALID", refusal, { field: "url" });
  const there = await webhooks.list(asked.project ?? undefined);
  const same = there.find((webhook) => sameReceiver(webhook, asked));
  if (same?.off === null) return { webhook: same, secret: null };
  if (same !== undefined) {
    await webhooks.switchOn(same.id);
    return { webhook: { ...same, off: null, failingSince: null }, secret: null };
  }
  const secret = asked.format === "cloudevents" ? newSecret() : null;
  const format: WebhookFormat = secret === null ? { kind: "aodh" } : { kind: "cloudevents", secret, oldSecret: null };
  const webhook = { ...asked, format, id: newId(), createdAt: clock.now(), off: null, failingSince: null };
  await webhooks.add(webhook);
  return { webhook, secret };
}

/** `asked` has its events in the usual order, as stored ones had. */
const sameReceiver = (webhook: Webhook, asked: AskedWebhook): boolean =>
  webhook.project === asked.project &&
  webhook.url === asked.url &&
  webhook.format.kind === asked.format &&
  webhook.events.join() === asked.events.join();
