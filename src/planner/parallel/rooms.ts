/**
 * The open hosts by what is free of the scarce class, so that a place is found without looking at every host.
 *
 * Hosts stand in two tiers: settled ones, which an instance need not leave again, and waiting ones, which will be
 * maintained later. Each tier is a row of shelves of equal width, each shelf a doubly linked list.
 */
import type { NumberedCloud } from "./numbered.ts";

/** Narrow enough that a shelf of 10,000 hosts is short, few enough that an empty row is passed quickly. */
const SHELVES = 256;

export interface Rooms {
  readonly has: (host: number) => boolean;
  readonly enter: (host: number, isSettled: boolean, free: number) => void;
  readonly leave: (host: number) => void;
  /** The free amount of a host that is in has changed. */
  readonly refresh: (host: number, free: number) => void;
  /**
   * Looks at hosts with at least `wanted` free, the fullest shelf first, at most `probes` of them. Answers the host with
   * the least `cost` on the first shelf that has one with a finite cost; -1 when there is none.
   */
  readonly find: (isSettled: boolean, wanted: number, probes: number, cost: (host: number) => number) => number;
}

export function rooms(cloud: NumberedCloud): Rooms {
  const { hostCount, classes, capacity, scarce } = cloud;
  let largest = 1;
  for (let host = 0; host < hostCount; host++) {
    const amount = capacity[host * classes.length + scarce]!;
    if (amount > largest && amount < Infinity) largest = amount;
  }
  const heads = new Int32Array(2 * SHELVES).fill(-1);
  const shelfOf = new Int32Array(hostCount).fill(-1);
  const next = new Int32Array(hostCount).fill(-1);
  const previous = new Int32Array(hostCount).fill(-1);

  const shelfFor = (free: number) =>
    free <= 0 ? 0 : free >= largest ? SHELVES - 1 : Math.floor((free / largest) * (SHELVES - 1));

  const put = (host: number, shelf: number) => {
    const after = heads[shelf]!;
    shelfOf[host] = shelf;
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
    shelfOf[host] = -1;
  };

  return {
    has: (host) => shelfOf[host] !== -1,
    enter: (host, isSettled, free) => put(host, (isSettled ? 0 : SHELVES) + shelfFor(free)),
    leave,
    refresh(host, free) {
      const tier = shelfOf[host]! >= SHELVES ? SHELVES : 0;
      const shelf = tier + shelfFor(free);
      if (shelf === shelfOf[host]) return;
      leave(host);
      put(host, shelf);
    },
    find(isSettled, wanted, probes, cost) {
      const tier = isSettled ? 0 : SHELVES;
      let left = probes;
      for (let shelf = tier + shelfFor(wanted); shelf < tier + SHELVES; shelf++) {
        let best = -1;
        let least = Infinity;
        for (let host = heads[shelf]!; host !== -1 && left > 0; host = next[host]!) {
          left -= 1;
          const here = cost(host);
          if (here < least || (here === least && here < Infinity && host < best)) {
            least = here;
            best = host;
          }
        }
        if (best !== -1 || left <= 0) return best;
      }
      return -1;
    },
  };
}
