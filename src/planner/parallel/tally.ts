/** Counts by whole keys: a hash table in two arrays, since a `Map` of a hundred thousand numbers is slow. */
export interface Tally {
  readonly get: (key: number) => number;
  readonly add: (key: number, by: number) => void;
}

/** With room for so many keys before it has to grow. */
export function tally(expected: number): Tally {
  let mask = 1_023;
  while (mask < 2 * expected) mask = 2 * mask + 1;
  let keys = new Float64Array(mask + 1).fill(-1);
  let counts = new Int32Array(mask + 1);
  let used = 0;

  /** Where the key is, or may be put. */
  const slotOf = (key: number): number => {
    const mixed = Math.imul(key, 0x9e37_79b1);
    let slot = (mixed ^ (mixed >>> 15)) & mask;
    while (keys[slot] !== key && keys[slot] !== -1) slot = (slot + 1) & mask;
    return slot;
  };

  const grow = () => {
    const [oldKeys, oldCounts] = [keys, counts];
    mask = 2 * mask + 1;
    keys = new Float64Array(mask + 1).fill(-1);
    counts = new Int32Array(mask + 1);
    for (let old = 0; old < oldKeys.length; old++) {
      if (oldKeys[old] === -1) continue;
      const slot = slotOf(oldKeys[old]!);
      keys[slot] = oldKeys[old]!;
      counts[slot] = oldCounts[old]!;
    }
  };

  return {
    get: (key) => {
      const slot = slotOf(key);
      return keys[slot] === key ? counts[slot]! : 0;
    },
    add(key, by) {
      let slot = slotOf(key);
      if (keys[slot] === -1) {
        used += 1;
        if (2 * used > mask) {
          grow();
          slot = slotOf(key);
        }
        keys[slot] = key;
      }
      counts[slot]! += by;
    },
  };
}
