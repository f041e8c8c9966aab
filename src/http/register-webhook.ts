import type { Clock } from "../ports/clock.ts";
import type { Webhook, Webhooks } from "../ports/deliveries.ts";

export interface RegisteringWebhooks {
  readonly webhooks: Webhooks;
  readonly clock: Clock;
  readonly newId: () => string;
}

/**
 * Adds a webhook, or answers the same one that is there: managers register whenever they start, and none wants to
 * hear everything once for each start.
 */
export async function registerWebhook(
  asked: Pick<Webhook, "project" | "url" | "events">,
  { webhooks, clock, newId }: RegisteringWebhooks,
): Promise<Webhook> {
  const there = await webhooks.list(asked.project ?? undefined);
  const same = there.find((webhook) => sameReceiver(webhook, asked));
  if (same) return same;
  const added = { ...asked, id: newId(), createdAt: clock.now() };
  await webhooks.add(added);
  return added;
}

/** `asked` has its events in the usual order, as stored ones had. */
const sameReceiver = (webhook: Webhook, asked: Pick<Webhook, "project" | "url" | "events">): boolean =>
  webhook.project === asked.project && webhook.url === asked.url && webhook.events.join() === asked.events.join();
