/** A migrated database of its own for each test file that asks. */
import { randomBytes } from "node:crypto";
import pg from "pg";
import { afterAll, inject } from "vitest";
import { type Connection, connect } from "../../src/adapters/postgres/connect.ts";
import { urlOfDatabase } from "./database-url.ts";

export interface TestDatabase extends Connection {
  /** For processes that a test starts, as their DATABASE_URL. */
  readonly url: string;
}

/**
 * Call it at the top of a test file: `const { db, url } = await testDatabase();`
 * The file's connections are closed and its database dropped when its tests have run.
 */
export async function testDatabase(): Promise<TestDatabase> {
  const { url: serverUrl, run, template } = inject("testServer");
  const name = `${run}_${randomBytes(4).toString("hex")}`;
  const url = urlOfDatabase(serverUrl, name);
  await asAdmin(serverUrl, `create database ${name} template ${template}`);
  const connection = connect({
    url,
    applicationName: "fenix-test",
    // Dropping the database ends what a test left open; that is no failure.
    onIdleError: () => {},
  });
  afterAll(async () => {
    await connection.close();
    await asAdmin(serverUrl, `drop database if exists ${name} with (force)`);
  });
  return { ...connection, url };
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
