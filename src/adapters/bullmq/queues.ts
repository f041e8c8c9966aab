/**
 * Hints on their way, carried by BullMQ: three queues of ids. A job is a hint and no more, so every job may be lost,
 * doubled or late without harm, and nothing here is tried again: the sweep is the retry.
 */
import type { JobsOptions, QueueOptions, WorkerOptions } from "bullmq";
import type { Logger } from "pino";
import { z } from "zod";
import { SessionId } from "../../domain/ids.ts";
import { EffectId, ReceiverId } from "../../ports/effects.ts";
import type { Consumer, Wakes } from "../../ports/wakes.ts";
import { consumeHints } from "./consume.ts";
import { openPostgresBackend } from "./postgres-backend.ts";
import { openRedisBackend } from "./redis-backend.ts";

export interface Queues {
  readonly backend: "redis" | "postgres";
  readonly wakes: Wakes;
  readonly consumer: Consumer;
  /** Rejects when what carries the jobs does not answer. */
  answers(): Promise<void>;
  /** Closes the connections. Close what `consume` answered first. */
  close(): Promise<void>;
}

export interface QueuesOptions {
  /** Redis carries the jobs where it is given: a URL, or the path of a unix socket. */
  readonly redisUrl?: string | undefined;
  /** Without Redis, tables of BullMQ's own in this database do. */
  readonly databaseUrl: string;
  /** Begins every Redis key, so that installations can share one Redis. */
  readonly prefix?: string;
  /** Effects that one worker has in hand at once. */
  readonly concurrency?: number;
  readonly log: Log;
}

export type Log = Pick<Logger, "info" | "warn" | "error">;

/** Where the jobs are: the one thing in which the two kinds differ. */
export interface Backend {
  readonly name: Queues["backend"];
  readonly version: string;
  openQueue(name: QueueName, options: Omit<QueueOptions, "connection">): BackendQueue;
  startWorker(
    name: QueueName,
    process: (job: Hint) => Promise<void>,
    options: Omit<WorkerOptions, "connection">,
  ): BackendWorker;
  answers(): Promise<void>;
  close(): Promise<void>;
}

/** As much of BullMQ's classes as is used. */
export interface BackendQueue {
  addBulk(jobs: { name: string; data: unknown; opts: JobsOptions }[]): Promise<unknown>;
  on(event: "error", listener: (error: Error) => void): unknown;
}
export interface BackendWorker {
  close(): Promise<void>;
  on(event: "error", listener: (error: Error) => void): unknown;
}
export interface Hint {
  readonly data: unknown;
}

/** The queues by name, and what their jobs hold. */
export const hints = {
  sessions: z.object({ id: SessionId }),
  effects: z.object({ id: EffectId }),
  receivers: z.object({ id: ReceiverId }),
} as const;
export type QueueName = keyof typeof hints;

const DEFAULT_CONCURRENCY = 16;

export async function openQueues(options: QueuesOptions): Promise<Queues> {
  const { redisUrl, databaseUrl, log, prefix = "fenix", concurrency = DEFAULT_CONCURRENCY } = options;
  const backend =
    redisUrl === undefined ? await openPostgresBackend(databaseUrl, log) : await openRedisBackend(redisUrl, log);
  log.info({ backend: backend.name, version: backend.version }, "queues opened");
  const queues = {
    sessions: openQueue("sessions", backend, prefix, log),
    effects: openQueue("effects", backend, prefix, log),
    receivers: openQueue("receivers", backend, prefix, log),
  };
  return {
    backend: backend.name,
    wakes: {
      session: (id) => queues.sessions([id]),
      effects: (ids) => queues.effects(ids),
      receivers: (ids) => queues.receivers(ids),
    },
    consumer: { consume: (handlers) => consumeHints(handlers, { backend, prefix, concurrency, log }) },
    answers: () => backend.answers(),
    close: () => backend.close(),
  };
}

/** Nobody waits longer than this for a hint to be on its way. */
const ADD_MS = 1_000;

/** So many hints go in one command. */
const BATCH = 500;

/** How far BullMQ's own log of events reaches back. Nothing here reads it. */
const EVENTS_MAX = 100;

type Add = (ids: readonly (string | number)[]) => Promise<void>;

function openQueue(name: QueueName, backend: Backend, prefix: string, log: Log): Add {
  const queue = backend.openQueue(name, {
    prefix,
    defaultJobOptions: { removeOnComplete: true, removeOnFail: true, attempts: 1 },
    streams: { events: { maxLen: EVENTS_MAX } },
  });
  queue.on("error", complain(log, name));

  const add = async (ids: readonly (string | number)[]) => {
    for (let from = 0; from < ids.length; from += BATCH) {
      await queue.addBulk(
        ids.slice(from, from + BATCH).map((id) => ({ name: "look", data: { id }, opts: onceFor(id) })),
      );
    }
  };
  return async (ids) => {
    try {
      await within(ADD_MS, add(ids));
    } catch (error) {
      log.warn(
        { queue: name, hints: ids.length, reason: messageOf(error) },
        "hints lost; the sweep will find what is due",
      );
    }
  };
}

/**
 * One hint for one thing: the sweep may hint again and again at what is still waiting in the queue. A hint that comes
 * while its thing is being looked at is kept for afterwards, since the look may have begun too early to see the news.
 */
const onceFor = (id: string | number) => ({ deduplication: { id: String(id), keepLastIfActive: true } });

async function within(ms: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const tooLong = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`the queue did not answer within ${ms} ms`)), ms);
  });
  try {
    await Promise.race([work, tooLong]);
  } finally {
    clearTimeout(timer);
    work.catch(() => undefined); // Told already: it took too long.
  }
}

/** An outage repeats its error on every connection and every attempt: once in this time is enough to read. */
const COMPLAIN_EVERY_MS = 10_000;

export function complain(log: Log, queue: string): (error: Error) => void {
  let quietUntil = 0;
  return (error) => {
    const now = Date.now();
    if (now < quietUntil) return;
    quietUntil = now + COMPLAIN_EVERY_MS;
    log.warn({ queue, reason: messageOf(error) }, "the queue has trouble; it goes on by itself");
  };
}

/** Not the error itself: node-postgres hangs the whole connection on it, which fills a log and tells nothing. */
const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
