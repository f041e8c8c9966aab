/** Small clouds are planned several times in orders that chance has shaken, and the best run counts. */
import type { Objective } from "../format/snapshot.ts";
import { lowerBound } from "./bounds.ts";
import type { NumberedCloud } from "./numbered.ts";
import { type HostTimes, inOrder } from "./order.ts";
import { type Policy, type Run, run } from "./run.ts";

/** How often, by the number of hosts: together they take less than a second. */
const TIMES = [
  { hosts: 8, runs: 600 },
  { hosts: 12, runs: 24 },
  { hosts: 100, runs: 12 },
  { hosts: 400, runs: 4 },
  { hosts: 1_000, runs: 2 },
] as const;

/** How many moves more than one for each instance an objective allows, as a share of the instances. */
const TWICE: Readonly<Record<Objective, number>> = { makespan: Infinity, balanced: 0.1, moves: 0.02 };

/** In clouds of so many hosts chance decides about more than the order: there, it comes upon the best way of all. */
const TINY = 8;
const SHAKE_OF_TINY = 3;
/** How likely a host waits for something else to happen first, in attempts in which hosts do that. */
const HESITATION = 0.2;
/** After so many attempts, those of a tiny cloud in which hosts stay behind end. */
const ENOUGH = 24;

/** How far chance shakes the order, in shares of the mean host's time. */
const SHAKE = 0.5;

/** The best of a few runs; of at most `attemptsMax` where fewer will do. */
export function attempts(cloud: NumberedCloud, times: HostTimes, seed: number, attemptsMax = Infinity): Run {
  const { objective } = cloud.snapshot.session;
  const hosts = cloud.planned.reduce((sum, one) => sum + one, 0);
  const instances = times.instances.reduce((sum, count, host) => sum + (cloud.planned[host] === 1 ? count : 0), 0);
  const usual = TIMES.find(({ hosts: most }) => hosts <= most)?.runs ?? 1;
  const runs = Math.min(usual, attemptsMax);
  const most = TWICE[objective];
  const whole = most === Infinity ? Infinity : Math.floor(most * instances);
  const bound = runs === 1 ? 0 : lowerBound(cloud, cloud.planned, times).best;
  const chance = random(seed);
  const isTiny = hosts <= TINY;
  const shake = isTiny ? SHAKE_OF_TINY : SHAKE;
  let best: Run | null = null;
  for (let attempt = 0; attempt < runs; attempt++) {
    const order = inOrder(cloud, times, attempt === 0 ? undefined : () => shake * (chance() - 0.5));
    // The whole budget, and sometimes none: with fewer moves a small cloud is sometimes done earlier, too.
    const budget = attempt % 3 === 2 ? 0 : whole;
    // Where holes are rare, filling those of waiting hosts as well is now and then the better way.
    const policy = { isBlind: attempt % 2 === 1, ...(isTiny ? whims(attempt, chance) : {}) };
    const next = run(cloud, { times, order, twice: budget, policy });
    if (best === null || isBetter(next, best, objective, instances)) best = next;
    if (attempt > 0 && best.waiting.length === hosts) break; // No order makes a beginning.
    if (attempt > ENOUGH && best.waiting.length > 0) break; // It has not been the order that blocks a host.
    if (best.waiting.length === 0 && best.makespan <= bound && best.moves.count <= instances) break; // Nothing is better.
  }
  if (best === null) throw new Error("no attempt was made");
  if (best.waiting.length === 0) return best;
  // Holes that were made in vain are moves in vain.
  const without = run(cloud, { times, order: inOrder(cloud, times), twice: whole, holes: 0 });
  return isBetter(without, best, objective, instances) ? without : best;
}

/** Three of four attempts take any places that there are, and one of five lets hosts wait. */
const whims = (attempt: number, chance: () => number): Policy => ({
  ...(attempt % 4 === 0 ? {} : { chance }),
  ...(attempt % 5 === 4 ? { hesitates: () => chance() < HESITATION } : {}),
});

function isBetter(run: Run, than: Run, objective: Objective, instances: number): boolean {
  const key = ({ waiting, makespan, moves }: Run) => {
    const over = Math.max(0, moves.count - Math.floor(instances * (1 + TWICE[objective])));
    return objective === "moves"
      ? [waiting.length, moves.count, makespan]
      : objective === "balanced"
        ? [waiting.length, over, makespan, moves.count]
        : [waiting.length, makespan, moves.count];
  };
  const [here, there] = [key(run), key(than)];
  const differing = here.findIndex((value, index) => value !== there[index]);
  return differing !== -1 && here[differing]! < there[differing]!;
}

/** Mulberry32: a small generator of numbers in [0, 1) with 32 bits of state. */
function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
