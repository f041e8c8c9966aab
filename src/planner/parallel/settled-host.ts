/** Finds a place that the rest of a plan makes no use of. */
import type { Chart } from "./chart.ts";
import { listed } from "./lists.ts";

/**
 * The host that the instance may go to from `second` on and stay, or as soon after it as possible; of those, the one that is
 * left with least. What a settled host has free in the end it has free all the time. -1: there is none.
 */
export function settledHost(chart: Chart, instance: number, leaving: number, second: number): number {
  const { cloud, free, roomy, settledAt } = chart;
  const { classes, demand, allowed, scarce } = cloud;
  const width = classes.length;
  const wanted = demand.subarray(instance * width, (instance + 1) * width);
  const isFull = isFullOf(chart, instance);
  let [best, soonest, least] = [-1, Infinity, Infinity];
  for (const host of width === 0 ? settledAt.keys() : roomy) {
    const left = width === 0 ? 0 : free[host * width + scarce]! - wanted[scarce]!;
    if (left < 0) continue;
    const from = Math.max(second, settledAt[host]!);
    if (from > soonest || from === Infinity || (from === soonest && (left > least || (left === least && host > best))))
      continue;
    let k = 0;
    while (k < width && wanted[k]! <= free[host * width + k]!) k += 1;
    if (k < width || host === leaving || isFull(host)) continue;
    if (allowed[instance]?.has(host) === false) continue;
    [best, soonest, least] = [host, from, left];
  }
  return best;
}

/** Tells of hosts whether so many of the instance's group are there in the end that it may not be, too. */
export function isFullOf({ cloud, members, last }: Chart, instance: number): (host: number) => boolean {
  const group = cloud.group[instance]!;
  const most = cloud.perHost[group]!;
  if (most === Infinity) return () => false;
  const counts = new Map<number, number>();
  for (const one of listed(members, group)) counts.set(last[one]!, (counts.get(last[one]!) ?? 0) + 1);
  return (host) => (counts.get(host) ?? 0) >= most;
}
