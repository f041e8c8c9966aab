/**
 * A plan as it lies over the cloud: the moves of every host, instance and group, and what is free when all is done. With it,
 * a move gets another time or another place without a look at the rest of the plan.
 */
import { emptyLists, listed, type Lists, putInto, takeOut } from "./lists.ts";
import { type Moves, noMoves } from "./moves.ts";
import type { NumberedCloud } from "./numbered.ts";
import type { Past } from "./resume.ts";

export interface Chart {
  readonly cloud: NumberedCloud;
  /** The plan as it was. */
  readonly past: Past;
  /** Its moves, then new ones. What starts at no finite second is not planned now; `to` is -1 without a place. */
  readonly moves: Moves;
  readonly drainStart: Float64Array;
  readonly emptyAt: Float64Array;
  readonly actionEnd: Float64Array;
  /** Moves by the hosts where they begin and end, and by instance and group. */
  readonly leaving: Lists;
  readonly arriving: Lists;
  readonly ofInstance: Lists;
  readonly ofGroup: Lists;
  /** Per move: 1 when it ends on a host that is yet to be maintained. */
  readonly isBefore: Uint8Array;
  /** Instances by group. */
  readonly members: Lists;
  /** Per instance: where it is in the end; -1 while that is not known. */
  readonly last: Int32Array;
  /** `host * classes + class`: what is free in the end. */
  readonly free: Float64Array;
  /** Hosts that have or had as much of the scarce class free in the end as the smallest instance wants; others need no look. */
  readonly roomy: number[];
  readonly smallest: number;
  readonly isRoomy: Uint8Array;
  /** Per host: from then on nothing leaves it any more; never where nothing may go. */
  readonly settledAt: Float64Array;
}

/** Room for so many moves that the plan did not have; who needs more is better served by another way. */
const NEW_MOVES = 64;

export function chartOf(cloud: NumberedCloud, past: Past): Chart {
  const { hostCount, instanceCount, groupCount, group, home, demand, classes } = cloud;
  const { count } = past.moves;
  const moves = copyOf(past.moves, count + NEW_MOVES);
  const chart: Chart = {
    ...{ cloud, past, moves },
    drainStart: past.drainStart.slice(),
    emptyAt: past.emptyAt.slice(),
    actionEnd: past.actionEnd.slice(),
    leaving: emptyLists(hostCount, count + NEW_MOVES),
    arriving: emptyLists(hostCount, count + NEW_MOVES),
    ofInstance: emptyLists(instanceCount, count + NEW_MOVES),
    ofGroup: emptyLists(groupCount, count + NEW_MOVES),
    isBefore: new Uint8Array(count + NEW_MOVES),
    members: emptyLists(groupCount, instanceCount),
    last: home.slice(),
    free: cloud.capacity.slice(),
    roomy: [],
    smallest: smallestOf(cloud),
    isRoomy: new Uint8Array(hostCount),
    settledAt: new Float64Array(hostCount),
  };
  for (let host = 0; host < hostCount; host++) chart.settledAt[host] = settledBy(chart, host);
  for (let move = count - 1; move >= 0; move--) enlist(chart, move);
  for (let move = 0; move < count; move++) {
    const from = moves.from[move]!;
    const to = moves.to[move]!;
    chart.last[moves.instance[move]!] = to;
    if (moves.start[move]! < past.drainStart[to]!) chart.isBefore[move] = 1;
    chart.settledAt[from] = Math.max(chart.settledAt[from]!, moves.end[move]!);
  }
  const width = classes.length;
  for (let instance = instanceCount - 1; instance >= 0; instance--) {
    putInto(chart.members, group[instance]!, instance);
    for (let k = 0, at = chart.last[instance]! * width; k < width; k++)
      chart.free[at + k]! -= demand[instance * width + k]!;
  }
  for (let host = 0; host < hostCount; host++) noteRoom(chart, host);
  return chart;
}

function smallestOf({ classes, demand, scarce }: NumberedCloud): number {
  let smallest = Infinity;
  for (let at = scarce; at < demand.length; at += Math.max(1, classes.length))
    smallest = Math.min(smallest, demand[at]!);
  return smallest;
}

function noteRoom({ cloud: { classes, scarce }, free, smallest, roomy, isRoomy }: Chart, host: number): void {
  if (isRoomy[host] === 1 || free[host * classes.length + scarce]! < smallest) return;
  isRoomy[host] = 1;
  roomy.push(host);
}

