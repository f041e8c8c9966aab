/** A worker: takes hints from the queue and does what is due. Any number of workers may run, and any may be killed. */
import { advance, type Engine } from "../engine/advance.ts";
import { keepSweeping } from "../engine/sweep.ts";
import { deliver, type Delivering } from "../effects/deliver.ts";
import { performEffect, type Performers } from "../effects/perform.ts";
import type { Due } from "../ports/effects.ts";
import type { Consumer } from "../ports/wakes.ts";

export interface Working {
  readonly consumer: Consumer;
  readonly due: Due;
  readonly engine: Engine;
  readonly performers: Omit<Performers, "shutdown">;
  readonly delivering: Omit<Delivering, "shutdown">;
  readonly onError: (error: unknown) => void;
}

export interface Worker {
  /** Takes nothing more, gives what runs a moment to end, hands the rest over to other workers, and resolves. */
  stop(): Promise<void>;
}

/** Most effects take less; what takes longer is handed over rather than waited for. */
const GRACE_MS = 5_000;

export function startWorker({ consumer, due, engine, performers, delivering, onError }: Working): Worker {
  const stopping = new AbortController();
  const shutdown = new AbortController();
  const consuming = consumer.consume({
    session: (id) => advance(id, engine),
    effect: (id) => performEffect(id, { ...performers, shutdown: shutdown.signal }),
    delivery: (id) => deliver(id, { ...delivering, shutdown: shutdown.signal }),
  });
  const sweeping = keepSweeping({ due, wakes: engine.wakes, clock: engine.clock, onError }, stopping.signal);
  let stopped: Promise<void> | null = null;
  const stop = async () => {
    stopping.abort();
    const grace = new AbortController();
    void engine.clock.sleep(GRACE_MS, grace.signal).then(() => shutdown.abort());
    await Promise.all([consuming.close(), sweeping]);
    grace.abort();
  };
  return { stop: () => (stopped ??= stop()) };
}
