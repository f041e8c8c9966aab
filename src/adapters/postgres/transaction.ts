/** Transactions, and what the rest of the program hears when the database fails. */
import { type Transaction as KyselyTransaction, sql } from "kysely";
import { Problem } from "../../problems.ts";
import type { Database } from "./connect.ts";
import type { DB } from "./schema.ts";

export type Transaction = KyselyTransaction<DB>;

/** Two that got in each other's way do not meet a third time in practice; a defect must not try for ever. */
const TRIES = 4;

/** serialization_failure, deadlock_detected: the transaction did nothing, and can simply be done again. */
const GOT_IN_THE_WAY = new Set(["40001", "40P01"]);

/** Runs `work` in a transaction; again when another transaction got in the way, so `work` may run more than once. */
export const inTransaction = <Result>(db: Database, work: (trx: Transaction) => Promise<Result>): Promise<Result> =>
  againWhenInTheWay(() => db.transaction().execute(work));

/** Runs a transaction, or a statement by itself; again when another one got in its way. */
export async function againWhenInTheWay<Result>(work: () => Promise<Result>): Promise<Result> {
  for (let tries = 1; ; tries++) {
    try {
      return await work();
    } catch (error) {
      if (tries === TRIES || !GOT_IN_THE_WAY.has(codeOf(error) ?? "")) throw error;
    }
  }
}

/**
 * The transaction ends without waiting for the disk. Should the server crash in the next half second, it is as if the
 * transaction had never been; nothing else is lost, and whatever is committed after it waits for it too. Transactions
 * of one session queue up for its row, so each wait for the disk is a wait for all of them.
 */
export async function commitWithoutFlush(trx: Transaction): Promise<void> {
  await sql`set local synchronous_commit = off`.execute(trx);
}

/** The same port; a database that does not answer is told as `STORE_UNAVAILABLE`, everything else as it is. */
export function tellingOutages<Port extends object>(port: Port): Port {
  const guarded = Object.entries(port).map(([name, operation]: [string, (...args: unknown[]) => Promise<unknown>]) => [
    name,
    (...args: unknown[]) =>
      operation(...args).catch((error: unknown) => {
        throw isOutage(error)
          ? new Problem("STORE_UNAVAILABLE", `${name}: ${messageOf(error)}`, { cause: error })
          : error;
      }),
  ]);
  return Object.fromEntries(guarded) as Port; // Every operation is there under its own name, with its own type.
}

/**
 * Classes of SQLSTATE that are nobody's defect: connection exceptions (08), insufficient resources (53), operator
 * intervention (57: shutdown, a statement's time limit), system errors (58), and a time limit on an idle transaction.
 */
const OUTAGE_STATES = /^(08|53|57|58)|^25P03$/;
const OUTAGE_ERRNOS = /^E(CONNREFUSED|CONNRESET|PIPE|TIMEDOUT|NOTFOUND|AI_AGAIN|HOSTUNREACH|NETUNREACH|NOENT|ACCES)$/;
/** node-postgres has no codes for these. */
const OUTAGE_MESSAGES =
  /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|Query read timeout)/;

function isOutage(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.some(isOutage); // One error for each address of the host.
  const code = codeOf(error) ?? "";
  return OUTAGE_STATES.test(code) || OUTAGE_ERRNOS.test(code) || OUTAGE_MESSAGES.test(messageOf(error));
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}