function copyOf(moves: Moves, room: number): Moves {
  const copy = noMoves(room);
  for (const column of ["instance", "from", "to", "start", "end"] as const)
    copy[column].set(moves[column].subarray(0, moves.count));
  copy.count = moves.count;
  return copy;
}

/** The end of what leaves the host last, its own maintenance included. */
export function settledFrom(chart: Chart, host: number): number {
  const { moves, leaving } = chart;
  return listed(leaving, host).reduce((last, move) => Math.max(last, moves.end[move]!), settledBy(chart, host));
}

const settledBy = ({ cloud: { takes, inbound, planned }, actionEnd }: Chart, host: number): number =>
  takes[host] === 0 || inbound[host] === 0 ? Infinity : planned[host] === 1 ? actionEnd[host]! : 0;

function enlist({ cloud, moves, leaving, arriving, ofInstance, ofGroup }: Chart, move: number): void {
  const instance = moves.instance[move]!;
  putInto(leaving, moves.from[move]!, move);
  putInto(ofInstance, instance, move);
  putInto(ofGroup, cloud.group[instance]!, move);
  if (moves.to[move] !== -1) putInto(arriving, moves.to[move]!, move);
}

/** Adds a move that the plan did not have, without a place and a time; false when there are too many of them. */
export function addMove(chart: Chart, instance: number, from: number): boolean {
  const { moves } = chart;
  if (moves.count === moves.instance.length) return false;
  const move = moves.count++;
  moves.instance[move] = instance;
  moves.from[move] = from;
  moves.to[move] = -1;
  postpone(chart, move);
  enlist(chart, move);
  settleAt(chart, instance, -1);
  return true;
}

/** The move has no time for now. */
export function postpone({ moves }: Chart, move: number): void {
  moves.start[move] = Infinity;
  moves.end[move] = Infinity;
}

/** The instance of the move has no place from it on: what it would have done later is not done. Answers whence it would have. */
export function unplace(chart: Chart, move: number): readonly number[] {
  const { moves, arriving, ofInstance } = chart;
  const instance = moves.instance[move]!;
  const later = listed(ofInstance, instance).filter((other) => isAfter(chart, other, move));
  for (const other of later) dropMove(chart, other);
  const to = moves.to[move]!;
  if (to !== -1) takeOut(arriving, to, move);
  moves.to[move] = -1;
  chart.isBefore[move] = 0;
  settleAt(chart, instance, -1);
  return later.map((other) => moves.from[other]!);
}

/** The instance of a move without a place goes to this host, and stays. */
export function place(chart: Chart, move: number, host: number): void {
  chart.moves.to[move] = host;
  putInto(chart.arriving, host, move);
  settleAt(chart, chart.moves.instance[move]!, host);
}

/** The move is not made. Where its instance is in the end is for the caller to say. */
export function dropMove(chart: Chart, move: number): void {
  const { cloud, moves, leaving, arriving, ofInstance, ofGroup } = chart;
  const instance = moves.instance[move]!;
  takeOut(leaving, moves.from[move]!, move);
  takeOut(ofInstance, instance, move);
  takeOut(ofGroup, cloud.group[instance]!, move);
  if (moves.to[move] !== -1) takeOut(arriving, moves.to[move]!, move);
  chart.isBefore[move] = 0;
  postpone(chart, move);
}

/** Whether the instance makes this move after the other one; new moves come after all that are kept. */
export function isAfter({ past: { moves } }: Chart, move: number, other: number): boolean {
  if (move >= moves.count) return move > other;
  return other < moves.count && moves.start[move]! > moves.start[other]!;
}

/** In the end the instance is there. */
export function settleAt(chart: Chart, instance: number, host: number): void {
  const { cloud, last, free } = chart;
  const { classes, demand } = cloud;
  const width = classes.length;
  const before = last[instance]!;
  last[instance] = host;
  for (let k = 0; k < width; k++) {
    const amount = demand[instance * width + k]!;
    if (before !== -1) free[before * width + k]! += amount;
    if (host !== -1) free[host * width + k]! -= amount;
  }
  if (before !== -1) noteRoom(chart, before);
}

/** The moves of the host's drain. */
export const drainOf = (chart: Chart, host: number): readonly number[] =>
  listed(chart.leaving, host).filter((move) => isOfDrain(chart, move));

/** Whether the move is part of the drain of the host that it leaves. */
export const isOfDrain = ({ past, moves }: Chart, move: number): boolean => {
  const from = moves.from[move]!;
  if (move >= past.moves.count) return true;
  const start = past.moves.start[move]!;
  return past.drainStart[from]! >= 0 && start >= past.drainStart[from]! && start < past.emptyAt[from]!;
};
