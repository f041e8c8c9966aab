/** Many lists of numbers in two arrays, where each number stands in one of them at most. */
export interface Lists {
  /** Per list: who is first; per number: who comes next; -1: nobody. */
  readonly first: Int32Array;
  readonly next: Int32Array;
}

export const emptyLists = (lists: number, numbers: number): Lists => ({
  first: new Int32Array(lists).fill(-1),
  next: new Int32Array(numbers).fill(-1),
});

/** Puts the number in front of the list. */
export function putInto({ first, next }: Lists, list: number, one: number): void {
  next[one] = first[list]!;
  first[list] = one;
}

export function takeOut({ first, next }: Lists, list: number, one: number): void {
  if (first[list] === one) {
    first[list] = next[one]!;
    return;
  }
  let before = first[list]!;
  while (next[before] !== one) before = next[before]!;
  next[before] = next[one]!;
}

/** The numbers of one list; it may change meanwhile. */
export function listed({ first, next }: Lists, list: number): number[] {
  const found: number[] = [];
  for (let one = first[list]!; one !== -1; one = next[one]!) found.push(one);
  return found;
}
