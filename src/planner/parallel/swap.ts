/** Finds somebody in a plan whose place is needed only later than it is there. */
import type { Chart } from "./chart.ts";
import { firstFrom } from "./moves.ts";
import { isFullOf } from "./settled-host.ts";

/** Nobody is looked for who is to come later than so many seconds: more of the cloud is back then. */
const AHEAD = 1_800;

/**
 * The last move after `second`, of an instance that is no larger, to a host that is settled by then and where the other
 * instance has room in its stead; -1: there is none. Who has to look for another place then has more time.
 */
export function swap(
  chart: Chart,
  instance: number,
  leaving: number,
  second: number,
  mayGo: (move: number) => boolean,
): number {
  const { cloud, past, moves, free, isBefore, settledAt } = chart;
  const { classes, demand, allowed, scarce } = cloud;
  const width = classes.length;
  const isFull = isFullOf(chart, instance);
  const wanted = demand.subarray(instance * width, (instance + 1) * width);
  for (let move = firstFrom(past.moves, second + AHEAD) - 1; move >= 0 && past.moves.start[move]! > second; move--) {
    const host = moves.to[move]!;
    if (host === -1 || isBefore[move] === 1 || settledAt[host]! > second || moves.start[move]! <= second) continue;
    const other = moves.instance[move]! * width;
    if (demand[other + scarce]! > wanted[scarce]!) continue;
    let k = 0;
    while (k < width && wanted[k]! <= free[host * width + k]! + demand[other + k]!) k += 1;
    if (k < width || host === leaving || isFull(host) || allowed[instance]?.has(host) === false) continue;
    if (mayGo(move)) return move;
  }
  return -1;
}
