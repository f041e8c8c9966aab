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
  const { value: who, next, take, letGo } = entries();

  return {
    isEmpty: (queue) => first[queue] === -1,
    join(queue, one) {
      if (first[queue] !== -1 && who[last[queue]!] === one) return;
      const entry = take(one);
      if (first[queue] === -1) first[queue] = entry;
      else next[last[queue]!] = entry;
      last[queue] = entry;
    },
    dismiss(queue, tell) {
      let entry = first[queue]!;
      first[queue] = -1;
      while (entry !== -1) {
        const after = next[entry]!;
        letGo(entry);
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
  const { value: until, next: after, take, letGo } = entries();

  return {
    enter(group, time) {
      const entry = take(time);
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
        letGo(entry);
        taken += 1;
      }
      return taken;
    },
  };
}

/** The entries of lists, each a value and the next entry. They are used again: those that were let go are a list, too. */
function entries() {
  const value: number[] = [];
  const next: number[] = [];
  let free = -1;
  return {
    value,
    next,
    /** An entry at the end of a list. */
    take(one: number): number {
      if (free === -1) {
        next.push(-1);
        return value.push(one) - 1;
      }
      const entry = free;
      free = next[entry]!;
      value[entry] = one;
      next[entry] = -1;
      return entry;
    },
    letGo(entry: number): void {
      next[entry] = free;
      free = entry;
    },
  };
}
