/**
 * What is made of all moves of an entry, turn after turn. A large session has tens of thousands, nearly all of which have
 * ended and never change again: what was made of these for one view is kept, and the next one only adds to it.
 */
import { type EffectRecord, isUnderWay } from "#sdk";

type Move = EffectRecord<"move_instance">;

export interface Folded<State> {
  /** Made of the moves that are before the first one under way. */
  readonly settled: State;
  /** The others. */
  readonly rest: readonly Move[];
  /** Whether nothing was added to `settled` since, for a later view. */
  isCurrent(): boolean;
}

interface Kept<State> {
  readonly state: State;
  count: number;
  last: Move | undefined;
}

/** `add` is told of each move in the order in which they were recorded. What is made is kept with an object that is the same in later views. */
export function foldSettled<State>(
  nothing: () => State,
  add: (state: State, move: Move) => void,
): (keptWith: object, moves: readonly Move[]) => Folded<State> {
  const known = new WeakMap<object, Kept<State>>();
  return (keptWith, moves) => {
    const first = moves.findIndex(isUnderWay);
    const settled = first === -1 ? moves.length : first;
    const found = known.get(keptWith);
    // Where it is of another entry, or of a later view than this one, it is made anew.
    const isOurs = found !== undefined && found.count <= settled && moves[found.count - 1] === found.last;
    const kept = isOurs ? found : { state: nothing(), count: 0, last: undefined };
    known.set(keptWith, kept);
    for (const move of moves.slice(kept.count, settled)) add(kept.state, move);
    kept.count = settled;
    kept.last = moves[settled - 1];
    return { settled: kept.state, rest: moves.slice(settled), isCurrent: () => kept.count === settled };
  };
}
