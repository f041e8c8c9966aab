/** The moves that a host has no room for any more when what is there, or what it takes, is not as planned. */
import type { Chart } from "./chart.ts";
import { listed } from "./lists.ts";

/** Those from `second` on without which all others that come to the host have room there; small ones where those are enough. */
export function misplaced(chart: Chart, host: number, second: number): readonly number[] {
  const { cloud, moves, arriving, leaving } = chart;
  const isToCome = (move: number) => moves.start[move]! >= second;
  if (cloud.takes[host] === 0) return listed(arriving, host).filter(isToCome);
  const held = heldAtStart(chart, host);
  const happenings = [
    ...listed(arriving, host).map((move) => ({ move, at: moves.start[move]!, sign: 1 as const })),
    ...listed(leaving, host).map((move) => ({ move, at: moves.end[move]!, sign: -1 as const })),
  ].toSorted((a, b) => a.at - b.at || a.sign - b.sign || a.move - b.move);
  const homeless: number[] = [];
  // What is to come, or has come, by instance.
  const there = new Map<number, number>();
  const gone = new Set<number>();
  for (const { move, sign } of happenings) {
    const instance = moves.instance[move]!;
    // What does not come does not leave again.
    if (gone.has(instance)) continue;
    held.count(instance, sign);
    if (sign === -1) there.delete(instance);
    if (sign === -1 || !isToCome(move)) continue;
    there.set(instance, move);
    if (held.fits(instance)) continue;
    const least = held.leastToGo(instance, there.keys());
    held.count(least, -1);
    homeless.push(there.get(least)!);
    there.delete(least);
    gone.add(least);
  }
  return homeless;
}

/** What the host holds, and how many of each anti-affine group. */
function heldAtStart({ cloud }: Chart, host: number) {
  const { classes, capacity, demand, home, group, perHost, scarce, instanceCount } = cloud;
  const width = classes.length;
  const free = capacity.slice(host * width, (host + 1) * width);
  const members = new Map<number, number>();
  const count = (instance: number, sign: 1 | -1) => {
    for (let k = 0; k < width; k++) free[k]! -= sign * demand[instance * width + k]!;
    members.set(group[instance]!, (members.get(group[instance]!) ?? 0) + sign);
  };
  for (let instance = 0; instance < instanceCount; instance++) if (home[instance] === host) count(instance, 1);
  const hasRoomWithout = (instance: number | null) =>
    free.every((amount, k) => amount + (instance === null ? 0 : demand[instance * width + k]!) >= 0);
  const isApart = (instance: number) => (members.get(group[instance]!) ?? 0) <= perHost[group[instance]!]!;
  return {
    count,
    fits: (instance: number) => isApart(instance) && hasRoomWithout(null),
    /** The smallest of the others without which the last one fits, or that one. */
    leastToGo(last: number, others: Iterable<number>): number {
      if (!isApart(last)) return last;
      const enough = [...others].filter(hasRoomWithout);
      const size = (instance: number) => demand[instance * width + scarce] ?? 0;
      return enough.reduce((least, one) => (size(one) < size(least) ? one : least), enough[0] ?? last);
    },
  };
}
