import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sql } from "kysely";
import { afterAll, beforeEach, expect, test } from "vitest";
import { connect } from "../../../src/adapters/postgres/connect.ts";
import { migrate } from "../../../src/adapters/postgres/migrate.ts";
import { testDatabase } from "../../support/database.ts";

const { db, url } = await testDatabase();
const folder = mkdtempSync(join(tmpdir(), `fenix-test-${process.pid}-migrations-`));
afterAll(() => rmSync(folder, { recursive: true }));

beforeEach(async () => {
  await sql.raw("drop schema public cascade; create schema public").execute(db);
  rmSync(folder, { recursive: true });
  writeFiles({ "0001_pets.sql": "create table pet (name text);" });
});

test("what is missing runs once, in order of the numbers", async () => {
  writeFiles({ "0002_age.sql": "alter table pet add age integer;" });
  expect(await migrate(db, folder)).toEqual(["0001_pets", "0002_age"]);
  expect(await migrate(db, folder)).toEqual([]);
});

test("processes that start at once run each file once", async () => {
  const others = [1, 2, 3].map(() => connect({ url, applicationName: "fenix-test", onIdleError: () => {} }));
  const ran = await Promise.all(others.map((other) => migrate(other.db, folder)));
  expect(ran.flat()).toEqual(["0001_pets"]);
  await Promise.all(others.map((other) => other.close()));
});

test("a file that fails leaves nothing behind, not even the ones before it", async () => {
  writeFiles({ "0002_typo.sql": "create table toy (); alter table pet add age integr;" });
  await expect(migrate(db, folder)).rejects.toThrow('the migration 0002_typo failed: type "integr" does not exist');
  writeFiles({ "0002_typo.sql": "alter table pet add age integer;" });
  expect(await migrate(db, folder)).toEqual(["0001_pets", "0002_typo"]);
});

test("a file that was changed after it ran is refused", async () => {
  await migrate(db, folder);
  writeFiles({ "0001_pets.sql": "create table pet (name text, age integer);" });
  await expect(migrate(db, folder)).rejects.toThrow("migrations/0001_pets.sql was changed after it ran");
});

test("a program older than its database is refused", async () => {
  writeFiles({ "0002_age.sql": "alter table pet add age integer;" });
  await migrate(db, folder);
  rmSync(join(folder, "0002_age.sql"));
  await expect(migrate(db, folder)).rejects.toThrow(
    "the database is newer than this program: it has the migration 0002_age",
  );
});

function writeFiles(files: Readonly<Record<string, string>>): void {
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
}
