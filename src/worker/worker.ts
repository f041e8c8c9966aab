/** A worker: takes hints from the queue and does what is due. Any number of workers may run, and any may be killed. */
import type { SessionId } from "../domain/ids.ts";
import { advance, type Engine } from "../engine/advance.ts";
import { keepSweeping } from "../engine/sweep.ts";
import { type Delivering, startDelivering } from "../effects/deliver.ts";
import { keptLeases } from "../effects/kept-leases.ts";
import { performEffect, type Performers } from "../effects/perform.ts";
import type { ClaimedEffect, Due } from "../ports/effects.ts";
import type { Consumer } from "../ports/wakes.ts";
import { newHands } from "./hands.ts";

export interface Working {
  /** Effects at once. */
  readonly concurrency: number;
  readonly consumer: Consumer;
  readonly due: Due;
  readonly engine: Engine;
  readonly performers: Omit<Performers, "shutdown" | "wakes" | "leases">;
  readonly delivering: Omit<Delivering, "shutdown">;
  readonly onError: (error: unknown) => void;
}

export interface Worker {
  /** Takes nothing more, gives what runs a moment to end, hands the rest over to other workers, and resolves. */
  stop(): Promise<void>;
}

/** The longest rest after turns: what happens meanwhile waits for it. */
const REST_MS_MAX = 500;

/** Turns take a sixth of a worker's time at most, as long as the longest rest allows it. */
const RESTS_PER_TURN = 5;

/**
 * Takes turns, and rests for longer than they took. In a large session effects end all the time, and a turn takes tens of
 * milliseconds: what ends while it rests is seen by the next turn together. In a small one the rest is too short to notice.
 */
async function advanceAtEase(id: SessionId, engine: Engine, stopping: AbortSignal): Promise<void> {
  const began = engine.clock.now().getTime();
  await advance(id, engine);
  const took = engine.clock.now().getTime() - began;
  await engine.clock.sleep(Math.min(took * RESTS_PER_TURN, REST_MS_MAX), stopping);
}

/** Most effects take less; what takes longer is handed over rather than waited for. */
const GRACE_MS = 5_000;

export function startWorker({ concurrency, consumer, due, engine, performers, delivering, onError }: Working): Worker {
  const { clock } = engine;
  const stopping = new AbortController();
  const shutdown = new AbortController();
  const deliverer = startDelivering({ ...delivering, shutdown: shutdown.signal });
  const leases = keptLeases<ClaimedEffect>({ renew: (all, until) => performers.effects.renew(all, until), clock });
  const hands = newHands({
    ...{ number: concurrency, queue: engine.wakes, due, clock, onError },
    advance: (id) => advanceAtEase(id, { ...engine, wakes: hands.wakes }, stopping.signal),
    perform: (id) => performEffect(id, { ...performers, leases, wakes: hands.wakes, shutdown: shutdown.signal }),
  });
  const consuming = consumer.consume({
    ...hands.handlers,
    receiver: (id) => deliverer.deliver(id),
  });
  const sweeping = keepSweeping({ due, wakes: hands.wakes, clock, onError }, stopping.signal);
  let stopped: Promise<void> | null = null;
  const stop = async () => {
    stopping.abort();
    const grace = new AbortController();
    void clock.sleep(GRACE_MS, grace.signal).then(() => shutdown.abort());
    await Promise.all([consuming.close(), hands.stop(), sweeping]);
    await Promise.all([deliverer.ended(), leases.settled()]);
    grace.abort();
  };
  return { stop: () => (stopped ??= stop()) };
}
