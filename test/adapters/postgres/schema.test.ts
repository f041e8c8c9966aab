import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { describeSchema } from "../../../scripts/describe-schema.ts";
import { describeTypes } from "../../../scripts/describe-types.ts";
import { MIGRATION_TABLES } from "../../../src/adapters/postgres/migrate.ts";
import { testDatabase } from "../../support/database.ts";

const { pool, url } = await testDatabase();
const committed = (path: string) => readFile(new URL(`../../../${path}`, import.meta.url), "utf8");

test('schema.sql is the sum of the migrations; "npm run schema" writes it', async () => {
  expect(await describeSchema(pool, MIGRATION_TABLES)).toBe(await committed("migrations/schema.sql"));
});

test('the types are those of the tables; "npm run schema" writes them', async () => {
  expect(describeTypes(url)).toBe(await committed("src/adapters/postgres/schema.ts"));
});
