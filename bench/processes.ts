/** How much processor time processes have used, by the books of Linux; elsewhere NaN, which JSON shows as null. */
import { readdirSync, readFileSync } from "node:fs";
import pg from "pg";

/** Linux tells in ticks of a hundredth of a second (`getconf CLK_TCK`), on every machine that Node runs on. */
const TICKS_PER_SECOND = 100;

/** Seconds of processor time of a process so far; NaN when it is gone. */
export const cpuSeconds = (pid: number): number => statOf(pid)?.seconds ?? Number.NaN;

/** The same for a process with all of its children, the dead ones too; NaN for no process. */
export function familyCpuSeconds(pid: number | null): number {
  const parent = pid === null ? null : statOf(pid);
  if (parent === null) return Number.NaN;
  const children = readdirSync("/proc").flatMap((name) => statOf(Number(name)) ?? []);
  return children
    .filter((child) => child.parent === pid)
    .reduce((sum, { seconds }) => sum + seconds, parent.seconds + parent.secondsOfDeadChildren);
}

/** The most memory that a process has had so far, in MB (`VmHWM`); null elsewhere. */
export function peakMegabytes(pid: number): number | null {
  const [, kilobytes] = /VmHWM:\s+(\d+) kB/.exec(read(`/proc/${pid}/status`)) ?? [];
  return kilobytes === undefined ? null : Math.round(Number(kilobytes) / 1_024);
}

/** The postmaster of a database server on this machine; null when it runs on another. */
export async function postmasterOf(url: string): Promise<number | null> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ pid: number }>("select pg_backend_pid() as pid");
    const backend = statOf(rows[0]?.pid ?? 0);
    return backend?.name === "postgres" ? backend.parent : null;
  } finally {
    await client.end();
  }
}

interface Stat {
  readonly name: string;
  readonly parent: number;
  readonly seconds: number;
  readonly secondsOfDeadChildren: number;
}

/** See proc_pid_stat(5): the fields after the name, which may hold spaces and stands in brackets. */
function statOf(pid: number): Stat | null {
  const [, name = "", rest = ""] = /\((.*)\) (.*)/.exec(read(`/proc/${pid}/stat`)) ?? [];
  if (rest === "") return null;
  const fields = rest.split(" ").map(Number);
  const sum = (first: number) => ((fields[first] ?? 0) + (fields[first + 1] ?? 0)) / TICKS_PER_SECOND;
  return { name, parent: fields[1] ?? 0, seconds: sum(11), secondsOfDeadChildren: sum(13) };
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
