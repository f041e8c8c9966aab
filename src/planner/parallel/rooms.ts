/**
 * The open hosts by what is free, so that a place is found without looking at every host.
 *
 * A host's level is the least of what is free per class, in shares of the largest host; an instance's is what it wants.
 * A host at or above the largest share that an instance wants has room for certain; one under the smallest has none.
 * Hosts stand in two tiers: settled ones, which an instance need not leave again, and waiting ones, which will be
 * maintained later. A tier has a row of shelves for each class that may be the least, and each shelf is a doubly linked
 * list: an instance that wants little of a class looks first where little of it is free.
 */
import { slackOf } from "./bounds.ts";
import type { NumberedCloud } from "./numbered.ts";

/** Narrow enough that a shelf of 10,000 hosts is short, few enough that an empty row is passed quickly. */
const SHELVES = 256;

/**
 * How much worse than a hole that is larger is one that has become more uneven. What is free of one class where another is
 * used up is lost: instances go first where they make good for what is uneven already.
 */
const UNEVEN = 10;

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
   * and as many of the others. Answers the one, other than `from`, that is left with the least and most even hole; -1
   * when none of them has room.
   */
  readonly find: (isSettled: boolean, instance: number, from: number, probes: number) => number;
}

/** `suits`: whether nothing but what is free can keep the instance from the host. */
export function rooms(
  cloud: NumberedCloud,
  free: Float64Array,
  suits: (instance: number, host: number) => boolean,
): Rooms {
  const { hostCount, classes, capacity, demand } = cloud;
  const count = classes.length;
  const largest = new Float64Array(count).fill(1);
  for (let at = 0; at < capacity.length; at++)
    if (capacity[at]! < Infinity) largest[at % count] = Math.max(largest[at % count]!, capacity[at]!);
  const rows = Math.max(1, count);
  const worths = worthsOf(cloud);
  const heads = new Int32Array(2 * rows * SHELVES).fill(-1);
  // A bit for each shelf on which anybody stands: most are empty, and a look at each would take most of the time.
  const filled = new Int32Array((2 * rows * SHELVES) / 32);
  const shelfOf = new Int32Array(hostCount).fill(-1);
  const next = new Int32Array(hostCount).fill(-1);
  const previous = new Int32Array(hostCount).fill(-1);

  // Hosts that stand where they stood before something changed: they are put in order when somebody looks for room.
  const changed: number[] = [];
  const hasChanged = new Uint8Array(hostCount);

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
    filled[shelf >> 5]! |= 1 << (shelf & 31);
  };

  const leave = (host: number) => {
    const [before, after] = [previous[host]!, next[host]!];
    const shelf = shelfOf[host]!;
    if (before === -1) heads[shelf] = after;
    else next[before] = after;
    if (after !== -1) previous[after] = before;
    if (heads[shelf] === -1) filled[shelf >> 5]! &= ~(1 << (shelf & 31));
    standing[shelf < rows * SHELVES ? 0 : 1] -= 1;
    shelfOf[host] = -1;
  };

  /** The first shelf from this one on, and before the other, on which anybody stands; `to` when there is none. */
  const firstFilled = (from: number, to: number): number => {
    if (from >= to) return to;
    let word = from >> 5;
    let bits = filled[word]! & (-1 << (from & 31));
    while (bits === 0) {
      word += 1;
      if (word << 5 >= to) return to;
      bits = filled[word]!;
    }
    return Math.min(to, (word << 5) + 31 - Math.clz32(bits & -bits));
  };

  const putInOrder = () => {
    for (const host of changed) {
      hasChanged[host] = 0;
      if (shelfOf[host] === -1) continue;
      const shelf = shelfFor(host, shelfOf[host]! >= rows * SHELVES ? 1 : 0);
      if (shelf === shelfOf[host]) continue;
      leave(host);
      put(host, shelf);
    }
    changed.length = 0;
  };

  return {
    has: (host) => shelfOf[host] !== -1,
    enter: (host, isSettled) => put(host, shelfFor(host, isSettled ? 0 : 1)),
    leave,
    waitingShare: () => standing[1] / Math.max(1, standing[0] + standing[1]),
    refresh(host) {
      if (hasChanged[host] === 1) return;
      hasChanged[host] = 1;
      changed.push(host);
    },
    find(isSettled, instance, from, probes) {
      if (changed.length > 0) putInOrder();
      const wanted = instance * count;
      let high = 0;
      for (let k = 0; k < count; k++) high = Math.max(high, demand[wanted + k]! / largest[k]!);
      // One loop without calls that answer fractions: the engine would put each on its heap.
      let least = Infinity;
      let best = -1;
      for (let range = 0; range < 2 * rows; range++) {
        const row = range >> 1;
        const start = ((isSettled ? 0 : rows) + row) * SHELVES;
        const low = count === 0 ? 0 : demand[wanted + row]! / largest[row]!;
        const certain = start + shelfAt(high) + 1;
        const isCertain = (range & 1) === 1;
        const to = isCertain ? start + SHELVES : certain;
        let left = probes;
        for (let shelf = firstFilled(isCertain ? certain : start + shelfAt(low), to); shelf < to && left > 0;) {
          for (let host = heads[shelf]!; host !== -1 && left > 0; host = next[host]!) {
            left -= 1;
            const at = host * count;
            let k = 0;
            while (k < count && demand[wanted + k]! <= free[at + k]!) k += 1;
            if (k < count || host === from) continue;
            let sum = 0;
            let most = 0;
            let fewest = 1;
            let mostBefore = 0;
            let fewestBefore = 1;
            for (k = 0; k < count; k++) {
              const worth = worths[at + k]!;
              if (worth === 0) continue;
              const before = worth * free[at + k]!;
              const after = before - worth * demand[wanted + k]!;
              sum += after;
              if (after > most) most = after;
              if (after < fewest) fewest = after;
              if (before > mostBefore) mostBefore = before;
              if (before < fewestBefore) fewestBefore = before;
            }
            const cost = sum + UNEVEN * (Math.max(0, most - fewest) - Math.max(0, mostBefore - fewestBefore));
            if (cost > least || (cost === least && host > best) || !suits(instance, host)) continue;
            least = cost;
            best = host;
          }
          shelf = firstFilled(shelf + 1, to);
        }
      }
      return best;
    },
  };
}

/**
 * `host * classes + class`: what one unit of it counts, in shares of the host; less where the cloud has more of the class to
 * spare, and nothing where the class is not limited.
 */
function worthsOf(cloud: NumberedCloud): Float64Array {
  const { hostCount, classes, capacity, takes } = cloud;
  const count = classes.length;
  const whole = new Float64Array(count);
  for (let host = 0; host < hostCount; host++)
    if (takes[host] === 1) for (let k = 0; k < count; k++) whole[k]! += capacity[host * count + k]!;
  const spare = slackOf(cloud).map((slack, k) => (slack > 0 && whole[k]! < Infinity ? slack / whole[k]! : Infinity));
  const least = spare.reduce((least, share) => Math.min(least, share), Infinity);
  return capacity.map((amount, at) => {
    const share = spare[at % count]!;
    if (amount === 0 || amount === Infinity) return 0;
    return (share === Infinity ? 1 : Math.sqrt(least / share)) / amount;
  });
}
