/** Finds a place that the rest of a plan makes no use of. */
import type { Chart } from "./chart.ts";
import { listed } from "./lists.ts";

/**
 * The host that the instance may go to from `second` on and stay, or as soon after it as possible; of those, the one that is
 * left with least. What a settled host has free in the end it has free all the time. -1: there is none.
 */
export function settledHost(chart: Chart, instance: number, leaving: number, second: number): number {
  const { cloud, free, settledAt, members, last } = chart;
  const { hostCount, classes, demand, allowed, group, perHost, scarce } = cloud;
  const width = classes.length;
  const wanted = demand.subarray(instance * width, (instance + 1) * width);
  const most = perHost[group[instance]!]!;
  const full = most === Infinity ? null : fullOf(listed(members, group[instance]!), last, most);
  let [best, soonest, least] = [-1, Infinity, Infinity];
  for (let host = 0; host < hostCount; host++) {
    const from = Math.max(second, settledAt[host]!);
    if (from > soonest || from === Infinity) continue;
    const left = width === 0 ? 0 : free[host * width + scarce]! - wanted[scarce]!;
    if (left < 0 || (from === soonest && left >= least)) continue;
    let k = 0;
    while (k < width && wanted[k]! <= free[host * width + k]!) k += 1;
    if (k < width || host === leaving || full?.has(host) === true) continue;
    if (allowed[instance]?.has(host) === false) continue;
    [best, soonest, least] = [host, from, left];
  }
  return best;
}

/** Hosts where so many of these instances end that no other one may. */
function fullOf(instances: readonly number[], last: Int32Array, most: number): ReadonlySet<number> {
  const counts = new Map<number, number>();
  for (const instance of instances) counts.set(last[instance]!, (counts.get(last[instance]!) ?? 0) + 1);
  return new Set([...counts.keys()].filter((host) => counts.get(host)! >= most));
}
