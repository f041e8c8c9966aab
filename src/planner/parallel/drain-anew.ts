/** A drain with other times and places than planned, and what that delays. */
import { type Chart, drainOf, place, postpone, settledFrom } from "./chart.ts";
import { earliestStart, laneInto, laneOfGroup, laneOutOf } from "./gaps.ts";
import { listed } from "./lists.ts";
import {
  comesInTime,
  delay,
  enter,
  hasHoleBefore,
  mayDelay,
  type Mending,
  moveElsewhere,
  unplaceHere,
} from "./mending.ts";
import { settledHost } from "./settled-host.ts";
import { swap } from "./swap.ts";

/** After so many seconds of waiting for its host, an instance takes another one that is back later than planned, but sooner. */
const PATIENCE = 300;

/** Times what has not begun of a host's drain and action, and delays what comes to the host too early then. */
export function goAnew(mending: Mending, host: number): void {
  const { chart, second } = mending;
  const { cloud, moves, arriving, isBefore, emptyAt, actionEnd } = chart;
  if (emptyAt[host]! >= second) drainAnew(mending, host);
  const end = emptyAt[host]! + cloud.action[host]!;
  actionEnd[host] = end;
  chart.settledAt[host] = settledFrom(chart, host);
  for (const move of listed(arriving, host))
    if (isBefore[move] === 0 && moves.start[move]! >= second && moves.start[move]! < end) delay(mending, move);
}

function drainAnew(mending: Mending, host: number): void {
  const { chart, second } = mending;
  const { cloud, moves, drainStart, emptyAt } = chart;
  const hasBegun = drainStart[host]! < second;
  if (!hasBegun && hasHoleBefore(chart, host)) mending.isBeyond = true;
  const declared = hasBegun ? second : Math.max(drainStart[host]!, lastArrivalBefore(chart, host));
  const drain = drainOf(chart, host);
  const toCome = drain
    .filter((move) => moves.start[move]! >= second)
    .map((move) => {
      const planned = moves.start[move] === Infinity ? 0 : moves.start[move]!;
      return { move, notBefore: Math.max(declared, planned, cloud.lead[moves.instance[move]!]!) };
    })
    .toSorted((a, b) => a.notBefore - b.notBefore || a.move - b.move);
  const plannedFirst = toCome[0]?.notBefore ?? declared;
  for (const { move } of toCome) postpone(chart, move);
  for (const { move, notBefore } of toCome) startFrom(mending, move, notBefore);
  const first = toCome.reduce((least, { move }) => Math.min(least, moves.start[move]!), Infinity);
  // When even the first one is late, the host is closed as much later.
  if (!hasBegun) drainStart[host] = declared + (toCome.length === 0 ? 0 : first - plannedFirst);
  const start = Math.max(second, drainStart[host]!);
  emptyAt[host] = drain.reduce((last, move) => Math.max(last, moves.end[move]!), start);
}

/** When the last of those that are to leave with the host's drain has come. */
function lastArrivalBefore({ moves, arriving, isBefore }: Chart, host: number): number {
  const before = listed(arriving, host).filter((move) => isBefore[move] === 1);
  return before.reduce((last, move) => Math.max(last, moves.end[move]!), 0);
}

/** Gives a move of a drain the first slots that there are from this second on, and its instance a place that is there then. */
function startFrom(mending: Mending, move: number, notBefore: number): void {
  const { chart } = mending;
  const { cloud, moves } = chart;
  const instance = moves.instance[move]!;
  const group = cloud.group[instance]!;
  const opensAt = placeFor(mending, move, notBefore);
  if (opensAt === Infinity || cloud.maxImpacted[group] === 0) {
    mending.isBeyond = true;
    return;
  }
  const to = moves.to[move]!;
  const lanes = [laneOutOf(chart, moves.from[move]!), laneInto(chart, to), laneOfGroup(chart, group)];
  const seconds = cloud.moveTime[instance]!;
  const start = earliestStart(moves, lanes, Math.max(notBefore, opensAt), seconds);
  moves.start[move] = start;
  moves.end[move] = start + seconds;
  if (chart.isBefore[move] === 1 && start + seconds > chart.drainStart[to]!) delayDrain(mending, to);
  if (!comesInTime(chart, move)) mending.isBeyond = true;
}

/** Where the instance is meant to go, or another host when that one is late; answers since when the place is there. */
function placeFor(mending: Mending, move: number, notBefore: number): number {
  const { chart } = mending;
  const { cloud, moves, isBefore, actionEnd, settledAt } = chart;
  const to = moves.to[move]!;
  const plannedAt = to === -1 ? Infinity : isBefore[move] === 1 || cloud.planned[to] === 0 ? 0 : actionEnd[to]!;
  if (plannedAt <= notBefore) return plannedAt;
  const other = settledHost(chart, moves.instance[move]!, moves.from[move]!, notBefore);
  const otherAt = other === -1 ? Infinity : settledAt[other]!;
  const isPatient = plannedAt - notBefore <= PATIENCE && otherAt > notBefore;
  if (isPatient) return plannedAt;
  if (Math.min(plannedAt, otherAt) - notBefore > PATIENCE && swapPlaces(mending, move, notBefore)) return notBefore;
  if (otherAt >= plannedAt) return plannedAt;
  if (to !== -1) unplaceHere(mending, move);
  place(chart, move, other);
  return otherAt;
}

/** Has the instance take the place of another one that comes later, and that one look for another place then. */
function swapPlaces(mending: Mending, move: number, notBefore: number): boolean {
  const { chart, second } = mending;
  const { moves } = chart;
  const mayGo = (other: number) =>
    moves.start[other]! >= second && moves.start[other]! < Infinity && mayDelay(mending, other);
  const other = swap(chart, moves.instance[move]!, moves.from[move]!, notBefore, mayGo);
  if (other === -1) return false;
  const host = moves.to[other]!;
  moveElsewhere(mending, other);
  if (moves.to[move] !== -1) unplaceHere(mending, move);
  place(chart, move, host);
  return true;
}

/** Something comes to the host after the planned start of its drain. */
function delayDrain(mending: Mending, host: number): void {
  if (mending.chart.drainStart[host]! < mending.second) mending.isBeyond = true;
  else enter(mending, host);
}
