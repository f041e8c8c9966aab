/** From a chart back to a run: moves by their starts, hosts in the order in which their drains begin. */
import type { Chart } from "./chart.ts";
import { type Moves, noMoves, record } from "./moves.ts";
import type { Run } from "./run.ts";

export function timetableOf(chart: Chart): Run {
  const { cloud, past, drainStart, emptyAt, actionEnd } = chart;
  const moves = inOrderOfStarts(chart);
  const begun = past.begun
    .filter((host) => cloud.planned[host] === 1)
    .toSorted((a, b) => drainStart[a]! - drainStart[b]!);
  let makespan = begun.reduce((last, host) => Math.max(last, actionEnd[host]!), 0);
  for (let move = 0; move < moves.count; move++) makespan = Math.max(makespan, moves.end[move]!);
  return { moves, begun, drainStart, emptyAt, actionEnd, makespan, waiting: [], board: null };
}

/** Most moves keep their times, and with them their order: only the others are sorted. */
function inOrderOfStarts({ moves, past }: Chart): Moves {
  const { start } = moves;
  const keeps = (move: number) => move < past.moves.count && start[move] === past.moves.start[move];
  const changed: number[] = [];
  for (let move = 0; move < moves.count; move++) if (!keeps(move) && start[move]! < Infinity) changed.push(move);
  changed.sort((a, b) => start[a]! - start[b]! || a - b);
  const sorted = noMoves(Math.max(1, moves.count));
  const write = (move: number) =>
    record(sorted, moves.instance[move]!, moves.from[move]!, moves.to[move]!, start[move]!, moves.end[move]!);
  let next = 0;
  for (let move = 0; move < past.moves.count; move++) {
    if (!keeps(move)) continue;
    while (next < changed.length && start[changed[next]!]! < start[move]!) write(changed[next++]!);
    write(move);
  }
  while (next < changed.length) write(changed[next++]!);
  return sorted;
}
