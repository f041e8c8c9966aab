/**
 * "npm run schema": writes what follows from migrations/, which is schema.sql for people and the types of the
 * tables for the compiler. Uses a database of its own that lives for a second.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "../src/adapters/postgres/connect.ts";
import { openDatabaseServer } from "../src/adapters/postgres/embedded.ts";
import { migrate, MIGRATION_TABLES } from "../src/adapters/postgres/migrate.ts";
import { describeSchema } from "./describe-schema.ts";
import { describeTypes } from "./describe-types.ts";

const folder = mkdtempSync(join(tmpdir(), "fenix-schema-"));
const server = await openDatabaseServer({ dataDir: folder, durable: false });
try {
  const { db, pool, close } = connect({ url: server.url, applicationName: "write-schema", onIdleError: () => {} });
  await migrate(db);
  write("migrations/schema.sql", await describeSchema(pool, MIGRATION_TABLES));
  await close();
  write("src/adapters/postgres/schema.ts", describeTypes(server.url));
} finally {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
}

function write(path: string, text: string): void {
  writeFileSync(new URL(`../${path}`, import.meta.url), text);
}
