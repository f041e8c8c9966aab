/**
 * Mends a plan where news touch it: drains are timed anew whose places, slots or destinations are not as planned, and then
 * those that wait for their hosts. Nothing is done again for the rest. A new place is always one that the plan makes no
 * use of, so that nobody is driven out by somebody who was.
 */
import { type Agenda, agenda } from "./agenda.ts";
import {
  addMove,
  type Chart,
  chartOf,
  drainOf,
  dropMove,
  isAfter,
  isOfDrain,
  place,
  postpone,
  settleAt,
  settledFrom,
  unplace,
} from "./chart.ts";
import { crowdedIn, earliestStart, type Lane, laneInto, laneOfGroup, laneOutOf } from "./gaps.ts";
import { listed } from "./lists.ts";
import { misplaced } from "./misplaced.ts";
import type { NumberedCloud } from "./numbered.ts";
import type { Past } from "./resume.ts";
import type { Run } from "./run.ts";
import { settledHost } from "./settled-host.ts";
import { swap } from "./swap.ts";
import { timetableOf } from "./timetable.ts";

/** What news are about: hosts and groups where anything may be other than planned. */
export interface Touched {
  readonly hosts: readonly number[];
  readonly groups: readonly number[];
}

/** To time more drains than that takes as long as to go through the whole plan. */
const DRAINS_MOST = 1_000;
/** After so many seconds of waiting for its host, an instance takes another one that is back later than planned, but sooner. */
const PATIENCE = 300;
/** How many times longer a mended plan may take; where it takes longer, to change what others do is mostly better. */
const LONGER_MOST = 1.02;

interface Mending {
  readonly chart: Chart;
  readonly second: number;
  /** Hosts whose drains are to be timed anew, by their starts. */
  readonly due: Agenda;
  readonly isDue: Uint8Array;
  /** More would have to change than a few drains that are later and places that nobody uses. */
  isBeyond: boolean;
}

/** The plan from the second on; null when it cannot be mended here and there. */
export function mend(cloud: NumberedCloud, past: Past, second: number, touched: Touched): Run | null {
  if (!isMendable(cloud)) return null;
  const chart = chartOf(cloud, past);
  const mending: Mending = { chart, second, due: agenda(), isDue: new Uint8Array(cloud.hostCount), isBeyond: false };
  for (const host of touched.hosts) lookAtHost(mending, host);
  for (const group of touched.groups) delayCrowded(mending, laneOfGroup(chart, group));
  for (let drains = 0; mending.due.size() > 0 && !mending.isBeyond; drains++) {
    const host = mending.due.take();
    mending.isDue[host] = 0;
    goAnew(mending, host);
    if (drains === DRAINS_MOST) mending.isBeyond = true;
  }
  if (mending.isBeyond || !keepsWindow(mending)) return null;
  const mended = timetableOf(chart);
  return mended.makespan > LONGER_MOST * past.makespan ? null : mended;
}

/** Limits of the whole session are not looked at here, nor what takes no time at all, after which hosts rest for a second. */
function isMendable({ snapshot: { session }, reserve, action, moveTime, planned }: NumberedCloud): boolean {
  const { max_hosts_at_once, max_hosts_at_once_per_zone, max_moves_at_once } = session;
  return (
    max_hosts_at_once === null &&
    max_hosts_at_once_per_zone === null &&
    max_moves_at_once === null &&
    reserve.every((amount) => amount === 0) &&
    action.every((seconds, host) => seconds > 0 || planned[host] === 0) &&
    moveTime.every((seconds) => seconds > 0)
  );
}

/** Whether what has not begun is over before the window ends. */
function keepsWindow({ chart: { cloud, drainStart, actionEnd }, second }: Mending): boolean {
  const window = cloud.snapshot.session.window_seconds ?? Infinity;
  return actionEnd.every((end, host) => end <= window || drainStart[host]! < second);
}

/** Puts right what is other than planned at a host. */
function lookAtHost(mending: Mending, host: number): void {
  const { chart, second } = mending;
  if (chart.cloud.planned[host] === 0) stayOn(mending, host);
  else {
    if (chart.emptyAt[host]! >= second) addMissing(mending, host);
    enter(mending, host);
  }
  for (const move of listed(chart.arriving, host)) if (!comesInTime(chart, move)) mending.isBeyond = true;
  for (const move of misplaced(chart, host, second)) moveElsewhere(mending, move);
  delayCrowded(mending, laneInto(chart, host));
}

