/** The moves that a host has no room for any more when what is there, or what it takes, is not as planned. */
import type { Chart } from "./chart.ts";
import { listed } from "./lists.ts";

/** Those from `second` on that come to the host and find no room, as if those before them that find none did not come. */
export function misplaced(chart: Chart, host: number, second: number): readonly number[] {
  const { cloud, moves, arriving, leaving } = chart;
  const isToCome = (move: number) => moves.start[move]! >= second;
  if (cloud.takes[host] === 0) return listed(arriving, host).filter(isToCome);
  const held = heldAtStart(chart, host);
  const gone = new Set<number>();
  const happenings = [
    ...listed(arriving, host).map((move) => ({ move, at: moves.start[move]!, sign: 1 as const })),
    ...listed(leaving, host).map((move) => ({ move, at: moves.end[move]!, sign: -1 as const })),
  ].toSorted((a, b) => a.at - b.at || a.sign - b.sign || a.move - b.move);
  const homeless: number[] = [];
  for (const { move, sign } of happenings) {
    const instance = moves.instance[move]!;
    // What does not come does not leave again.
    if (gone.has(instance)) continue;
    held.count(instance, sign);
    if (sign === -1 || !isToCome(move) || held.fits(instance)) continue;
    held.count(instance, -1);
    gone.add(instance);
    homeless.push(move);
  }
  return homeless;
}

/** What the host holds, and how many of each anti-affine group. */
function heldAtStart({ cloud }: Chart, host: number) {
  const { classes, capacity, demand, home, group, perHost, instanceCount } = cloud;
  const width = classes.length;
  const free = capacity.slice(host * width, (host + 1) * width);
  const members = new Map<number, number>();
  const count = (instance: number, sign: 1 | -1) => {
    for (let k = 0; k < width; k++) free[k]! -= sign * demand[instance * width + k]!;
    members.set(group[instance]!, (members.get(group[instance]!) ?? 0) + sign);
  };
  for (let instance = 0; instance < instanceCount; instance++) if (home[instance] === host) count(instance, 1);
  const fits = (instance: number) =>
    (members.get(group[instance]!) ?? 0) <= perHost[group[instance]!]! && free.every((amount) => amount >= 0);
  return { count, fits };
}
