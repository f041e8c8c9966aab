/**
 * The database server, wherever it comes from. The ladder, first that fits:
 *
 *   1. DATABASE_URL: somebody runs PostgreSQL for us; production does.
 *   2. A server already running on our data folder: attach to it.
 *   3. PostgreSQL's programs from the npm package, started on our data folder.
 *   4. The same with the programs Debian installed.
 *
 * A local server listens on a unix socket only: no port to clash with, and the folder's permissions guard it.
 */
import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import pg from "pg";
import { endsWithParent, type GuardedChild, startGuarded } from "../local/guarded-child.ts";
import { type Presence, type Say, type ServerProgram, shareServer } from "../local/shared-server.ts";
import { createSocketFolder, socketFolder } from "../local/socket-folder.ts";
import { type Binaries, findBinaries } from "./binaries.ts";
import { createDataFolder, SUPERUSER, versionOf } from "./data-folder.ts";
import { type Unprivileged, unprivileged } from "./unprivileged.ts";

export interface DatabaseServer {
  /** Understood by node-postgres, psql and every other client of libpq's rules. */
  readonly url: string;
  /** Changes when the server went away and another process, or this one, started it again. */
  readonly origin: "DATABASE_URL" | "attached" | Binaries["origin"];
  /** Stops a server that this process started; leaves any other alone. */
  stop(): Promise<void>;
}

export interface DatabaseServerOptions {
  readonly databaseUrl?: string | undefined;
  readonly dataDir: string;
  /** Whether data has to survive a crash of the machine. False is for tests, and about twice as fast. */
  readonly durable?: boolean;
  readonly say?: Say;
}

const DATABASE = "fenix";
// Names the socket file; nothing listens on a port.
const PORT = 5432;

export async function openDatabaseServer(options: DatabaseServerOptions): Promise<DatabaseServer> {
  const { databaseUrl } = options;
  if (databaseUrl !== undefined) return { url: databaseUrl, origin: "DATABASE_URL", stop: async () => {} };
  return openLocalServer(options);
}

async function openLocalServer({
  dataDir,
  durable = true,
  say = () => {},
}: DatabaseServerOptions): Promise<DatabaseServer> {
  const folder = join(resolve(dataDir), "postgres");
  mkdirSync(resolve(dataDir), { recursive: true });
  let binaries: Binaries | undefined;

  const program: ServerProgram = {
    name: "the local PostgreSQL",
    connect: () => connectPresence(socketsOf(folder)),
    start() {
      binaries = findBinaries(versionOf(folder));
      const identity = unprivileged();
      createDataFolder(folder, binaries, identity);
      return startPostgres(folder, binaries, identity, durable);
    },
    // A server that is starting or stopping still holds the lock; so does one that is about to answer.
    isTaken: (child) => /lock file ".*" already exists/.test(child.output()),
  };

  const server = await shareServer(program, say);
  await createDatabase(urlOf(folder, "postgres"));
  return {
    url: urlOf(folder, DATABASE),
    get origin() {
      return server.mode === "owning" && binaries ? binaries.origin : "attached";
    },
    stop: () => server.stop(),
  };
}

function urlOf(folder: string, database: string): string {
  const query = new URLSearchParams({ host: socketsOf(folder), port: String(PORT), user: SUPERUSER });
  return `postgresql:///${database}?${query.toString()}`;
}

/** One open connection tells at once when the server goes away. */
async function connectPresence(host: string): Promise<Presence> {
  const client = new pg.Client({
    host,
    port: PORT,
    user: SUPERUSER,
    database: "postgres",
    application_name: "fenix-presence",
    connectionTimeoutMillis: 5_000,
  });
  const gone = new Promise<void>((resolve) => client.once("end", () => resolve()));
  client.on("error", () => {}); // "end" follows and says it all.
  await client.connect();
  return { gone, close: () => client.end() };
}

/** Two processes may start for the first time at once; the name's uniqueness decides who makes the database. */
async function createDatabase(adminUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  try {
    const { rowCount } = await client.query("select from pg_database where datname = $1", [DATABASE]);
    if (rowCount === 0) await client.query(`create database ${DATABASE}`).catch(ignoreExisting);
  } finally {
    await client.end();
  }
}

function ignoreExisting(error: unknown): void {
  const made = ["42P04", "23505"]; // duplicate_database, and the same found by the catalog's unique index.
  if (!(error instanceof pg.DatabaseError) || !made.includes(error.code ?? "")) throw error;
}

function startPostgres(folder: string, { postgres }: Binaries, identity: Unprivileged, durable: boolean): GuardedChild {
  const sockets = socketsOf(folder);
  if (sockets !== folder) createSocketFolder(sockets, identity.owner);
  const settings = {
    listen_addresses: "",
    port: PORT,
    unix_socket_directories: sockets,
    unix_socket_permissions: "0700",
    // API, workers and BullMQ's backend each have a pool, and any number of workers may come.
    max_connections: 200,
    timezone: "UTC",
    log_timezone: "UTC",
    log_checkpoints: "off",
    ...(durable ? {} : { fsync: "off", synchronous_commit: "off", full_page_writes: "off" }),
  };
  return startGuarded({
    command: [
      ...identity.prefix,
      // Inside the namespace: entering one clears the wish. SIGINT is PostgreSQL's fast, clean shutdown.
      ...endsWithParent("INT"),
      ...[postgres, "-D", folder],
      ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]),
    ],
    cwd: folder,
    logFile: `${folder}.log`,
    signals: { polite: "SIGINT", firm: "SIGQUIT" },
  });
}

const socketsOf = (folder: string) => socketFolder(folder, `.s.PGSQL.${PORT}`);
