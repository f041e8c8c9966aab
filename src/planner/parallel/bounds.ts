/** How short a maintenance can be at best: the bounds that the plan format defines, and one that is stronger. */
import type { LowerBound } from "../format/plan.ts";
import type { NumberedCloud } from "./numbered.ts";
import type { HostTimes } from "./order.ts";

/** The bounds for the hosts that `planned` marks, in seconds. */
export function lowerBound(cloud: NumberedCloud, planned: Uint8Array, times: HostTimes): LowerBound {
  const hosts = hostsOf(planned);
  const [capacity_time, capacity_time_closed] = capacityTimes(cloud, planned, hosts, times);
  const host_chain = largest(hosts, (host) => times.earliestEmpty[host]! + cloud.action[host]!);
  const group_chain = longestChain(cloud, planned, 0);
  const operator_limit = operatorLimit(cloud, hosts);
  const best = Math.max(capacity_time, host_chain, group_chain, operator_limit);
  return { capacity_time, capacity_time_closed, host_chain, group_chain, operator_limit, best };
}

/**
 * A stronger bound that every plan obeys: only whole hosts are closed, as many as the slack and the places of each
 * anti-affine group allow; and after the last member of a group has left, its host is still to be maintained.
 */
export function tightBound(cloud: NumberedCloud, planned: Uint8Array, times: HostTimes): number {
  const hosts = hostsOf(planned);
  const chain = longestChain(cloud, planned, 1);
  const atOnce = Math.max(1, mostHostsAtOnce(cloud, hosts));
  const soonest = hosts.reduce((least, host) => Math.min(least, times.earliestEmpty[host]!), Infinity);
  const actions = Float64Array.from(hosts, (host) => cloud.action[host]!)
    .sort()
    .reverse();
  // Of the j * atOnce + 1 longest actions, some j + 1 follow one another: at least the shortest of them do.
  let rounds = 0;
  for (let j = 0; j * atOnce < actions.length; j++) {
    let sum = 0;
    for (let i = 0; i <= j; i++) sum += actions[j * atOnce - i]!;
    rounds = Math.max(rounds, sum);
  }
  return Math.max(hosts.length === 0 ? 0 : soonest + rounds, chain);
}

function capacityTimes(
  cloud: NumberedCloud,
  planned: Uint8Array,
  hosts: readonly number[],
  times: HostTimes,
): readonly [number, number] {
  const { classes, capacity, demand, action, moveTime, home, instanceCount } = cloud;
  if (hosts.length === 0) return [0, 0];
  const soonest = hosts.reduce((least, host) => Math.min(least, times.earliestEmpty[host]!), Infinity);
  const bound: [number, number] = [0, 0];
  for (const [k, slack] of slackOf(cloud).entries()) {
    if (slack <= 0 || slack === Infinity) continue; // Without slack no host is planned that takes any.
    let [acting, closed, moving] = [0, 0, 0];
    for (const host of hosts) {
      const amount = capacity[host * classes.length + k]!;
      if (amount === Infinity) continue;
      acting += amount * action[host]!;
      closed += amount * (action[host]! + times.drain[host]!);
    }
    for (let instance = 0; instance < instanceCount; instance++)
      if (planned[home[instance]!] === 1) moving += demand[instance * classes.length + k]! * moveTime[instance]!;
    bound[0] = Math.max(bound[0], soonest + acting / slack, (acting + moving) / slack);
    bound[1] = Math.max(bound[1], closed / slack);
  }
  return bound;
}

/** Per class: what enabled compute hosts have beyond the instances on them and the reserve. */
export function slackOf({ classes, hostCount, instanceCount, takes, capacity, demand, home, reserve }: NumberedCloud) {
  const slack = Float64Array.from(reserve, (amount) => -amount);
  for (let host = 0; host < hostCount; host++)
    if (takes[host] === 1) for (let k = 0; k < slack.length; k++) slack[k]! += capacity[host * classes.length + k]!;
  for (let instance = 0; instance < instanceCount; instance++)
    if (takes[home[instance]!] === 1)
      for (let k = 0; k < slack.length; k++) slack[k]! -= demand[instance * classes.length + k]!;
  return slack;
}

