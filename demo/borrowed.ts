/** What the user's own servers lend for a demo: a database and keys of its own there, gone when it ends. */
import { randomBytes } from "node:crypto";
import { Redis } from "ioredis";
import pg from "pg";
import { type DatabaseServer, openDatabaseServer } from "../src/adapters/postgres/embedded.ts";

/** A database of its own on the server that DATABASE_URL names, or on one that is brought along. */
export async function demoDatabase(dataDir: string): Promise<Pick<DatabaseServer, "url" | "origin" | "stop">> {
  const databaseUrl = process.env["DATABASE_URL"];
  if (!databaseUrl) return openDatabaseServer({ dataDir, durable: false });
  const name = `fenix_demo_${randomBytes(6).toString("hex")}`;
  await asAdmin(databaseUrl, `create database ${name}`);
  const url = new URL(databaseUrl);
  url.pathname = `/${name}`;
  const drop = () => asAdmin(databaseUrl, `drop database if exists ${name} with (force)`);
  return { url: url.href, origin: "DATABASE_URL", stop: drop };
}

async function asAdmin(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

export interface DemoQueue {
  readonly settings: Readonly<Record<string, string>>;
  readonly origin: string;
  clear(): Promise<void>;
}

/** Keys of its own on the Redis that REDIS_URL names, or the database. */
export function demoQueue(): DemoQueue {
  const url = process.env["REDIS_URL"];
  if (!url) return { settings: {}, origin: "in the database", clear: async () => undefined };
  const prefix = `fenix-demo-${randomBytes(6).toString("hex")}`;
  return {
    settings: { REDIS_URL: url, FENIX_QUEUE_PREFIX: prefix },
    origin: "Redis, from REDIS_URL",
    clear: () => removeKeys(url, prefix),
  };
}

/** Removes the keys that begin with this, and no others. */
export async function removeKeys(url: string, prefix: string): Promise<void> {
  const client = new Redis(url);
  try {
    for await (const keys of client.scanStream({ match: `${prefix}*`, count: 500 }) as AsyncIterable<string[]>) {
      if (keys.length > 0) await client.unlink(...keys);
    }
  } finally {
    client.disconnect();
  }
}
