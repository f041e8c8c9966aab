/** Takes one delivery from the outbox and sends it: at least once, under the same message id each time. */
import { randomUUID } from "node:crypto";
import type { Clock } from "../ports/clock.ts";
import type { ClaimedDelivery, Deliveries, Notifier } from "../ports/deliveries.ts";
import type { DeliveryId } from "../ports/effects.ts";
import { newLease } from "./lease.ts";

export interface Delivering {
  readonly deliveries: Deliveries;
  readonly notifier: Notifier;
  readonly clock: Clock;
  /** 0 ≤ x < 1. */
  readonly random: () => number;
  readonly shutdown: AbortSignal;
}

export async function deliver(
  id: DeliveryId,
  { deliveries, notifier, clock, random, shutdown }: Delivering,
): Promise<void> {
  const claimed = await deliveries.claim(id, newLease(clock, randomUUID), clock.now());
  if (!claimed) return;
  try {
    await notifier.send(claimed, { signal: shutdown });
    await deliveries.settle(claimed, { kind: "delivered", at: clock.now() });
  } catch (error) {
    const at = clock.now();
    const reason = error instanceof Error ? error.message : String(error);
    await deliveries.settle(claimed, { kind: "failed", at, error: reason, next: nextTry(claimed, at, random()) });
  }
}

/** Seconds between tries: quick at first, since a reply window may be short. The last one repeats. */
const PAUSES_SECONDS = [1, 2, 5, 10, 20, 40] as const;

/** News that ask for no reply are worth so much patience, in seconds. */
const NEWS_SECONDS = 600;

/**
 * When to try again; null to give up, which is when the reply window ends: a question nobody can answer any more is
 * not worth asking. `random` (0 ≤ x < 1) takes up to a fifth off each pause, so that receivers that failed together
 * are not all tried together.
 */
export function nextTry(
  { attempt, createdAt, notification }: Pick<ClaimedDelivery, "attempt" | "createdAt" | "notification">,
  now: Date,
  random: number,
): Date | null {
  const replyBy = notification.type === "maintenance.scheduled" ? notification.replyBy : null;
  const giveUpAt = replyBy ?? new Date(createdAt.getTime() + NEWS_SECONDS * 1_000);
  const pause = PAUSES_SECONDS[Math.min(attempt, PAUSES_SECONDS.length) - 1] ?? 1;
  const next = new Date(now.getTime() + pause * 1_000 * (1 - random / 5));
  return next < giveUpAt ? next : null;
}
