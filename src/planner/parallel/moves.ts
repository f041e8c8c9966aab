/** The moves of a plan as columns: hundreds of thousands of them are no objects. */

/** In the order of their starts; only the first `count` entries count. */
export interface Moves {
  count: number;
  instance: Int32Array;
  from: Int32Array;
  to: Int32Array;
  start: Float64Array;
  end: Float64Array;
}

const COLUMNS = ["instance", "from", "to", "start", "end"] as const;

export const noMoves = (room: number): Moves => ({
  count: 0,
  instance: new Int32Array(room),
  from: new Int32Array(room),
  to: new Int32Array(room),
  start: new Float64Array(room),
  end: new Float64Array(room),
});

/** Writes a move down as the last one. */
export function record(moves: Moves, instance: number, from: number, to: number, start: number, end: number): void {
  const at = moves.count++;
  if (at === moves.instance.length) {
    const larger = noMoves(2 * at);
    for (const column of COLUMNS) larger[column].set(moves[column]);
    Object.assign(moves, larger, { count: at + 1 });
  }
  moves.instance[at] = instance;
  moves.from[at] = from;
  moves.to[at] = to;
  moves.start[at] = start;
  moves.end[at] = end;
}

/** The first `count` moves, with room for as many as there were. */
export function firstMoves(moves: Moves, count: number): Moves {
  const first = noMoves(Math.max(1, moves.count));
  for (const column of COLUMNS) first[column].set(moves[column].subarray(0, count));
  return Object.assign(first, { count });
}

/** The first move that starts at the second or later, in moves by their starts. */
export function firstFrom({ start, count }: Moves, second: number): number {
  let [low, high] = [0, count];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (start[middle]! < second) low = middle + 1;
    else high = middle;
  }
  return low;
}
