/** What processes have used of the processor, from Linux's /proc. */
import { readdirSync, readFileSync } from "node:fs";

/** The kernel counts in hundredths of a second for everybody. */
const TICKS_PER_SECOND = 100;

/**
 * Seconds of processor time of one process, with the children that it has outlived; with a `name`, of all descendants of
 * the process with this name instead. NaN where there is no /proc.
 */
export function cpuSeconds(pid: number, name?: string): number {
  try {
    if (name === undefined) return seconds(read(pid));
    const all = readdirSync("/proc")
      .filter((entry) => /^\d+$/.test(entry))
      .flatMap(existing);
    const family = new Set([pid]);
    for (let size = 0; size < family.size;) {
      size = family.size;
      for (const one of all) if (family.has(one.parent)) family.add(one.pid);
    }
    return all
      .filter((one) => one.pid !== pid && family.has(one.pid) && one.name === name)
      .reduce((sum, one) => sum + seconds(one), 0);
  } catch {
    return Number.NaN;
  }
}

interface Process {
  readonly pid: number;
  readonly name: string;
  readonly parent: number;
  readonly ticks: number;
}

const seconds = ({ ticks }: Process): number => ticks / TICKS_PER_SECOND;

function existing(pid: string): readonly Process[] {
  try {
    return [read(Number(pid))];
  } catch {
    return []; // It ended meanwhile.
  }
}

/** proc(5): the name in brackets, which may hold blanks; of what follows, the parent is 2nd and the times 12th to 15th. */
function read(pid: number): Process {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const end = stat.lastIndexOf(")");
  const fields = stat
    .slice(end + 2)
    .split(" ")
    .map(Number);
  return {
    pid,
    name: stat.slice(stat.indexOf("(") + 1, end),
    parent: fields[1] ?? 0,
    ticks: fields.slice(11, 15).reduce((sum, one) => sum + one, 0),
  };
}
