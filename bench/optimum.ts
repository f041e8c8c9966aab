/**
 * The shortest maintenance of tiny clouds, by trying everything: at each second at which a host is back or an arrival
 * has ended, any waiting host may be drained next, into any open hosts with room, or nobody. Room is booked when a drain
 * begins, and nothing moves only to make room. Slots and groups hold up no move in these clouds, so a drain takes as long
 * as its longest move and the order of its moves does not matter.
 */
import { type CloudSnapshot, CloudSnapshot as Snapshot } from "../src/planner/format/snapshot.ts";
import { plan } from "../src/planner/parallel/plan.ts";
import { chance } from "./generator.ts";

export interface Comparison {
  /** Clouds whose optimum was found. */
  readonly clouds: number;
  /** How much longer Fenix takes than the optimum, in shares of it. */
  readonly median: number;
  readonly p95: number;
  readonly worst: number;
  /** Clouds in which Fenix takes no more than a tenth longer, in shares of all. */
  readonly within: number;
  /** Clouds in which Fenix blocks a host although there is a way. */
  readonly missed: number;
  /** Clouds that were too large to be searched to the end. */
  readonly unsolved: number;
}

export function compareTiny(count: number): Comparison {
  const gaps: number[] = [];
  let [missed, unsolved] = [0, 0];
  for (let seed = 1; gaps.length + unsolved < count && seed <= 10 * count; seed++) {
    const cloud = tinyCloud(seed);
    const made = plan(cloud);
    const best = optimum(cloud, made.feasible ? made.makespan_seconds : Infinity);
    if (best === null) unsolved += 1;
    else if (best === Infinity) continue; // Nobody can empty all of its hosts.
    else if (!made.feasible) missed += 1;
    else gaps.push(made.makespan_seconds / best - 1);
  }
  gaps.sort((a, b) => a - b);
  const at = (share: number) => gaps[Math.ceil(share * gaps.length) - 1] ?? 0;
  const within = gaps.filter((gap) => gap <= 0.1).length / Math.max(1, gaps.length);
  return { clouds: gaps.length, median: at(0.5), p95: at(0.95), worst: at(1), within, missed, unsolved };
}

/** 3 to 5 hosts that are half to three quarters full, with actions of 1 to 3 minutes. */
export function tinyCloud(seed: number): CloudSnapshot {
  const random = chance(seed);
  const draw = (least: number, most: number) => least + Math.floor(random() * (most - least + 1));
  const hosts = Array.from({ length: draw(3, 5) }, (_, number) => ({
    host: `host-${number}`,
    capacity: { vcpus: draw(0, 3) === 0 ? 24 : 16, memory_mb: 32_768 },
    action_seconds: 60 * draw(1, 3),
  }));
  const instances = hosts.flatMap(({ host }, at) =>
    Array.from({ length: draw(1, 3) }, (_, number) => ({
      ...{ instance: `instance-${at}-${number}`, project: "shop", host, move_seconds: draw(5, 20) },
      demand: { vcpus: draw(1, 6), memory_mb: 1_024 * draw(1, 10) },
      group: draw(0, 3) === 0 ? "apart" : null,
    })),
  );
  const groups = [
    { group: "apart", project: "shop", max_impacted_members: 99, anti_affinity: true, max_instances_per_host: 2 },
  ];
  const defaults = { outbound_moves: 9, inbound_moves: 99 };
  return Snapshot.parse({ version: 1, defaults, hosts, instances, groups, session: { objective: "makespan" } });
}

interface Cloud {
  readonly action: readonly number[];
  readonly capacity: readonly (readonly number[])[];
  readonly demand: readonly (readonly number[])[];
  readonly moveTime: readonly number[];
  readonly isApart: readonly boolean[];
  /** How many hosts the slack allows to be closed at once. */
  readonly atOnce: number;
}

const [WAITING, CLOSED, DONE] = [0, 1, 2];
/** More states are not looked at: less than a second. */
const STATES = 500_000;

