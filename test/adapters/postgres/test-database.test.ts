import { sql } from "kysely";
import pg from "pg";
import { expect, inject, test } from "vitest";
import { testDatabase } from "../../support/database.ts";

const { db, url } = await testDatabase();

test("a test file has a migrated database of its own", async () => {
  expect(await db.selectFrom("session").selectAll().execute()).toEqual([]);
  expect(new URL(url).pathname).not.toBe(new URL(inject("testServer").url).pathname);
});

test("another process reaches it by its URL alone", async () => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query("select current_setting('server_encoding') as encoding");
  expect(rows).toEqual([{ encoding: "UTF8" }]);
  await client.end();
});

test("bigint arrives as a number, and never as a rounded one", async () => {
  const { rows } = await sql`select 9007199254740991::bigint as n`.execute(db);
  expect(rows).toEqual([{ n: Number.MAX_SAFE_INTEGER }]);
  await expect(sql`select 9007199254740993::bigint as n`.execute(db)).rejects.toThrow("9007199254740993");
});
