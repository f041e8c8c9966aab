/** The folder that a local PostgreSQL keeps its data in. */
import { spawnSync } from "node:child_process";
import { lstatSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Binaries } from "./binaries.ts";
import { handOver, type Unprivileged } from "./unprivileged.ts";

/** Owns everything in there. Whoever can reach the socket may be it; the folder's permissions decide who can. */
export const SUPERUSER = "postgres";

/** The major version of PostgreSQL that made the folder; undefined while there is none. */
export function versionOf(folder: string): number | undefined {
  if (!exists(folder)) return undefined;
  return Number.parseInt(readFileSync(join(folder, "PG_VERSION"), "utf8"), 10);
}

/** Made beside its place and then renamed: a start that is killed halfway leaves no half folder behind. */
export function createDataFolder(folder: string, { initdb, major }: Binaries, identity: Unprivileged): void {
  if (exists(folder)) return handOver(folder, identity);
  removeDeadDrafts(folder);
  const draft = mkdtempSync(`${folder}-draft-${process.pid}-`);
  handOver(draft, identity);
  // Without these flags the machine's locale decides, and an unset one gives SQL_ASCII.
  const locale =
    major >= 17 ? ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"] : ["--locale=C.UTF-8"];
  const [program = "", ...args] = [
    ...identity.prefix,
    ...[initdb, "-D", draft, "-U", SUPERUSER, "-A", "trust", "-E", "UTF8", ...locale, "--no-instructions", "--no-sync"],
  ];
  const made = spawnSync(program, args, { encoding: "utf8" });
  if (made.status !== 0) {
    rmSync(draft, { recursive: true, force: true });
    throw new Error(`could not create the database folder:\n${made.error?.message ?? made.stderr}`);
  }
  try {
    renameSync(draft, folder);
  } catch (error) {
    if (!exists(folder)) throw error;
    rmSync(draft, { recursive: true, force: true }); // Another process was first.
  }
}

/** What a process left that was killed while it made one. */
function removeDeadDrafts(folder: string): void {
  const drafts = `${basename(folder)}-draft-`;
  for (const name of readdirSync(dirname(folder)).filter((entry) => entry.startsWith(drafts))) {
    const pid = Number(name.slice(drafts.length).split("-")[0]);
    if (!isAlive(pid)) rmSync(join(dirname(folder), name), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM"; // Alive, and somebody else's.
  }
}

const exists = (path: string) => lstatSync(path, { throwIfNoEntry: false }) !== undefined;
