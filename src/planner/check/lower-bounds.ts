/** The lower bounds of the plan format, computed anew from the snapshot and the names of the planned hosts. */
import { at, type NumberedCloud } from "./numbered-cloud.ts";
import type { NumberedPlan } from "./numbered-plan.ts";

/** By the names of the format. */
export interface LowerBounds {
  readonly capacity_time: number;
  readonly capacity_time_closed: number;
  readonly host_chain: number;
  readonly group_chain: number;
  readonly operator_limit: number;
  readonly best: number;
}

/** Times in seconds, not rounded. All sums cover planned hosts. */
export function lowerBounds(cloud: NumberedCloud, { visits }: NumberedPlan): LowerBounds {
  const planned = visits.map(({ host }) => host);
  const leaving = instancesOn(cloud, planned);
  const slack = slackOf(cloud);
  const capacity_time = capacityTime(cloud, planned, leaving, slack);
  const capacity_time_closed = capacityTimeClosed(cloud, planned, leaving, slack);
  const host_chain = Math.max(
    0,
    ...planned.map((host) => emptySoonest(cloud, host, leaving) + at(cloud.actionSeconds, host)),
  );
  const group_chain = groupChain(cloud, planned, leaving);
  const operator_limit = operatorLimit(cloud, planned);
  const best = Math.max(capacity_time, host_chain, group_chain, operator_limit);
  return { capacity_time, capacity_time_closed, host_chain, group_chain, operator_limit, best };
}

type Leaving = ReadonlyMap<number, readonly number[]>;

/** The instances on each planned host, at the start. */
function instancesOn({ home }: NumberedCloud, planned: readonly number[]): Leaving {
  const there = new Map<number, number[]>(planned.map((host) => [host, []]));
  for (const [instance, host] of home.entries()) there.get(host)?.push(instance);
  return there;
}

/** S: what enabled compute hosts have, less what their instances need and what is to be kept, per resource. */
function slackOf({ classes, capacity, demand, reserve, takes, home, snapshot }: NumberedCloud): Float64Array {
  const slack = Float64Array.from(reserve, (kept) => -kept);
  const size = classes.length;
  const addAll = (numbers: Float64Array, row: number, sign: number) => {
    for (let k = 0; k < size; k += 1) slack[k] = at(slack, k) + sign * at(numbers, row * size + k);
  };
  for (const host of snapshot.hosts.keys()) if (at(takes, host)) addAll(capacity, host, 1);
  for (const [instance, host] of home.entries()) if (host >= 0 && at(takes, host)) addAll(demand, instance, -1);
  return slack;
}

/** e: the earliest moment at which the host can be empty. */
function emptySoonest(
  { moveSeconds, leadSeconds, outboundMoves }: NumberedCloud,
  host: number,
  leaving: Leaving,
): number {
  const there = leaving.get(host) ?? [];
  let soonest = 0;
  let seconds = 0;
  // From the longest lead time down, the moves that cannot begin earlier add up.
  for (const instance of there.toSorted((a, b) => at(leadSeconds, b) - at(leadSeconds, a))) {
    const [lead, move] = [at(leadSeconds, instance), at(moveSeconds, instance)];
    seconds += move;
    soonest = Math.max(soonest, lead + seconds / at(outboundMoves, host), lead + move);
  }
  return soonest;
}

/** LB1 */
function capacityTime(cloud: NumberedCloud, planned: readonly number[], leaving: Leaving, slack: Float64Array): number {
  if (planned.length === 0) return 0;
  const first = planned.reduce((least, host) => Math.min(least, emptySoonest(cloud, host, leaving)), Infinity);
  return mostOf(cloud, slack, (k, free) => {
    const actions = sum(planned, (host) => closedRoom(cloud, host, k) * at(cloud.actionSeconds, host));
    const moves = sum(planned, (host) =>
      sum(leaving.get(host) ?? [], (instance) => needs(cloud, instance, k) * at(cloud.moveSeconds, instance)),
    );
    return Math.max(first + actions / free, (actions + moves) / free);
  });
}

/** LB1′ */
function capacityTimeClosed(
  cloud: NumberedCloud,
  planned: readonly number[],
  leaving: Leaving,
  slack: Float64Array,
): number {
  return mostOf(cloud, slack, (k, free) => {
    const closed = (host: number) => {
      const seconds = (leaving.get(host) ?? []).map((instance) => at(cloud.moveSeconds, instance));
      const drain = Math.max(0, ...seconds, sum(seconds, (one) => one) / at(cloud.outboundMoves, host));
      return closedRoom(cloud, host, k) * (at(cloud.actionSeconds, host) + drain);
    };
    return sum(planned, closed) / free;
  });
}

/** Over the resources that are limited and of which anything is free; where nothing is, no host can be emptied anyway. */
const mostOf = ({ classes }: NumberedCloud, slack: Float64Array, of: (k: number, free: number) => number): number =>
  classes.reduce((most, _, k) => {
    const free = at(slack, k);
    return free > 0 && free !== Infinity ? Math.max(most, of(k, free)) : most;
  }, 0);

/** A class that a planned host does not limit bounds nothing there. */
function closedRoom({ capacity, classes }: NumberedCloud, host: number, k: number): number {
  const room = at(capacity, host * classes.length + k);
  return room === Infinity ? 0 : room;
}

const needs = ({ demand, classes }: NumberedCloud, instance: number, k: number): number =>
  at(demand, instance * classes.length + k);

/** LB3 */
function groupChain(cloud: NumberedCloud, planned: readonly number[], leaving: Leaving): number {
  const members = new Map<number, number[]>();
  for (const host of planned)
    for (const instance of leaving.get(host) ?? []) {
      const group = at(cloud.groupOf, instance);
      const seconds = members.get(group) ?? [];
      seconds.push(at(cloud.moveSeconds, instance));
      members.set(group, seconds);
    }
  let longest = 0;
  for (const [group, seconds] of members) {
    const [max, recovery] = [at(cloud.maxImpacted, group), at(cloud.recovery, group)];
    if (max === 0) continue; // None may move, so none of its hosts can be planned.
    const shortest = Math.min(...seconds);
    const rounds = Math.ceil(seconds.length / max) * (shortest + recovery) - recovery;
    const area = sum(seconds, (one) => one + recovery) / max - recovery;
    longest = Math.max(longest, rounds, area);
  }
  return longest;
}

/** LB5 */
function operatorLimit({ snapshot, actionSeconds }: NumberedCloud, planned: readonly number[]): number {
  const { max_hosts_at_once: max, max_hosts_at_once_per_zone: perZone } = snapshot.session;
  const all = max === null ? 0 : sum(planned, (host) => at(actionSeconds, host)) / max;
  if (perZone === null) return all;
  const zones = new Map<string, number>();
  for (const host of planned) {
    const zone = snapshot.hosts[host]?.zone ?? "";
    zones.set(zone, (zones.get(zone) ?? 0) + at(actionSeconds, host));
  }
  return Math.max(all, ...[...zones.values()].map((seconds) => seconds / perZone));
}

const sum = (items: readonly number[], of: (item: number) => number): number =>
  items.reduce((total, item) => total + of(item), 0);
