/** A plan while it is mended: what has to change before it holds again. */
import type { Agenda } from "./agenda.ts";
import { type Chart, isAfter, isOfDrain, unplace } from "./chart.ts";
import { listed } from "./lists.ts";

export interface Mending {
  readonly chart: Chart;
  readonly second: number;
  /** Hosts whose drains are to be timed anew, by their starts. */
  readonly due: Agenda;
  readonly isDue: Uint8Array;
  /** More would have to change than a few drains that are later and places that nobody uses. */
  isBeyond: boolean;
}

/** The instance of the move needs another place; its drain finds one. */
export function moveElsewhere(mending: Mending, move: number): void {
  unplaceHere(mending, move);
  delay(mending, move);
}

export function unplaceHere(mending: Mending, move: number): void {
  const { chart } = mending;
  // What has left to make room there would have done so for nothing.
  if (chart.isBefore[move] === 1 && hasHoleBefore(chart, chart.moves.to[move]!)) mending.isBeyond = true;
  for (const host of unplace(chart, move)) enter(mending, host);
}

export const hasHoleBefore = (chart: Chart, host: number): boolean =>
  listed(chart.leaving, host).some((move) => chart.moves.start[move]! < chart.drainStart[host]!);

/** The move cannot begin when it should: its drain is timed anew. */
export function delay(mending: Mending, move: number): void {
  if (mayDelay(mending, move)) enter(mending, mending.chart.moves.from[move]!);
  else mending.isBeyond = true;
}

export const mayDelay = ({ chart, second }: Mending, move: number): boolean => {
  const from = chart.moves.from[move]!;
  return isOfDrain(chart, move) && chart.cloud.planned[from] === 1 && chart.emptyAt[from]! >= second;
};

export function enter({ chart, due, isDue }: Mending, host: number): void {
  if (isDue[host] === 1 || chart.cloud.planned[host] === 0) return;
  isDue[host] = 1;
  due.enter(chart.drainStart[host]!, host);
}

/** Whether the instance goes on from where the move takes it no sooner than it is there, or with a drain that can wait for it. */
export function comesInTime(chart: Chart, move: number): boolean {
  const { moves, ofInstance, isBefore } = chart;
  const { start, end, from, to, instance } = moves;
  return listed(ofInstance, instance[move]!)
    .filter((other) => isAfter(chart, other, move))
    .every(
      (other) =>
        start[other]! >= end[move]! || (isBefore[move] === 1 && from[other] === to[move] && isOfDrain(chart, other)),
    );
}
