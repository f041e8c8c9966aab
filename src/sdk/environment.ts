/**
 * What plugins may know of the process's environment. Apart from `src/config.ts` nothing else in src/ reads it: the
 * engine's own credentials (DATABASE_URL, OS_PASSWORD …) stay out of reach of what an action starts.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";

/** What a program needs to run at all, and ssh to find its keys. Everything else is left out. */
const PLAIN = [
  "PATH",
  "HOME",
  "USER",
  "LOGNAME",
  "SHELL",
  "LANG",
  "LC_ALL",
  "LC_CTYPE",
  "TZ",
  "TMPDIR",
  "SSH_AUTH_SOCK",
];

/** Where container platforms put secrets as files. */
const SECRETS_DIR = "/run/secrets";

/** The environment for programs that an action starts. */
export function plainEnvironment(): Readonly<Record<string, string>> {
  const found = PLAIN.map((name) => [name, process.env[name]] as const);
  return Object.fromEntries(found.filter((pair): pair is [string, string] => pair[1] !== undefined));
}

/**
 * The secret `awx-token` from the variable FENIX_SECRET_AWX_TOKEN, or else from the file `awx-token` in
 * FENIX_SECRETS_DIR. No other variable and no other file can be named: a session's request must not read the engine's.
 */
export async function readSecret(name: string): Promise<string> {
  const variable = `FENIX_SECRET_${name.toUpperCase().replaceAll(/[^A-Z0-9]/g, "_")}`;
  const value = process.env[variable];
  if (value) return value;
  const file = join(process.env["FENIX_SECRETS_DIR"] || SECRETS_DIR, name);
  const text = await readFile(file, "utf8").catch(() => null);
  if (!text) throw new Error(`the worker has no secret "${name}": set ${variable}, or put it into the file ${file}`);
  return text.replace(/\r?\n$/, "");
}
