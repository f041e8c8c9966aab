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
    const found = known.get(keptWith);
    // Those of another entry, or of a view before: made anew.
    const isOurs = found !== undefined && moves[found.count - 1] === found.last;
    const kept = isOurs ? found : { state: nothing(), count: 0, last: undefined };
    known.set(keptWith, kept);
    for (let next = moves[kept.count]; next !== undefined && !isUnderWay(next); next = moves[kept.count]) {
      add(kept.state, next);
      kept.last = next;
      kept.count += 1;
    }
    const { count } = kept;
    return { settled: kept.state, rest: moves.slice(count), isCurrent: () => kept.count === count };
  };
}