/**
 * The longest time that the moves of one group take, one budget after the other, over the groups with members on planned
 * hosts; and `actions` times the shortest action of the hosts that they leave.
 */
function longestChain(cloud: NumberedCloud, planned: Uint8Array, actions: 0 | 1): number {
  const { groupCount, instanceCount, group, home, moveTime, recovery, maxImpacted, action } = cloud;
  const count = new Int32Array(groupCount);
  const sum = new Float64Array(groupCount);
  const least = new Float64Array(groupCount).fill(Infinity);
  const lastAction = new Float64Array(groupCount).fill(Infinity);
  for (let instance = 0; instance < instanceCount; instance++) {
    const host = home[instance]!;
    if (planned[host] === 0) continue;
    const number = group[instance]!;
    const time = moveTime[instance]!;
    count[number]! += 1;
    sum[number]! += time + recovery[number]!;
    least[number] = Math.min(least[number]!, time);
    lastAction[number] = Math.min(lastAction[number]!, action[host]!);
  }
  let longest = 0;
  for (let number = 0; number < groupCount; number++) {
    const most = maxImpacted[number]!;
    if (count[number] === 0 || most === 0) continue;
    const rest = recovery[number]!;
    const rounds = Math.ceil(count[number]! / most) * (least[number]! + rest) - rest;
    const seconds = Math.max(0, rounds, sum[number]! / most - rest);
    longest = Math.max(longest, seconds + actions * lastAction[number]!);
  }
  return longest;
}

function operatorLimit(cloud: NumberedCloud, hosts: readonly number[]): number {
  const { max_hosts_at_once: most, max_hosts_at_once_per_zone: mostPerZone } = cloud.snapshot.session;
  const perZone = new Float64Array(cloud.zoneCount);
  for (const host of hosts) perZone[cloud.zone[host]!]! += cloud.action[host]!;
  const all = most === null ? 0 : perZone.reduce((sum, seconds) => sum + seconds, 0) / most;
  return Math.max(all, mostPerZone === null ? 0 : Math.max(0, ...perZone) / mostPerZone);
}

function mostHostsAtOnce(cloud: NumberedCloud, hosts: readonly number[]): number {
  const { classes, capacity, takes, perHost, groupCount, group, home, instanceCount, snapshot } = cloud;
  let most = snapshot.session.max_hosts_at_once ?? Infinity;
  const takers = takes.reduce((sum, one) => sum + one, 0);
  const outside = hosts.filter((host) => takes[host] === 0).length;
  for (const [k, slack] of slackOf(cloud).entries()) {
    if (slack === Infinity) continue;
    const sizes = hosts.filter((host) => takes[host] === 1).map((host) => capacity[host * classes.length + k]!);
    let left = slack;
    let fitting = 0;
    for (const size of Float64Array.from(sizes).sort()) {
      left -= size;
      if (left < 0) break;
      fitting += 1;
    }
    most = Math.min(most, fitting + outside);
  }
  const members = new Int32Array(groupCount);
  for (let instance = 0; instance < instanceCount; instance++)
    if (takes[home[instance]!] === 1) members[group[instance]!]! += 1;
  for (let number = 0; number < groupCount; number++)
    if (perHost[number] !== Infinity)
      most = Math.min(most, takers - Math.ceil(members[number]! / perHost[number]!) + outside);
  return Math.min(most, hosts.length);
}

const hostsOf = (planned: Uint8Array): readonly number[] =>
  Array.from(planned.keys()).filter((host) => planned[host] === 1);

/** The largest value; 0 of nothing. A list of hosts is too long for the arguments of `Math.max`. */
const largest = <T>(list: readonly T[], valueOf: (item: T) => number): number =>
  list.reduce((most, item) => Math.max(most, valueOf(item)), 0);
