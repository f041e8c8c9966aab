/** What is compared: Fenix and four other ways, all in the same simulator. */
import type { CloudSnapshot } from "../src/planner/format/snapshot.ts";
import { attempts } from "../src/planner/parallel/attempts.ts";
import { numberCloud } from "../src/planner/parallel/numbered.ts";
import { hostTimes, inOrder } from "../src/planner/parallel/order.ts";
import { type Policy, type Run, run } from "../src/planner/parallel/run.ts";

export interface Way {
  readonly name: string;
  readonly run: (snapshot: CloudSnapshot) => Run;
}

export const WAYS: readonly Way[] = [
  { name: "Fenix", run: fenix },
  { name: "synchronous waves, all known", run: (snapshot) => other(snapshot, { isSynchronous: true }) },
  { name: "blind, with budgets", run: (snapshot) => other(snapshot, { isBlind: true }) },
  {
    name: "1 % at once, blind",
    run: (snapshot) => other(limited(snapshot, Math.ceil(snapshot.hosts.length / 100), null), { isBlind: true }),
  },
  // As the first Fenix did: hosts to come are disabled, and one instance moves at a time.
  { name: "one at a time", run: (snapshot) => other(limited(snapshot, 1, 1), {}, 0) },
];

function fenix(snapshot: CloudSnapshot): Run {
  const cloud = numberCloud(snapshot);
  return attempts(cloud, hostTimes(cloud), 1);
}

function other(snapshot: CloudSnapshot, policy: Policy, twice = Infinity): Run {
  const cloud = numberCloud(snapshot);
  const times = hostTimes(cloud);
  return run(cloud, { times, order: inOrder(cloud, times), twice, policy });
}

const limited = (snapshot: CloudSnapshot, hosts: number, moves: number | null): CloudSnapshot => ({
  ...snapshot,
  session: { ...snapshot.session, max_hosts_at_once: hosts, max_moves_at_once: moves },
});
