/** When a move finds a slot among others that keep their times. */
import type { Chart } from "./chart.ts";
import { listed, type Lists } from "./lists.ts";
import type { Moves } from "./moves.ts";

/** Moves of which only so many may be under way, or recover, at once. */
export interface Lane {
  readonly lists: Lists;
  readonly list: number;
  readonly most: number;
  /** How long a move counts beyond its end, in seconds. */
  readonly recovery: number;
}

export const laneOutOf = ({ cloud, leaving }: Chart, host: number): Lane => ({
  lists: leaving,
  list: host,
  most: cloud.outbound[host]!,
  recovery: 0,
});

export const laneInto = ({ cloud, arriving }: Chart, host: number): Lane => ({
  lists: arriving,
  list: host,
  most: cloud.inbound[host]!,
  recovery: 0,
});

export const laneOfGroup = ({ cloud, ofGroup }: Chart, group: number): Lane => ({
  lists: ofGroup,
  list: group,
  most: cloud.maxImpacted[group]!,
  recovery: cloud.recovery[group]!,
});

/** The earliest start from `from` on at which a move of so many seconds finds slots in all the lanes. */
export function earliestStart(moves: Moves, lanes: readonly Lane[], from: number, seconds: number): number {
  let start = from;
  for (let found = 0, lane = 0; found < lanes.length; lane = (lane + 1) % lanes.length) {
    const next = earliestIn(moves, lanes[lane]!, start, seconds);
    found = next === start ? found + 1 : 1;
    start = next;
  }
  return start;
}

function earliestIn(
  moves: Moves,
  { lists: { first, next }, list, most, recovery }: Lane,
  from: number,
  seconds: number,
) {
  let start = from;
  while (true) {
    let beside = 0;
    let firstEnd = Infinity;
    const end = start + seconds + recovery;
    for (let move = first[list]!; move !== -1; move = next[move]!) {
      const over = moves.end[move]! + recovery;
      if (moves.start[move]! >= end || over <= start) continue;
      beside += 1;
      firstEnd = Math.min(firstEnd, over);
    }
    if (beside < most || mostAtOnce(moves, { first, next }, list, recovery, start, end) < most) return start;
    start = firstEnd;
  }
}

/** The most moves that count at one moment from `start` until `end`. */
function mostAtOnce(moves: Moves, lists: Lists, list: number, recovery: number, start: number, end: number): number {
  const { first, next } = lists;
  let most = countAt(moves, lists, list, recovery, start);
  for (let move = first[list]!; move !== -1; move = next[move]!) {
    const at = moves.start[move]!;
    if (at > start && at < end) most = Math.max(most, countAt(moves, lists, list, recovery, at));
  }
  return most;
}

function countAt(moves: Moves, { first, next }: Lists, list: number, recovery: number, second: number): number {
  let count = 0;
  for (let move = first[list]!; move !== -1; move = next[move]!)
    if (moves.start[move]! <= second && moves.end[move]! + recovery > second) count += 1;
  return count;
}

/** Those moves of a lane from `second` on at whose starts there are too many. */
export function crowdedIn(moves: Moves, { lists, list, most, recovery }: Lane, second: number): readonly number[] {
  return listed(lists, list).filter(
    (move) =>
      moves.start[move]! >= second &&
      moves.start[move]! < Infinity &&
      countAt(moves, lists, list, recovery, moves.start[move]!) > most,
  );
}
