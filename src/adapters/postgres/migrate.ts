/**
 * Brings a database up to date with the SQL files in migrations/.
 *
 * All files that are missing run in one transaction under an advisory lock, so any number of processes may
 * start at once. A checksum of each file is kept: a file that was changed after it ran somewhere would leave
 * two databases of the same version that differ, and nobody would see it.
 */
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { type Kysely, type Migration, Migrator, sql } from "kysely";

export const MIGRATIONS_FOLDER = fileURLToPath(new URL("../../../migrations/", import.meta.url));

/** Tables of this file's own; no part of the schema. */
export const MIGRATION_TABLES = ["schema_migration", "schema_migration_lock", "schema_migration_checksum"] as const;
const [TABLE, LOCK_TABLE, CHECKSUM_TABLE] = MIGRATION_TABLES;

interface MigrationFile {
  readonly name: string;
  readonly text: string;
  readonly checksum: string;
}

/** Returns the names of the files that ran now. */
export async function migrate<Tables>(db: Kysely<Tables>, folder = MIGRATIONS_FOLDER): Promise<readonly string[]> {
  const files = await readMigrations(folder);
  await refuseSurprises(db, files);
  const migrator = new Migrator({
    db,
    migrationTableName: TABLE,
    migrationLockTableName: LOCK_TABLE,
    provider: { getMigrations: async () => Object.fromEntries(files.map((file) => [file.name, toMigration(file)])) },
  });
  const { error, results = [] } = await migrator.migrateToLatest();
  if (error !== undefined) {
    const failed = results.find(({ status }) => status === "Error");
    const what = failed ? `the migration ${failed.migrationName} failed` : "the database could not be migrated";
    throw new Error(`${what}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
  return results.map(({ migrationName }) => migrationName);
}

async function readMigrations(folder: string): Promise<readonly MigrationFile[]> {
  const names = (await readdir(folder)).filter((name) => /^\d{4}_[a-z0-9_]+\.sql$/.test(name)).sort();
  return Promise.all(
    names.map(async (fileName) => {
      const text = (await readFile(`${folder}/${fileName}`, "utf8")).replaceAll("\r\n", "\n");
      return {
        name: fileName.replace(/\.sql$/, ""),
        text,
        checksum: createHash("sha256").update(text).digest("hex"),
      };
    }),
  );
}

/** A database that is newer than this program, or that ran another text under the same name. */
async function refuseSurprises<Tables>(db: Kysely<Tables>, files: readonly MigrationFile[]): Promise<void> {
  const byName = new Map(files.map((file) => [file.name, file]));
  for (const { name, checksum } of await appliedMigrations(db)) {
    const file = byName.get(name);
    if (!file) {
      throw new Error(
        `the database is newer than this program: it has the migration ${name}, which this program does not know. ` +
          "Start a program of at least that version",
      );
    }
    if (file.checksum !== checksum) {
      throw new Error(
        `migrations/${name}.sql was changed after it ran on this database. ` +
          "Restore the file, and put the change into a new one with the next number",
      );
    }
  }
}

async function appliedMigrations<Tables>(db: Kysely<Tables>): Promise<readonly { name: string; checksum: string }[]> {
  const { rows: found } = await sql<{ exists: boolean }>`
    select to_regclass(${CHECKSUM_TABLE}) is not null as exists
  `.execute(db);
  if (!found[0]?.exists) return [];
  const { rows } = await sql<{ name: string; checksum: string }>`
    select name, checksum from ${sql.table(CHECKSUM_TABLE)} order by name
  `.execute(db);
  return rows;
}

function toMigration({ name, text, checksum }: MigrationFile): Migration {
  return {
    async up(db) {
      // The pool's limit is for the statements of daily work; building an index on a large table takes what it takes.
      await sql`set local statement_timeout = 0`.execute(db);
      await sql`
        create table if not exists ${sql.table(CHECKSUM_TABLE)} (name text primary key, checksum text not null)
      `.execute(db);
      await sql.raw(text).execute(db);
      await sql`insert into ${sql.table(CHECKSUM_TABLE)} values (${name}, ${checksum})`.execute(db);
    },
  };
}
