/**
 * Mends a plan where news touch it: drains are timed anew whose places, slots or destinations are not as planned, and then
 * those that wait for their hosts. Nothing is done again for the rest. A new place is always one that the plan makes no
 * use of, so that nobody is driven out by somebody who was.
 */
import { agenda } from "./agenda.ts";
import { addMove, chartOf, drainOf, dropMove, settleAt, settledFrom } from "./chart.ts";
import { goAnew } from "./drain-anew.ts";
import { crowdedIn, type Lane, laneInto, laneOfGroup } from "./gaps.ts";
import { listed } from "./lists.ts";
import { comesInTime, delay, enter, type Mending, moveElsewhere, unplaceHere } from "./mending.ts";
import { misplaced } from "./misplaced.ts";
import type { NumberedCloud } from "./numbered.ts";
import type { Past } from "./resume.ts";
import type { Run } from "./run.ts";
import { timetableOf } from "./timetable.ts";

/** What news are about: hosts and groups where anything may be other than planned. */
export interface Touched {
  readonly hosts: readonly number[];
  readonly groups: readonly number[];
}

/** To time more drains than that takes as long as to go through the whole plan. */
const DRAINS_MOST = 1_000;
/** How many times longer a mended plan may take; where it takes longer, to change what others do is mostly better. */
const LONGER_MOST = 1.02;

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

function delayCrowded(mending: Mending, lane: Lane): void {
  for (const move of crowdedIn(mending.chart.moves, lane, mending.second)) delay(mending, move);
}
