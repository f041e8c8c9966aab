/** The database server that Fenix brings along, shared by processes that come and go. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { afterAll, expect, test, vi } from "vitest";
import { endsWithParent } from "../../../src/adapters/local/guarded-child.ts";
import { socketFolder } from "../../../src/adapters/local/socket-folder.ts";
import { openDatabaseServer } from "../../../src/adapters/postgres/embedded.ts";

const root = mkdtempSync(join(tmpdir(), `fenix-test-${process.pid}-embedded-`));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let folders = 0;
const newFolder = () => join(root, `data-${(folders += 1)}`);

test("DATABASE_URL is taken as it is", async () => {
  const server = await openDatabaseServer({ databaseUrl: "postgresql://db/fenix", dataDir: newFolder() });
  expect(server).toMatchObject({ url: "postgresql://db/fenix", origin: "DATABASE_URL" });
});

test("the second process attaches to the first one's server, and takes over when that stops", async () => {
  const dataDir = newFolder();
  const said: string[] = [];
  const first = await openDatabaseServer({ dataDir, durable: false });
  const second = await openDatabaseServer({ dataDir, durable: false, say: (line) => said.push(line) });
  expect(first.origin).toMatch(/^(embedded|debian)-\d+/);
  expect(second).toMatchObject({ origin: "attached", url: first.url });
  await query(first.url, "create table kept ()");

  await first.stop();

  await vi.waitFor(() => expect(second.origin).not.toBe("attached"), { timeout: 20_000, interval: 20 });
  await vi.waitFor(() => query(second.url, "select from kept"), { timeout: 20_000, interval: 20 });
  const story = [
    "the local PostgreSQL went away; attaching to it again, or starting it",
    "the local PostgreSQL is back, started by this process",
  ];
  await vi.waitFor(() => expect(said).toEqual(story), { timeout: 20_000, interval: 20 });
  await second.stop();
  expect(said).toEqual(story);
  await expect(query(second.url, "select")).rejects.toThrow(/ENOENT|ECONNREFUSED/);
});

test("processes that start at once on an empty folder share one server", async () => {
  const dataDir = newFolder();
  const servers = await Promise.all([1, 2].map(() => openDatabaseServer({ dataDir, durable: false })));
  expect(servers.map(({ origin }) => origin).filter((origin) => origin === "attached")).toHaveLength(1);
  await Promise.all(servers.map((server) => server.stop()));
  expect(readdirSync(dataDir).sort()).toEqual(["postgres", "postgres.log"]);
});

test("kill -9 leaves no server behind, and the next start finds everything", async () => {
  const dataDir = newFolder();
  const owner = await startOwner(dataDir);
  await query(owner.url, "create table kept ()");

  owner.kill();

  await vi.waitFor(() => expect(query(owner.url, "select")).rejects.toThrow(/ENOENT|ECONNREFUSED/), {
    timeout: 20_000,
  });
  const next = await openDatabaseServer({ dataDir, durable: false });
  await expect(query(next.url, "select from kept")).resolves.toBeUndefined();
  await next.stop();
});

test.each([
  {
    name: "a short path holds its socket itself",
    folder: "/srv/fenix/postgres",
    socketsIn: /^\/srv\/fenix\/postgres$/,
  },
  { name: "a path too long for a socket's address", folder: `/${"x".repeat(100)}`, socketsIn: /\/fenix-[0-9a-f]{16}$/ },
])("$name", ({ folder, socketsIn }) => {
  expect(socketFolder(folder, ".s.PGSQL.5432")).toMatch(socketsIn);
  expect(socketFolder(folder, ".s.PGSQL.5432")).toBe(socketFolder(folder, ".s.PGSQL.5432"));
});

test("a folder of another PostgreSQL says which one it needs", async () => {
  const dataDir = newFolder();
  mkdirSync(join(dataDir, "postgres"), { recursive: true });
  writeFileSync(join(dataDir, "postgres/PG_VERSION"), "9\n");
  await expect(openDatabaseServer({ dataDir })).rejects.toThrow(/written by PostgreSQL 9, but only .* is there/);
});

test.runIf(process.getuid?.() === 0)("root, where user namespaces are denied, and below a closed folder", async () => {
  const denied = newFolder();
  mkdirSync(denied);
  writeFileSync(join(denied, "unshare"), "#!/bin/sh\nexit 1\n");
  chmodSync(join(denied, "unshare"), 0o755);
  const closed = newFolder();
  mkdirSync(closed, { mode: 0o700 });

  const owner = await startOwner(join(closed, "data"), { PATH: `${denied}:${process.env["PATH"] ?? ""}` });
  await query(owner.url, "create table kept ()");
  owner.kill();
  await vi.waitFor(() => expect(query(owner.url, "select")).rejects.toThrow(/ENOENT|ECONNREFUSED/), {
    timeout: 20_000,
  });

  // The same folder again, now with namespaces: its files change hands.
  const next = await openDatabaseServer({ dataDir: join(closed, "data"), durable: false });
  await expect(query(next.url, "select from kept")).resolves.toBeUndefined();
  await next.stop();
});

async function query(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => {});
  await client.connect();
  await client.query(statement);
  await client.end();
}

async function startOwner(dataDir: string, env: NodeJS.ProcessEnv = {}) {
  const program = fileURLToPath(new URL("../../support/database-server-owner.ts", import.meta.url));
  const command = [...endsWithParent("TERM"), process.execPath, "--import", "tsx", program, dataDir];
  const child = spawn(command[0] ?? "", command.slice(1), {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = (await once(child.stdout, "data")) as [Buffer];
  const { url } = JSON.parse(line.toString()) as { url: string };
  return { url, kill: () => child.kill("SIGKILL") };
}
