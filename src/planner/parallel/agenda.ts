/**
 * What happens when: events in the order of their seconds and then as they were entered. Those of the next hour or so
 * stand in a ring with a list for each second; the others wait in a heap, and come first when their second is there.
 */
export interface Agenda {
  readonly size: () => number;
  /** The second of the next event; infinite when there is none. */
  readonly nextTime: () => number;
  /** Enters `what`, a small integer of the caller's making, for a whole second that is not before the last one taken. */
  readonly enter: (second: number, what: number) => void;
  /** Takes the next event and answers its `what`. */
  readonly take: () => number;
}

/** Seconds of the ring, a power of two: longer than a usual action, and short enough to be walked round. */
const RING = 4_096;

/** An agenda that begins at that second. */
export function agenda(begins = 0): Agenda {
  const first = new Int32Array(RING).fill(-1);
  const last = new Int32Array(RING).fill(-1);
  // Entries are used again: those that are free are a list, too.
  let next = new Int32Array(1_024);
  let whats = new Float64Array(1_024);
  let used = 0;
  let free = -1;
  let inRing = 0;
  const far = heap();
  // The second of the last event taken, and one that nothing in the ring is before.
  let now = begins;
  let soonest = begins;

  const entryFor = (what: number): number => {
    let entry = free;
    if (entry !== -1) free = next[entry]!;
    else {
      entry = used++;
      if (entry === next.length) {
        const [moreNext, moreWhats] = [new Int32Array(2 * entry), new Float64Array(2 * entry)];
        moreNext.set(next);
        moreWhats.set(whats);
        [next, whats] = [moreNext, moreWhats];
      }
    }
    next[entry] = -1;
    whats[entry] = what;
    return entry;
  };

  /** Looks for the next second at which anything happens. */
  const look = () => {
    const farTime = far.nextTime();
    if (inRing === 0) soonest = farTime;
    else while (first[soonest & (RING - 1)] === -1 && soonest < farTime) soonest += 1;
  };

  return {
    size: () => inRing + far.size(),
    nextTime() {
      if (inRing + far.size() === 0) return Infinity;
      look();
      return soonest;
    },
    enter(second, what) {
      if (second - now >= RING) {
        far.enter(second, what);
        return;
      }
      if (second < soonest || inRing === 0) soonest = second;
      const slot = second & (RING - 1);
      const entry = entryFor(what);
      if (first[slot] === -1) first[slot] = entry;
      else next[last[slot]!] = entry;
      last[slot] = entry;
      inRing += 1;
    },
    take() {
      look();
      now = soonest;
      if (far.nextTime() === now) return far.take();
      const slot = now & (RING - 1);
      const entry = first[slot]!;
      first[slot] = next[entry]!;
      next[entry] = free;
      free = entry;
      inRing -= 1;
      return whats[entry]!;
    },
  };
}

/** A binary heap of events by second and then as they were entered. */
function heap(): Agenda {
  const times: number[] = [];
  const entries: number[] = [];
  const whats: number[] = [];
  let entered = 0;

  const isBefore = (time: number, entry: number, at: number) =>
    time < times[at]! || (time === times[at]! && entry < entries[at]!);

  const put = (at: number, time: number, entry: number, what: number) => {
    times[at] = time;
    entries[at] = entry;
    whats[at] = what;
  };

  return {
    size: () => times.length,
    nextTime: () => times[0] ?? Infinity,
    enter(time, what) {
      const entry = entered++;
      let at = times.length;
      while (at > 0) {
        const parent = (at - 1) >> 1;
        if (!isBefore(time, entry, parent)) break;
        put(at, times[parent]!, entries[parent]!, whats[parent]!);
        at = parent;
      }
      put(at, time, entry, what);
    },
    take() {
      const first = whats[0]!;
      const [time, entry, what] = [times.pop()!, entries.pop()!, whats.pop()!];
      const size = times.length;
      if (size === 0) return first;
      let at = 0;
      for (let child = 1; child < size; child = 2 * at + 1) {
        if (child + 1 < size && isBefore(times[child + 1]!, entries[child + 1]!, child)) child += 1;
        if (isBefore(time, entry, child)) break;
        put(at, times[child]!, entries[child]!, whats[child]!);
        at = child;
      }
      put(at, time, entry, what);
      return first;
    },
  };
}
