/** Everything that happens in a plan, in the order in which it is to be looked at. */
import { at, type NumberedCloud } from "./numbered-cloud.ts";
import type { NumberedPlan } from "./numbered-plan.ts";

/**
 * In this order within one second: intervals are half-open, so what ends at a second is over before anything begins
 * at it, and a host that is closed or empty from a second on is so after all moves of that second.
 */
export const happenings = ["move_end", "recovered", "opened", "move_start", "closed", "empty"] as const;
export type Happening = (typeof happenings)[number];

/** Calls `happen` for each event with the number of its move or visit, and `judge` after the last one of each second. */
export function sweep(
  cloud: NumberedCloud,
  { moves, visits }: NumberedPlan,
  { happen, judge }: { happen(what: Happening, number: number, second: number): void; judge(second: number): void },
): void {
  const size = Math.max(moves.length, visits.length, 1);
  const seconds = new Float64Array(size * happenings.length).fill(Infinity);
  const put = (what: Happening, number: number, second: number) => {
    seconds[happenings.indexOf(what) * size + number] = second;
  };
  for (const [number, { instance, start, end }] of moves.entries()) {
    const recovered = end + at(cloud.recovery, at(cloud.groupOf, instance));
    put("move_start", number, start);
    // A move that takes no time ends with its start; the sweep does both then.
    if (end > start) put("move_end", number, end);
    if (recovered > start) put("recovered", number, recovered);
  }
  for (const [number, { drainStart, emptyAt, actionEnd }] of visits.entries()) {
    put("closed", number, drainStart);
    put("empty", number, emptyAt);
    if (actionEnd > drainStart) put("opened", number, actionEnd);
  }
  const order = Uint32Array.from(seconds.keys())
    .filter((event) => at(seconds, event) !== Infinity)
    .sort((a, b) => at(seconds, a) - at(seconds, b) || a - b);
  for (const [position, event] of order.entries()) {
    const second = at(seconds, event);
    happen(happenings[Math.floor(event / size)] ?? "empty", event % size, second);
    if (second !== seconds[order[position + 1] ?? -1]) judge(second);
  }
}
