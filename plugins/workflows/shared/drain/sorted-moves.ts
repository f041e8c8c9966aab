/** The moves of an entry, sorted in every way that steps ask for. */
import { type EffectRecord, type HostName, type InstanceId, isUnderWay } from "#sdk";
import { troubleWith } from "../hold.ts";
import { foldSettled } from "./settled-moves.ts";

/** Tries to move instances, oldest first. */
export type Tries = readonly EffectRecord<"move_instance">[];

export interface SortedMoves {
  triesOf(instance: InstanceId): Tries;
  /** Moves that ended on this host. */
  arrivalsAt(host: HostName): Tries;
  readonly underWay: Tries;
  /** Those that came to nothing. */
  readonly inVain: Tries;
  /** When the last one ended that did, and the last one of those that were done. */
  readonly lastEnd: Date | null;
  readonly lastDone: Date | null;
  /** False once moves of a later view were sorted: then those of this one have to be sorted anew. */
  isCurrent(): boolean;
}

/** Whether it is one that took its instance to another host. */
export const hasMoved = ({ effect, status }: EffectRecord<"move_instance">): boolean =>
  status.kind === "done" && status.outcome.host !== null && status.outcome.host !== effect.from;

export function sortedMoves(moves: Tries): SortedMoves {
  const [first] = moves;
  const { settled, rest, isCurrent } = foldSorted(first ?? nobody, moves);
  const newer = nothing();
  for (const move of rest) add(newer, move);
  return {
    triesOf: (instance) => joined(settled.tries.get(instance), newer.tries.get(instance)),
    arrivalsAt: (host) => joined(settled.arrivals.get(host), newer.arrivals.get(host)),
    underWay: rest.filter(isUnderWay),
    inVain: joined(settled.inVain, newer.inVain),
    lastEnd: later(settled.lastEnd, newer.lastEnd),
    lastDone: later(settled.lastDone, newer.lastDone),
    isCurrent,
  };
}

/** What is made of no moves at all is kept with nothing in particular. */
const nobody = {};

interface Sorted {
  readonly tries: Map<InstanceId, EffectRecord<"move_instance">[]>;
  readonly arrivals: Map<HostName, EffectRecord<"move_instance">[]>;
  readonly inVain: EffectRecord<"move_instance">[];
  lastEnd: Date | null;
  lastDone: Date | null;
}

const nothing = (): Sorted => ({
  tries: new Map(),
  arrivals: new Map(),
  inVain: [],
  lastEnd: null,
  lastDone: null,
});

function add(sorted: Sorted, move: EffectRecord<"move_instance">): void {
  const { effect, status } = move;
  put(sorted.tries, effect.instance, move);
  if (troubleWith(move) !== null) sorted.inVain.push(move);
  if ("at" in status) sorted.lastEnd = later(sorted.lastEnd, status.at);
  if (status.kind !== "done") return;
  sorted.lastDone = later(sorted.lastDone, status.at);
  if (hasMoved(move) && status.outcome.host !== null) put(sorted.arrivals, status.outcome.host, move);
}

const foldSorted = foldSettled(nothing, add);

function put<Key, Item>(map: Map<Key, Item[]>, key: Key, item: Item): void {
  const items = map.get(key);
  if (items) items.push(item);
  else map.set(key, [item]);
}

const joined = <Item>(older: readonly Item[] = [], newer: readonly Item[] = []): readonly Item[] =>
  newer.length === 0 ? older : older.length === 0 ? newer : [...older, ...newer];

const later = (a: Date | null, b: Date | null): Date | null => (a === null || (b !== null && b > a) ? b : a);
