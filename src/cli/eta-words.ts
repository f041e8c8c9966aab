/** When a session will be done, and how that is known. */
import type { Eta } from "./answers.ts";
import { duration, readWireTime } from "./when.ts";

/** `in 45 min (09:10 UTC), with 95 % within 1 h 2 min (09:27 UTC)`. */
export function etaInWords({ p50, p95 }: Eta, now: Date): string {
  const left = (time: string) =>
    `${duration(readWireTime(time).getTime() - now.getTime())} (${dayIfOther(time, now)}${time.slice(11, 16)} UTC)`;
  return `in ${left(p50)}, with 95 % within ${left(p95)}`;
}

/** `by 12 measured drains of 3 min and assumed host actions of 30 min`. */
export const etaBasis = ({ drain, action }: Eta): string =>
  `by ${basisInWords("drains", drain)} and ${basisInWords("host actions", action)}`;

/** The day is told where it is not today. */
const dayIfOther = (time: string, now: Date): string =>
  time.slice(0, 10) === now.toISOString().slice(0, 10) ? "" : `${time.slice(0, 10)} `;

function basisInWords(what: string, { seconds, basis, measured }: Eta["drain"]): string {
  const each = duration(seconds * 1_000);
  switch (basis) {
    case "measured":
      return `${measured} measured ${what} of ${each}`;
    case "moves":
      return `measured moves, ${each} for a drain`;
    case "plan":
      return `planned ${what} of ${each}`;
    default:
      return `assumed ${what} of ${each}`;
  }
}
