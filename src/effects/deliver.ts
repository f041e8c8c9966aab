/** Takes deliveries from the outbox and sends them: at least once, under the same message id each time. */
import { randomUUID } from "node:crypto";
import type { Clock } from "../ports/clock.ts";
import { type ClaimedDelivery, type Deliveries, type Notifier, ReceiverGone } from "../ports/deliveries.ts";
import type { ReceiverId } from "../ports/effects.ts";
import { keptLeases } from "./kept-leases.ts";
import { newLease } from "./lease.ts";

export interface Delivering {
  readonly deliveries: Deliveries;
  readonly notifier: Notifier;
  readonly clock: Clock;
  /** 0 ≤ x < 1. */
  readonly random: () => number;
  /** Aborted when the worker shuts down: what is on its way then is sent again by another one. */
  readonly shutdown: AbortSignal;
  /** It could not be recorded what became of a delivery, which is sent again once its lease has ended. */
  readonly onError: (error: unknown) => void;
}

export interface Deliverer {
  /**
   * Sends what is due for a receiver. Resolves when all of it is on its way, so that what comes next need not wait for
   * answers; or once the receiver takes nothing, and the sweep finds what is left.
   */
  deliver(receiver: ReceiverId): Promise<void>;
  /** Resolves when nothing is on its way. */
  ended(): Promise<void>;
}

export function startDelivering(delivering: Delivering): Deliverer {
  const { deliveries, clock, shutdown, onError } = delivering;
  /** What this worker has on its way. Each resolves to whether it arrived, when it is no longer in here. */
  const underway = new Map<ReceiverId, Set<Promise<boolean>>>();
  const stops = new Set<AbortController>();
  shutdown.addEventListener("abort", () => stops.forEach((stop) => stop.abort()), { once: true });
  const leases = keptLeases<ClaimedDelivery>({ renew: (all, until) => deliveries.renew(all, until), clock });

  async function send(claimed: ClaimedDelivery, until: Date): Promise<boolean> {
    const stop = new AbortController();
    stops.add(stop);
    leases.keep(claimed, until, () => stop.abort());
    try {
      return await deliverOne(claimed, stop.signal, delivering);
    } catch (error) {
      onError(error);
      return false;
    } finally {
      leases.letGo(claimed);
      stops.delete(stop);
    }
  }

  function begin(receiver: ReceiverId, claimed: readonly ClaimedDelivery[], until: Date): Set<Promise<boolean>> {
    const sending = underway.get(receiver) ?? new Set();
    for (const one of claimed) {
      const ended = send(one, until).then((arrived) => {
        sending.delete(ended);
        if (sending.size === 0 && underway.get(receiver) === sending) underway.delete(receiver);
        return arrived;
      });
      sending.add(ended);
    }
    if (sending.size > 0) underway.set(receiver, sending);
    return sending;
  }

  return {
    deliver: async (receiver) => {
      while (!shutdown.aborted) {
        const lease = newLease(clock, randomUUID);
        const { claimed, full } = await deliveries.claim(receiver, lease, clock.now());
        const sending = begin(receiver, claimed, lease.until);
        // Where all that it may have in hand is in the hands of other workers, these go on.
        if (!full || sending.size === 0) return;
        const arrived = await Promise.race(sending);
        if (!arrived && sending.size === 0) return;
      }
    },
    ended: async () => {
      await Promise.all([...underway.values()].flatMap((sending) => [...sending]));
      await leases.settled();
    },
  };
}

/** Whether it arrived. Stopped when the lease is lost and when the worker shuts down. */
async function deliverOne(claimed: ClaimedDelivery, signal: AbortSignal, delivering: Delivering): Promise<boolean> {
  const { deliveries, notifier, clock, random } = delivering;
  try {
    await notifier.send(claimed, { signal });
  } catch (error) {
    // What another worker has now, or will have when the lease ends, says nothing about the receiver.
    if (signal.aborted) return false;
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
