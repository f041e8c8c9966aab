import type { Clock } from "../ports/clock.ts";
import type { Webhook, Webhooks } from "../ports/deliveries.ts";
import type { Receivers } from "../ports/receivers.ts";
import { Problem } from "../problems.ts";

export interface RegisteringWebhooks {
  readonly webhooks: Webhooks;
  readonly receivers: Receivers;
  readonly clock: Clock;
  readonly newId: () => string;
}

/**
 * Adds a webhook, or answers the same one that is there: managers register whenever they start, and none wants to
 * hear everything once for each start. One that was switched off is on again. An address that nothing is sent to is refused by field.
 */
export async function registerWebhook(
  asked: Pick<Webhook, "project" | "url" | "events">,
  { webhooks, receivers, clock, newId }: RegisteringWebhooks,
): Promise<Webhook> {
  const refusal = await receivers.whyRefused(asked.url);
  if (refusal !== null) throw new Problem("BODY_INVALID", refusal, { field: "url" });
  const there = await webhooks.list(asked.project ?? undefined);
  const same = there.find((webhook) => sameReceiver(webhook, asked));
  if (same?.off === null) return same;
  if (same !== undefined) {
    await webhooks.switchOn(same.id);
    return { ...same, off: null, failingSince: null };
  }
  const added = { ...asked, id: newId(), createdAt: clock.now(), off: null, failingSince: null };
  await webhooks.add(added);
  return added;
}

/** `asked` has its events in the usual order, as stored ones had. */
const sameReceiver = (webhook: Webhook, asked: Pick<Webhook, "project" | "url" | "events">): boolean =>
  webhook.project === asked.project && webhook.url === asked.url && webhook.events.join() === asked.events.join();
