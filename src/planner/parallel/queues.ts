/** Many queues of numbers in a few arrays, since most are empty most of the time. */

export interface Queues {
  readonly isEmpty: (queue: number) => boolean;
  /** At the end, unless it is there already. */
  readonly join: (queue: number, who: number) => void;
  /** Empties the queue and tells of each, in order. */
  readonly dismiss: (queue: number, tell: (who: number) => void) => void;
}

export function queues(count: number): Queues {
  const first = new Int32Array(count).fill(-1);
  const last = new Int32Array(count).fill(-1);
  // Entries are used again: those that are free are a list, too.
  const who: number[] = [];
  const next: number[] = [];
  let free = -1;

  const entryFor = (one: number): number => {
    if (free === -1) {
      next.push(-1);
      return who.push(one) - 1;
    }
    const entry = free;
    free = next[entry]!;
    who[entry] = one;
    next[entry] = -1;
    return entry;
  };

  return {
    isEmpty: (queue) => first[queue] === -1,
    join(queue, one) {
      if (first[queue] !== -1 && who[last[queue]!] === one) return;
      const entry = entryFor(one);
      if (first[queue] === -1) first[queue] = entry;
      else next[last[queue]!] = entry;
      last[queue] = entry;
    },
    dismiss(queue, tell) {
      let entry = first[queue]!;
      first[queue] = -1;
      while (entry !== -1) {
        const after = next[entry]!;
        next[entry] = free;
        free = entry;
        tell(who[entry]!);
        entry = after;
      }
    },
  };
}

/** Per group, the times at which its members recover, which come in their order: one group has one recovery time. */
export interface Recoveries {
  readonly enter: (group: number, until: number) => void;
  /** The first time; infinite when there is none. */
  readonly next: (group: number) => number;
  /** Takes out those that have come, and answers how many they are. */
  readonly takeUntil: (group: number, now: number) => number;
}

export function recoveries(count: number): Recoveries {
  const first = new Int32Array(count).fill(-1);
  const last = new Int32Array(count).fill(-1);
  const until: number[] = [];
  const after: number[] = [];
  let free = -1;

  const entryFor = (time: number): number => {
    if (free === -1) {
      after.push(-1);
      return until.push(time) - 1;
    }
    const entry = free;
    free = after[entry]!;
    until[entry] = time;
    after[entry] = -1;
    return entry;
  };

  return {
    enter(group, time) {
      const entry = entryFor(time);
      if (first[group] === -1) first[group] = entry;
      else after[last[group]!] = entry;
      last[group] = entry;
    },
    next: (group) => (first[group] === -1 ? Infinity : until[first[group]!]!),
    takeUntil(group, now) {
      let taken = 0;
      while (first[group] !== -1 && until[first[group]!]! <= now) {
        const entry = first[group]!;
        first[group] = after[entry]!;
        after[entry] = free;
        free = entry;
        taken += 1;
      }
      return taken;
    },
  };
}