/** The host is not maintained any more: what has not begun to leave it stays there. */
function stayOn(mending: Mending, host: number): void {
  const { chart, second } = mending;
  const { moves, arriving, isBefore } = chart;
  for (const move of drainOf(chart, host)) {
    if (moves.start[move]! < second) continue;
    unplaceHere(mending, move);
    dropMove(chart, move);
    settleAt(chart, moves.instance[move]!, host);
  }
  chart.drainStart[host] = -1;
  chart.emptyAt[host] = -1;
  chart.actionEnd[host] = -1;
  for (const move of listed(arriving, host)) isBefore[move] = 0;
  chart.settledAt[host] = settledFrom(chart, host);
}

/** Gives a move to each instance that is there when the host is drained and has none. */
function addMissing(mending: Mending, host: number): void {
  const { chart, second } = mending;
  const { cloud, past, moves, arriving, leaving, ofInstance, isBefore } = chart;
  const presence = new Map<number, number>();
  const count = (instance: number, by: number) => presence.set(instance, (presence.get(instance) ?? 0) + by);
  for (let instance = 0; instance < cloud.instanceCount; instance++)
    if (cloud.home[instance] === host) count(instance, 1);
  for (const move of listed(arriving, host)) if (isBefore[move] === 1) count(moves.instance[move]!, 1);
  for (const move of listed(leaving, host))
    if (moves.start[move]! < past.emptyAt[host]!) count(moves.instance[move]!, -1);
  for (const [instance, times] of presence) {
    if (times <= 0) continue;
    for (const move of listed(ofInstance, instance)) {
      if (moves.start[move]! < second) continue;
      dropMove(chart, move);
      enter(mending, moves.from[move]!);
    }
    if (!addMove(chart, instance, host)) mending.isBeyond = true;
  }
}

/** The instance of the move needs another place; its drain finds one. */
function moveElsewhere(mending: Mending, move: number): void {
  unplaceHere(mending, move);
  delay(mending, move);
}

function unplaceHere(mending: Mending, move: number): void {
  const { chart } = mending;
  // What has left to make room there would have done so for nothing.
  if (chart.isBefore[move] === 1 && hasHoleBefore(chart, chart.moves.to[move]!)) mending.isBeyond = true;
  for (const host of unplace(chart, move)) enter(mending, host);
}

const hasHoleBefore = (chart: Chart, host: number): boolean =>
  listed(chart.leaving, host).some((move) => chart.moves.start[move]! < chart.drainStart[host]!);

function delayCrowded(mending: Mending, lane: Lane): void {
  for (const move of crowdedIn(mending.chart.moves, lane, mending.second)) delay(mending, move);
}

/** The move cannot begin when it should: its drain is timed anew. */
function delay(mending: Mending, move: number): void {
  if (mayDelay(mending, move)) enter(mending, mending.chart.moves.from[move]!);
  else mending.isBeyond = true;
}

const mayDelay = ({ chart, second }: Mending, move: number): boolean => {
  const from = chart.moves.from[move]!;
  return isOfDrain(chart, move) && chart.cloud.planned[from] === 1 && chart.emptyAt[from]! >= second;
};

function enter({ chart, due, isDue }: Mending, host: number): void {
  if (isDue[host] === 1 || chart.cloud.planned[host] === 0) return;
  isDue[host] = 1;
  due.enter(chart.drainStart[host]!, host);
}

/** Times what has not begun of a host's drain and action, and delays what comes to the host too early then. */
function goAnew(mending: Mending, host: number): void {
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

/** Whether the instance goes on from where the move takes it no sooner than it is there, or with a drain that can wait for it. */
function comesInTime(chart: Chart, move: number): boolean {
  const { moves, ofInstance, isBefore } = chart;
  const { start, end, from, to, instance } = moves;
  return listed(ofInstance, instance[move]!)
    .filter((other) => isAfter(chart, other, move))
    .every(
      (other) =>
        start[other]! >= end[move]! || (isBefore[move] === 1 && from[other] === to[move] && isOfDrain(chart, other)),
    );
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
