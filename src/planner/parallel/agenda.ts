/** What happens when: a binary heap of events, in the order of their times and then as they were entered. */
export interface Agenda {
  readonly size: () => number;
  /** The time of the next event; infinite when there is none. */
  readonly nextTime: () => number;
  /** Enters `what`, a small integer of the caller's making. */
  readonly enter: (time: number, what: number) => void;
  /** Takes the next event and answers its `what`. */
  readonly take: () => number;
}

export function agenda(): Agenda {
  let capacity = 1_024;
  let times = new Float64Array(capacity);
  let entries = new Float64Array(capacity);
  let whats = new Float64Array(capacity);
  let size = 0;
  let entered = 0;

  const isBefore = (time: number, entry: number, at: number) =>
    time < times[at]! || (time === times[at]! && entry < entries[at]!);

  const put = (at: number, time: number, entry: number, what: number) => {
    times[at] = time;
    entries[at] = entry;
    whats[at] = what;
  };

  const grown = (old: Float64Array) => {
    const larger = new Float64Array(capacity);
    larger.set(old);
    return larger;
  };

  return {
    size: () => size,
    nextTime: () => (size === 0 ? Infinity : times[0]!),
    enter(time, what) {
      if (size === capacity) {
        capacity *= 2;
        [times, entries, whats] = [grown(times), grown(entries), grown(whats)];
      }
      const entry = entered++;
      let at = size++;
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
      size -= 1;
      const [time, entry, what] = [times[size]!, entries[size]!, whats[size]!];
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
