/** A pool of connections and the typed query builder on top of it. */
import { Kysely, PostgresDialect } from "kysely";
import pg from "pg";
import type { DB } from "./schema.ts";

export type Database = Kysely<DB>;

export interface Connection {
  readonly db: Database;
  /** For what the query builder cannot do: LISTEN, and BullMQ's own tables. */
  readonly pool: pg.Pool;
  close(): Promise<void>;
}

export interface ConnectOptions {
  readonly url: string;
  /** Seen in pg_stat_activity by the operator who looks for who holds a lock. */
  readonly applicationName: string;
  readonly connectionsMax?: number;
  /** An idle connection broke, which the next query repairs by opening another. Without a listener it would end the process. */
  readonly onIdleError: (error: Error) => void;
}

// The longest statement we write takes well under a second at 10,000 hosts; one that runs this long is stuck.
const STATEMENT_MS = 60_000;
// A transaction holds a session's row. One whose program forgot it would stop the session forever.
const IDLE_IN_TRANSACTION_MS = 60_000;
// Long enough for a server that is just being started again by another process.
const CONNECT_MS = 15_000;

export function connect({ url, applicationName, connectionsMax = 10, onIdleError }: ConnectOptions): Connection {
  const pool = new pg.Pool({
    connectionString: url,
    application_name: applicationName,
    max: connectionsMax,
    connectionTimeoutMillis: CONNECT_MS,
    statement_timeout: STATEMENT_MS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
    keepAlive: true,
    types: { getTypeParser },
  });
  pool.on("error", onIdleError);
  // One that breaks while a transaction has it fails the transaction's next query. Without a listener of its own it
  // would end the process before that.
  pool.on("connect", (client) => client.on("error", () => {}));
  const db: Database = new Kysely({ dialect: new PostgresDialect({ pool }) });
  return { db, pool, close: () => db.destroy() };
}

/** bigint arrives as text, since it may exceed a number. Our counters do not, and one that did must not be rounded. */
const getTypeParser: pg.CustomTypesConfig["getTypeParser"] = (type, format) => {
  if (type === pg.types.builtins.INT8 && format !== "binary") return exactNumber;
  return pg.types.getTypeParser(type, format) as unknown;
};

function exactNumber(text: string): number {
  const number = Number(text);
  if (!Number.isSafeInteger(number)) throw new Error(`the database counted up to ${text}, which a number cannot hold`);
  return number;
}
