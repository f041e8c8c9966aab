/**
 * What is told, as it is told. The transaction that tells also notifies (PostgreSQL's NOTIFY, which carries nothing), and
 * one connection of this process listens for all who follow, as long as anybody does. Should a notification be lost with
 * the connection, whoever follows looks again after a while anyway.
 */
import { sql } from "kysely";
import type pg from "pg";
import type { Ear, News } from "../../ports/news.ts";
import type { Connection, Database } from "./connect.ts";
import { readNotification, trusted } from "./json.ts";
import type { Transaction } from "./transaction.ts";

const CHANNEL = "fenix_news";

/** Rings at every listening process when the transaction commits. */
export async function ringForNews(trx: Transaction): Promise<void> {
  await sql`select pg_notify(${CHANNEL}, '')`.execute(trx);
}

export interface PostgresNews extends News {
  /** Whoever follows is told that there will be nothing more. */
  close(): Promise<void>;
}

export function postgresNews({ db, pool }: Connection): PostgresNews {
  const bell = bellOf(pool);
  return { after: readAfter(db), newest: newestNumber(db), listen: bell.listen, close: bell.close };
}

const readAfter =
  (db: Database): News["after"] =>
  async (number, { project, limit }) => {
    const rows = await db
      .selectFrom("notification")
      .select(["id", "number", "session_id", "payload", "created_at"])
      .where("number", ">", number)
      .$if(project !== null, (all) => all.where("project_id", "=", project))
      .orderBy("number")
      .limit(limit)
      .execute();
    return rows.map((row) => ({
      number: row.number,
      messageId: row.id,
      session: trusted(row.session_id),
      notification: readNotification(row.payload),
      createdAt: row.created_at,
    }));
  };

const newestNumber =
  (db: Database): News["newest"] =>
  async () => {
    const row = await db
      .selectFrom("notification")
      .select((eb) => eb.fn.max("number").as("number"))
      .executeTakeFirst();
    return row?.number ?? 0;
  };

/** After a connection broke; whoever follows looks by itself meanwhile. */
const LISTEN_AGAIN_MS = 1_000;

/** Listens while there are ears. */
function bellOf(pool: pg.Pool): { listen(): Ear; close(): Promise<void> } {
  const ears = new Set<OpenEar>();
  let listening: Promise<pg.PoolClient | null> | null = null;
  let closed = false;

  const ring = () => {
    for (const ear of ears) ear.ring();
  };
  const connect = async (): Promise<pg.PoolClient | null> => {
    try {
      const client = await listeningOn(await pool.connect());
      ring(); // What was told before we listened.
      return client;
    } catch {
      again();
      return null;
    }
  };
  const listeningOn = async (client: pg.PoolClient): Promise<pg.PoolClient> => {
    client.on("notification", ring);
    client.once("error", again);
    try {
      await client.query(`listen ${CHANNEL}`);
      return client;
    } catch (error) {
      client.removeListener("error", again);
      client.release(true); // A pool waits for whoever does not give back.
      throw error;
    }
  };
  const again = () => {
    void stop();
    setTimeout(start, LISTEN_AGAIN_MS).unref();
  };
  const start = () => {
    if (!closed && ears.size > 0) listening ??= connect();
  };
  const stop = async () => {
    const stopping = listening;
    listening = null;
    const client = await stopping;
    client?.removeListener("error", again);
    client?.release(true); // It listens, so nobody else should get it.
  };

  return {
    listen() {
      const ear = newEar(closed, () => {
        ears.delete(ear);
        if (ears.size === 0) void stop();
      });
      ears.add(ear);
      start();
      return ear;
    },
    async close() {
      closed = true;
      for (const ear of [...ears]) ear.close();
      await stop();
    },
  };
}

interface OpenEar extends Ear {
  ring(): void;
}

function newEar(closed: boolean, forget: () => void): OpenEar {
  let rung = false;
  let ended = closed;
  let wake = () => {};
  return {
    async heard(ms) {
      if (!rung && !ended) {
        let timer: NodeJS.Timeout | undefined;
        await new Promise<void>((resolve) => {
          wake = resolve;
          timer = setTimeout(resolve, ms);
        });
        clearTimeout(timer);
      }
      if (ended) return "closed";
      const heard = rung ? "news" : "silence";
      rung = false;
      return heard;
    },
    ring() {
      rung = true;
      wake();
    },
    close() {
      ended = true;
      forget();
      wake();
    },
  };
}
