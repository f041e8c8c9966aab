/**
 * One database server per test run, with one migrated template that test files copy.
 *
 * The server is a private one in a throw-away folder, unless DATABASE_URL names another. There, a run creates
 * only databases that start with its own name, drops them at its end, and first drops what runs that were
 * killed have left. A run keeps one connection under its name: a name without a connection is a dead run.
 */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { randomBytes } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import type { TestProject } from "vitest/node";
import { connect } from "../../src/adapters/postgres/connect.ts";
import { type DatabaseServer, openDatabaseServer } from "../../src/adapters/postgres/embedded.ts";
import { migrate } from "../../src/adapters/postgres/migrate.ts";
import { urlOfDatabase } from "./database-url.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** Connects to the server's database that always exists; `run` starts the name of every database of this run. */
    readonly testServer: { readonly url: string; readonly run: string; readonly template: string };
  }
}

const RUN_PREFIX = "fenix_test_";
const FOLDER_PREFIX = "fenix-test-";

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const run = `${RUN_PREFIX}${process.pid}_${randomBytes(3).toString("hex")}`;
  const template = `${run}_template`;
  const { server, folder } = await openServer();
  const admin = new pg.Client({ connectionString: server.url, application_name: run });
  await admin.connect();
  await dropDeadRuns(admin);
  await createTemplate(admin, server.url, template);
  project.provide("testServer", { url: server.url, run, template });

  return async () => {
    await dropDatabases(admin, [run]);
    await admin.end();
    await server.stop();
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  };
}

async function openServer(): Promise<{ server: DatabaseServer; folder: string | undefined }> {
  const databaseUrl = process.env["DATABASE_URL"];
  if (databaseUrl) return { server: await openDatabaseServer({ databaseUrl, dataDir: "unused" }), folder: undefined };
  removeDeadFolders();
  const folder = mkdtempSync(join(tmpdir(), `${FOLDER_PREFIX}${process.pid}-`));
  return { server: await openDatabaseServer({ dataDir: folder, durable: false }), folder };
}

async function createTemplate(admin: pg.Client, url: string, template: string): Promise<void> {
  await admin.query(`create database ${template}`);
  const { db, close } = connect({
    url: urlOfDatabase(url, template),
    applicationName: "fenix-test-template",
    connectionsMax: 1,
    onIdleError: () => {},
  });
  await migrate(db);
  await close(); // A template is copied only while nobody is connected to it.
}

async function dropDeadRuns(admin: pg.Client): Promise<void> {
  const { rows } = await admin.query<{ run: string }>(
    `select distinct substring(datname from '^${RUN_PREFIX}[0-9]+_[0-9a-f]{6}') as run
     from pg_database
     where datname ~ '^${RUN_PREFIX}[0-9]+_[0-9a-f]{6}_' and pg_get_userbyid(datdba) = current_user
     except select application_name from pg_stat_activity`,
  );
  await dropDatabases(
    admin,
    rows.map(({ run }) => run),
  );
}

async function dropDatabases(admin: pg.Client, runs: readonly string[]): Promise<void> {
  for (const run of runs) {
    const { rows } = await admin.query<{ datname: string }>(
      "select datname from pg_database where starts_with(datname, $1)",
      [`${run}_`],
    );
    for (const { datname } of rows) await admin.query(`drop database if exists ${datname} with (force)`);
  }
}

/** What killed runs left in the temporary folder; their servers ended with them. */
function removeDeadFolders(): void {
  for (const name of readdirSync(tmpdir())) {
    const pid = Number(new RegExp(`^${FOLDER_PREFIX}(\\d+)-`).exec(name)?.[1]);
    if (pid > 0 && !isAlive(pid)) rmSync(join(tmpdir(), name), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM"; // Alive, and somebody else's.
  }
}
