/** Takes deliveries from the outbox and sends them: at least once, under the same message id each time. */
import { randomUUID } from "node:crypto";
import type { Clock } from "../ports/clock.ts";
import { type ClaimedDelivery, type Deliveries, type Notifier, ReceiverGone } from "../ports/deliveries.ts";
import type { DeliveryId } from "../ports/effects.ts";
import { keepLease, newLease } from "./lease.ts";

export interface Delivering {
  readonly deliveries: Deliveries;
  readonly notifier: Notifier;
  readonly clock: Clock;
  /** 0 ≤ x < 1. */
  readonly random: () => number;
  readonly shutdown: AbortSignal;
}

/** Others come to their turn; what is left is found by the sweep. */
const IN_A_ROW = 100;

/**
 * Sends one, and then others to the same receiver as long as it takes them: they were refused to whoever came with their
 * own hints while this one was on its way.
 */
export async function deliver(id: DeliveryId, delivering: Delivering): Promise<void> {
  const { deliveries, clock, shutdown } = delivering;
  let claimed = await deliveries.claim(id, newLease(clock, randomUUID), clock.now());
  for (let sent = 0; claimed !== null; sent++) {
    const arrived = await deliverOne(claimed, delivering);
    if (!arrived || sent >= IN_A_ROW || shutdown.aborted) return;
    claimed = await deliveries.claimNext(claimed, newLease(clock, randomUUID), clock.now());
  }
}

/** Whether it arrived. */
async function deliverOne(claimed: ClaimedDelivery, delivering: Delivering): Promise<boolean> {
  const { deliveries, clock, random, shutdown } = delivering;
  const lost = new AbortController();
  try {
    await sendUnderLease(claimed, delivering, lost);
  } catch (error) {
    // What another worker has now, or will have when the lease ends, says nothing about the receiver.
    if (lost.signal.aborted || shutdown.aborted) return false;
    const at = clock.now();
    const reason = error instanceof Error ? error.message : String(error);
    await deliveries.settle(
      claimed,
      error instanceof ReceiverGone
        ? { kind: "gone", at, error: reason }
        : { kind: "failed", at, error: reason, next: nextTry(claimed, at, random()) },
    );
    return false;
  }
  return deliveries.settle(claimed, { kind: "delivered", at: clock.now() });
}

/** A receiver may take longer to answer than a lease lasts. */
async function sendUnderLease(
  claimed: ClaimedDelivery,
  { deliveries, notifier, clock, shutdown }: Delivering,
  lost: AbortController,
): Promise<void> {
  const done = new AbortController();
  const keeping = keepLease((until) => deliveries.renew(claimed, until), {
    clock,
    done: done.signal,
    lost: () => lost.abort(),
  });
  try {
    await notifier.send(claimed, { signal: AbortSignal.any([shutdown, lost.signal]) });
  } finally {
    done.abort();
    await keeping;
  }
}

/** Seconds between tries: quick at first, since a reply window may be short. The last one repeats. */
const PAUSES_SECONDS = [1, 2, 5, 10, 20, 40] as const;

/** News that ask for no reply are worth so much patience, in seconds. */
const NEWS_SECONDS = 600;

/** What listens to the bus, such as billing, adds up what it hears, and a broker may be away for a night. */
const BUS_NEWS_SECONDS = 24 * 3_600;

/**
 * When to try again; null to give up, which is when the reply window ends: a question nobody can answer any more is
 * not worth asking. `random` (0 ≤ x < 1) takes up to a fifth off each pause, so that receivers that failed together
 * are not all tried together.
 */
export function nextTry(
  {
    attempt,
    createdAt,
    notification,
    receiver,
  }: Pick<ClaimedDelivery, "attempt" | "createdAt" | "notification" | "receiver">,
  now: Date,
  random: number,
): Date | null {
  const replyBy = notification.type === "maintenance.scheduled" ? notification.replyBy : null;
  const patienceSeconds = receiver.kind === "bus" ? BUS_NEWS_SECONDS : NEWS_SECONDS;
  const giveUpAt = replyBy ?? new Date(createdAt.getTime() + patienceSeconds * 1_000);
  const pause = PAUSES_SECONDS[Math.min(attempt, PAUSES_SECONDS.length) - 1] ?? 1;
  const next = new Date(now.getTime() + pause * 1_000 * (1 - random / 5));
  return next < giveUpAt ? next : null;
}
