/**
 * The open hosts by what is free, so that a place is found without looking at every host.
 *
 * A host's level is the least of what is free per class, in shares of the largest host; an instance's is what it wants.
 * A host at or above the largest share that an instance wants has room for certain; one under the smallest has none.
 * Hosts stand in two tiers: settled ones, which an instance need not leave again, and waiting ones, which will be
 * maintained later. A tier has a row of shelves for each class that may be the least, and each shelf is a doubly linked
 * list: an instance that wants little of a class looks first where little of it is free.
 */
import type { NumberedCloud } from "./numbered.ts";

/** Narrow enough that a shelf of 10,000 hosts is short, few enough that an empty row is passed quickly. */
const SHELVES = 256;

export interface Rooms {
  readonly has: (host: number) => boolean;
  readonly enter: (host: number, isSettled: boolean) => void;
  readonly leave: (host: number) => void;
  /** What is free on a host that is in has changed. */
  readonly refresh: (host: number) => void;
  /** Waiting hosts among the open ones, from 0 to 1. */
  readonly waitingShare: () => number;
  /**
   * Looks at hosts that may have room, the fullest shelf first; per row at most `probes` of those where it is uncertain
   * and as many of the others. Answers the host with the least `cost`; -1 when none has a finite one.
   */
  readonly find: (isSettled: boolean, instance: number, probes: number, cost: (host: number) => number) => number;
}

export function rooms(cloud: NumberedCloud, free: Float64Array): Rooms {
  const { hostCount, classes, capacity, demand } = cloud;
  const count = classes.length;
  const largest = new Float64Array(count).fill(1);
  for (let at = 0; at < capacity.length; at++)
    if (capacity[at]! < Infinity) largest[at % count] = Math.max(largest[at % count]!, capacity[at]!);
  const rows = Math.max(1, count);
  const heads = new Int32Array(2 * rows * SHELVES).fill(-1);
  const shelfOf = new Int32Array(hostCount).fill(-1);
  const next = new Int32Array(hostCount).fill(-1);
  const previous = new Int32Array(hostCount).fill(-1);

  // How many hosts stand in each tier.
  const standing: [settled: number, waiting: number] = [0, 0];

  const shelfAt = (level: number) => (level <= 0 ? 0 : level >= 1 ? SHELVES - 1 : Math.floor(level * (SHELVES - 1)));

  const shelfFor = (host: number, tier: number) => {
    let level = Infinity;
    let row = 0;
    for (let k = 0, at = host * count; k < count; k++) {
      const here = free[at + k]! / largest[k]!;
      if (here >= level) continue;
      level = here;
      row = k;
    }
    return (tier * rows + row) * SHELVES + shelfAt(level);
  };

  const put = (host: number, shelf: number) => {
    const after = heads[shelf]!;
    shelfOf[host] = shelf;
    standing[shelf < rows * SHELVES ? 0 : 1] += 1;
    previous[host] = -1;
    next[host] = after;
    if (after !== -1) previous[after] = host;
    heads[shelf] = host;
  };

  const leave = (host: number) => {
    const [before, after] = [previous[host]!, next[host]!];
    if (before === -1) heads[shelfOf[host]!] = after;
    else next[before] = after;
    if (after !== -1) previous[after] = before;
    standing[shelfOf[host]! < rows * SHELVES ? 0 : 1] -= 1;
    shelfOf[host] = -1;
  };

  let least = Infinity;
  let best = -1;
  const search = (from: number, to: number, probes: number, cost: (host: number) => number) => {
    let left = probes;
    for (let shelf = from; shelf < to && left > 0; shelf++) {
      for (let host = heads[shelf]!; host !== -1 && left > 0; host = next[host]!) {
        left -= 1;
        const here = cost(host);
        if (here > least || here === Infinity || (here === least && host > best)) continue;
        least = here;
        best = host;
      }
    }
  };

  return {
    has: (host) => shelfOf[host] !== -1,
    enter: (host, isSettled) => put(host, shelfFor(host, isSettled ? 0 : 1)),
    leave,
    waitingShare: () => standing[1] / Math.max(1, standing[0] + standing[1]),
    refresh(host) {
      const shelf = shelfFor(host, shelfOf[host]! >= rows * SHELVES ? 1 : 0);
      if (shelf === shelfOf[host]) return;
      leave(host);
      put(host, shelf);
    },
    find(isSettled, instance, probes, cost) {
      least = Infinity;
      best = -1;
      let high = 0;
      for (let k = 0, at = instance * count; k < count; k++) high = Math.max(high, demand[at + k]! / largest[k]!);
      for (let row = 0; row < rows; row++) {
        const start = ((isSettled ? 0 : rows) + row) * SHELVES;
        const low = count === 0 ? 0 : demand[instance * count + row]! / largest[row]!;
        const certain = start + shelfAt(high) + 1;
        search(start + shelfAt(low), certain, probes, cost);
        search(certain, start + SHELVES, probes, cost);
      }
      return best;
    },
  };
}
