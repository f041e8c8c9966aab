import { Queue, Worker } from "bullmq";
import { Redis } from "ioredis";
import { checkRedis } from "./check-redis.ts";
import { type Backend, complain, type Log } from "./queues.ts";

/** The longest pause between attempts to reach a Redis that went away. */
const RECONNECT_MS_MAX = 1_000;

const always = {
  retryStrategy: (times: number) => Math.min(times * 100, RECONNECT_MS_MAX),
  keepAlive: 10_000,
};

/** Throws when there is no Redis at this moment, or one that is too old: an operator who set REDIS_URL wants to know. */
export async function openRedisBackend(url: string, log: Log): Promise<Backend> {
  const { version, warnings } = await look(url);
  for (const warning of warnings) log.warn(warning);
  // A producer that fails soon, rather than one that remembers hints for a Redis that may never come back.
  const producing = new Redis(url, { ...always, maxRetriesPerRequest: 1, enableOfflineQueue: false });
  // BullMQ asks for this: its workers wait for as long as it takes.
  const consuming = new Redis(url, { ...always, maxRetriesPerRequest: null, lazyConnect: true });
  producing.on("error", complain(log, "producing"));
  consuming.on("error", complain(log, "consuming"));
  return {
    name: "redis",
    version,
    openQueue: (name, options) => new Queue(name, { ...options, connection: producing }),
    startWorker: (name, process, options) => new Worker(name, process, { ...options, connection: consuming }),
    answers: async () => void (await producing.ping()),
    close: async () => {
      producing.disconnect();
      consuming.disconnect();
    },
  };
}

async function look(url: string) {
  const redis = new Redis(url, { lazyConnect: true, retryStrategy: () => null, connectTimeout: 5_000 });
  redis.on("error", () => {}); // `connect` throws it.
  try {
    await redis.connect();
    return await checkRedis(redis);
  } catch (error) {
    throw new Error(
      `the Redis of REDIS_URL cannot be used: ${error instanceof Error ? error.message : String(error)}`,
      {
        cause: error,
      },
    );
  } finally {
    redis.disconnect();
  }
}
