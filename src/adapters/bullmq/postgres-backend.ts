import { createPostgresBackend, type PgPool, Queue, runMigrations, Worker } from "bullmq";
import pg from "pg";
import { type Backend, complain, type Log } from "./queues.ts";

/** BullMQ's tables stand apart from ours. The name is BullMQ's own, which it expects of a pool that it is given. */
const SCHEMA = "bullmq";

/** Each of three workers keeps one to listen on; the others are for adding, taking and ending jobs. */
const CONNECTIONS_MAX = 10;

export async function openPostgresBackend(url: string, log: Log): Promise<Backend> {
  const pool = new pg.Pool({
    connectionString: forQueues(url),
    application_name: "fenix-queues",
    max: CONNECTIONS_MAX,
    connectionTimeoutMillis: 5_000,
    // A listening connection that broke silently is noticed by this alone.
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
  });
  pool.on("error", complain(log, "postgres"));
  // A connection in use fails its query when it breaks; without a listener it would end the process before that.
  pool.on("connect", (client) => client.on("error", () => {}));
  const session = await pool.connect();
  let version: number;
  try {
    version = await runMigrations(session, SCHEMA); // Takes a lock: any number of processes may start at once.
  } finally {
    session.release();
  }
  const connection = pool as unknown as PgPool; // The same: its types only tell "missing" and "undefined" apart.
  return {
    name: "postgres",
    version: `schema ${version}`,
    openQueue: (name, options) => new Queue(name, { ...options, connection }, createPostgresBackend),
    startWorker: (name, process, options) =>
      new Worker(name, process, { ...options, connection }, createPostgresBackend),
    answers: async () => void (await pool.query("select 1")),
    close: () => pool.end(),
  };
}

/**
 * BullMQ names its tables without their schema. And since every hint may be lost, none waits for the disk: a crash of
 * the database server costs what a sweep finds again.
 */
function forQueues(url: string): string {
  const own = new URL(url);
  const given = own.searchParams.get("options") ?? "";
  own.searchParams.set("options", `${given} -c search_path=${SCHEMA} -c synchronous_commit=off`.trim());
  return own.href;
}
