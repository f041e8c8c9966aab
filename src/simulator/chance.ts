/** Chance from a seed: the same seed builds the same cloud, with the same ids. */
export interface Chance {
  /** At least 0, below 1. */
  next(): number;
  uuid(): string;
  /** As Keystone writes ids: a uuid without its dashes. */
  hex(): string;
}

export function seededChance(seed: number): Chance {
  let state = seed >>> 0;
  // Mulberry32: small, fast, and good enough for ids and jitter. Nothing secret comes from it.
  const word = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  const digits = (): string => word().toString(16).padStart(8, "0");
  const hex = (): string => {
    const [a, b, c, d] = [digits(), digits(), digits(), digits()];
    return `${a}${b.slice(0, 4)}4${b.slice(5)}a${c.slice(1)}${d}`;
  };
  return {
    next: () => word() / 2 ** 32,
    hex,
    uuid: () => hex().replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5"),
  };
}