/** The least makespan if it is under `known`, else `known`; null when the search was given up. */
export function optimum(snapshot: CloudSnapshot, known: number): number | null {
  const cloud = read(snapshot);
  const hosts = cloud.action.length;
  const at = snapshot.instances.map(({ host }) => snapshot.hosts.findIndex((one) => one.host === host));
  const free = cloud.capacity.map((all) => [...all]);
  const apart = cloud.action.map(() => 0);
  for (const [instance, host] of at.entries()) take(cloud, { free, apart }, instance, host, 1);
  const phase = cloud.action.map(() => WAITING);
  const backAt = cloud.action.map(() => 0);
  const arrivesUntil = cloud.action.map(() => 0);
  let [best, states] = [known, 0];

  /** What must follow takes so long at least: the longest action, and as many at once as there may be. */
  const soonest = (now: number): number => {
    let [longest, sum] = [0, 0];
    for (let host = 0; host < hosts; host++) {
      const left = phase[host] === WAITING ? cloud.action[host]! : Math.max(0, backAt[host]! - now);
      longest = Math.max(longest, left);
      sum += left;
    }
    return now + Math.max(longest, sum / cloud.atOnce);
  };

  /** Decides at `now`, for hosts from `from` on: those before were passed over at this second. */
  const decide = (now: number, from: number): void => {
    states += 1;
    if (states > STATES || soonest(now) >= best) return;
    if (phase.every((one) => one !== WAITING)) {
      best = Math.min(best, Math.max(...backAt));
      return;
    }
    for (let host = from; host < hosts; host++)
      if (phase[host] === WAITING && arrivesUntil[host]! <= now) drain(now, host);
    const times = [...backAt.filter((_, host) => phase[host] === CLOSED), ...arrivesUntil].filter((time) => time > now);
    if (times.length > 0) pass(now, Math.min(...times));
  };

  const pass = (now: number, next: number): void => {
    const opened = backAt.flatMap((time, host) => (phase[host] === CLOSED && time > now && time <= next ? [host] : []));
    for (const host of opened) phase[host] = DONE;
    decide(next, 0);
    for (const host of opened) phase[host] = CLOSED;
  };

  const drain = (now: number, host: number): void => {
    const leaving = [...at.keys()].filter((instance) => at[instance] === host);
    const longest = leaving.reduce((most, instance) => Math.max(most, cloud.moveTime[instance]!), 0);
    phase[host] = CLOSED;
    backAt[host] = now + longest + cloud.action[host]!;
    place(now, host, leaving, 0);
    backAt[host] = 0;
    phase[host] = WAITING;
  };

  const place = (now: number, from: number, leaving: readonly number[], index: number): void => {
    const instance = leaving[index];
    if (instance === undefined) return decide(now, from + 1);
    for (let to = 0; to < hosts; to++) {
      if (states > STATES || to === from || phase[to] === CLOSED || !fits(cloud, { free, apart }, instance, to))
        continue;
      const until = arrivesUntil[to]!;
      take(cloud, { free, apart }, instance, to, 1);
      take(cloud, { free, apart }, instance, from, -1);
      at[instance] = to;
      arrivesUntil[to] = Math.max(until, now + cloud.moveTime[instance]!);
      place(now, from, leaving, index + 1);
      arrivesUntil[to] = until;
      at[instance] = from;
      take(cloud, { free, apart }, instance, from, 1);
      take(cloud, { free, apart }, instance, to, -1);
    }
  };

  decide(0, 0);
  return states > STATES ? null : best;
}

function read({ hosts, instances, defaults }: CloudSnapshot): Cloud {
  const classes = ["vcpus", "memory_mb"];
  const capacity = hosts.map((host) => classes.map((name) => host.capacity[name] ?? Infinity));
  const demand = instances.map((instance) => classes.map((name) => instance.demand[name] ?? 0));
  const slack = classes.map(
    (_, k) => capacity.reduce((sum, all) => sum + all[k]!, 0) - demand.reduce((sum, all) => sum + all[k]!, 0),
  );
  const atOnce = slack.map((left, k) => Math.floor(left / Math.min(...capacity.map((all) => all[k]!))));
  return {
    ...{ capacity, demand, atOnce: Math.max(1, Math.min(...atOnce)) },
    action: hosts.map(({ action_seconds }) => action_seconds ?? defaults.action_seconds),
    moveTime: instances.map(({ move_seconds }) => move_seconds ?? defaults.move_seconds),
    isApart: instances.map(({ group }) => group === "apart"),
  };
}

interface Room {
  readonly free: number[][];
  /** Members of the anti-affine group per host. */
  readonly apart: number[];
}

const fits = ({ demand, isApart }: Cloud, { free, apart }: Room, instance: number, host: number): boolean =>
  demand[instance]!.every((amount, k) => amount <= free[host]![k]!) && (!isApart[instance] || apart[host]! < 2);

function take({ demand, isApart }: Cloud, { free, apart }: Room, instance: number, host: number, sign: 1 | -1): void {
  for (const [k, amount] of demand[instance]!.entries()) free[host]![k]! -= sign * amount;
  if (isApart[instance]) apart[host]! += sign;
}
