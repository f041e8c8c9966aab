/** Takes hints from the queues and hands them to the worker. */
import type { z } from "zod";
import type { Consuming, Handlers } from "../../ports/wakes.ts";
import { endsWithin } from "../ends-within.ts";
import { type Backend, type BackendWorker, complain, hints, type Log, type QueueName } from "./queues.ts";

interface ConsumeOptions {
  readonly backend: Backend;
  readonly prefix: string;
  readonly concurrency: number;
  readonly log: Log;
}

/**
 * A turn reads and writes the database and waits for nothing else, so a few at once keep a process busy; many would
 * only wait for connections.
 */
const TURNS_AT_ONCE = 4;

/** A receiver takes one of these only while it has as much in hand as it may: so many may hang and delay nobody else. */
const RECEIVERS_AT_ONCE = 256;

/** A worker that is told to stop ends its handlers, after 5 s at the latest; one that hangs for longer is left behind. */
const CLOSE_MS = 7_000;

export function consumeHints({ session, effect, receiver }: Handlers, options: ConsumeOptions): Consuming {
  const { concurrency, log } = options;
  let closing = false;
  // A job may be on its way to us when we stop taking them. Its hint is dropped, and the sweep of another worker hints again.
  const unlessClosing =
    <Id>(handle: (id: Id) => Promise<void>) =>
    async (id: Id) => {
      if (!closing) await handle(id);
    };
  const workers = [
    startWorker("sessions", unlessClosing(session), { ...options, concurrency: Math.min(TURNS_AT_ONCE, concurrency) }),
    startWorker("effects", unlessClosing(effect), options),
    startWorker("receivers", unlessClosing(receiver), { ...options, concurrency: RECEIVERS_AT_ONCE }),
  ];
  return {
    close: async () => {
      closing = true;
      const closed = Promise.all(workers.map((worker) => worker.close()));
      if (!(await endsWithin(CLOSE_MS, closed)))
        log.warn({ ms: CLOSE_MS }, "handlers did not end in time, and are left behind");
    },
  };
}

/**
 * The job of a worker that died is given to another one after LOCK_MS, found by a look every STALLED_MS: soon, since
 * until then the queue takes further hints at the same thing for repetitions. A worker that was merely too busy to
 * renew its lock loses nothing: the store lets only one of two do the work.
 */
const LOCK_MS = 4_000;
const STALLED_MS = 1_500;
/** A job that killed two workers is dropped; the sweep will hint at its thing again, at a slower pace. */
const STALLED_MAX = 1;
/** After the loss of its server. BullMQ's own 15 s would be a long silence. */
const RETRY_MS = 500;

function startWorker<Name extends QueueName>(
  name: Name,
  handle: (id: z.infer<(typeof hints)[Name]>["id"]) => Promise<void>,
  { backend, prefix, concurrency, log }: ConsumeOptions,
): BackendWorker {
  const look = async (data: unknown) => {
    try {
      const { id } = hints[name].parse(data);
      await handle(id);
    } catch (error) {
      log.error({ queue: name, hint: data, err: error }, "a hint could not be followed; the sweep will hint again");
    }
  };
  const worker = backend.startWorker(name, ({ data }) => look(data), {
    prefix,
    concurrency,
    lockDuration: LOCK_MS,
    stalledInterval: STALLED_MS,
    maxStalledCount: STALLED_MAX,
    runRetryDelay: RETRY_MS,
  });
  worker.on("error", complain(log, name));
  return worker;
}
