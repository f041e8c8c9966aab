/** Why a host cannot be planned: what is known before anything is tried, and what stood in the way in the end. */
import type { BlockReason } from "../format/plan.ts";
import type { Board } from "./board.ts";
import { instancesOn, keepsReserve, withoutRoom } from "./emptying.ts";
import type { NumberedCloud } from "./numbered.ts";
import type { HostTimes } from "./order.ts";

export type Obstacles = ReadonlyMap<number, readonly BlockReason[]>;

/** Hosts that no order of things can help, each with every reason. */
export function obstaclesAhead(cloud: NumberedCloud, times: HostTimes): Obstacles {
  const { hostCount, instanceCount, planned, home } = cloud;
  const reasons = new Map<number, BlockReason[]>();
  const add = (host: number, reason: BlockReason) => {
    const known = reasons.get(host);
    if (!known) reasons.set(host, [reason]);
    else if (!known.some(({ text }) => text === reason.text)) known.push(reason);
  };
  const takers = takersOf(cloud);
  const largest = largestTwo(cloud, takers);
  for (let instance = 0; instance < instanceCount; instance++) {
    const host = home[instance]!;
    if (planned[host] === 0 || isFree(cloud, instance, takers.length, largest)) continue;
    for (const reason of obstaclesOf(cloud, instance, takers, largest)) add(host, reason);
  }
  const window = cloud.snapshot.session.window_seconds ?? Infinity;
  for (let host = 0; host < hostCount; host++) {
    const least = times.earliestEmpty[host]! + cloud.action[host]!;
    if (planned[host] === 1 && least > window) add(host, windowTooShort(least, window));
  }
  return reasons;
}

/** Whether for certain nothing keeps the instance: so it is with nearly all, of hundreds of thousands. */
function isFree(cloud: NumberedCloud, instance: number, takers: number, largest: readonly Largest[]): boolean {
  const group = cloud.group[instance]!;
  if (cloud.maxImpacted[group] === 0 || cloud.allowed[instance] !== null || takers < 2) return false;
  for (let k = 0, at = instance * largest.length; k < largest.length; k++)
    if (cloud.demand[at + k]! > largest[k]!.second) return false;
  return (takers - 1) * cloud.perHost[group]! >= cloud.groupSize[group]!;
}

/** What keeps an instance from ever leaving its host. */
export function obstaclesOfInstance(cloud: NumberedCloud, instance: number): readonly BlockReason[] {
  const takers = takersOf(cloud);
  return obstaclesOf(cloud, instance, takers, largestTwo(cloud, takers));
}

const takersOf = ({ hostCount, takes, inbound }: NumberedCloud): readonly number[] =>
  Array.from({ length: hostCount }, (_, host) => host).filter((host) => takes[host] === 1 && inbound[host]! > 0);

export const windowTooShort = (seconds: number, window: number): BlockReason => ({
  ...{ kind: "window_too_short", seconds, window },
  text: `the window ends after ${window} s, and this host would be done after ${seconds} s`,
});

interface Largest {
  readonly host: number;
  readonly amount: number;
  readonly second: number;
}

/** Per class: the host with the largest capacity, and the largest capacity of the others. */
function largestTwo({ classes, capacity }: NumberedCloud, takers: readonly number[]): readonly Largest[] {
  return classes.map((_, k) => {
    let largest: Largest = { host: -1, amount: -1, second: -1 };
    for (const host of takers) {
      const amount = capacity[host * classes.length + k]!;
      if (amount > largest.amount) largest = { host, amount, second: largest.amount };
      else if (amount > largest.second) largest = { ...largest, second: amount };
    }
    return largest;
  });
}

function obstaclesOf(
  cloud: NumberedCloud,
  instance: number,
  takers: readonly number[],
  largest: readonly Largest[],
): readonly BlockReason[] {
  const { snapshot, classes, home, demand } = cloud;
  const host = home[instance]!;
  const group = cloud.group[instance]!;
  const name = snapshot.instances[instance]!.instance;
  const reasons: BlockReason[] = [];
  const others = takers.length - (cloud.takes[host] === 1 && cloud.inbound[host]! > 0 ? 1 : 0);
  if (cloud.maxImpacted[group] === 0) {
    const of = snapshot.groups[group]!.group;
    const text = `group ${of} allows no member to be impacted, so ${name} may not move`;
    reasons.push({ kind: "group_allows_no_move", group: of, instance: name, text });
  }
  if (others === 0)
    reasons.push({ kind: "no_other_host", text: "no other host is enabled, of type compute, and takes instances" });
  const allowed = cloud.allowed[instance];
  if (allowed && others > 0 && !takers.some((other) => other !== host && allowed.has(other)))
    reasons.push({
      ...{ kind: "instance_has_no_other_host", instance: name },
      text: `none of the hosts that ${name} is allowed on takes instances, beside this one`,
    });
  if (others > 0)
    for (const [k, { host: most, amount, second }] of largest.entries()) {
      const wanted = demand[instance * classes.length + k]!;
      const there = most === host ? second : amount;
      if (wanted > there)
        reasons.push({
          ...{ kind: "instance_larger_than_any_host", instance: name },
          text: `${name} needs ${wanted} ${classes[k]}, and no other host has more than ${there}`,
        });
    }
  const places = others * cloud.perHost[group]!;
  if (others > 0 && places < cloud.groupSize[group]!) {
    const of = snapshot.groups[group]!.group;
    reasons.push({
      ...{ kind: "group_has_no_other_host", group: of },
      text: `group ${of} has ${cloud.groupSize[group]} members, and the other hosts have places for ${places}`,
    });
  }
  return reasons;
}

/** Why a host could not be emptied at the end of a run, when everything else stands still. */
export function obstaclesLeft(board: Board, host: number): readonly BlockReason[] {
  const { cloud, free } = board;
  const { snapshot, classes, demand } = cloud;
  if (!keepsReserve(board, host))
    return [{ kind: "no_room", text: "the free capacity of the other hosts and the reserve are less than its load" }];
  const homeless = withoutRoom(board, host);
  const hasCapacity = (instance: number, other: number) =>
    classes.every((_, k) => demand[instance * classes.length + k]! <= free[other * classes.length + k]!);
  const reasons = homeless.map((instance): BlockReason => {
    const name = snapshot.instances[instance]!.instance;
    const size = classes.map((of, k) => `${demand[instance * classes.length + k]} ${of}`).join(", ");
    for (let other = 0; other < cloud.hostCount; other++)
      if (other !== host && board.rooms.has(other) && hasCapacity(instance, other))
        return { kind: "no_room_together", instance: name, text: `${name} (${size}) has no room beside the others` };
    return { kind: "instance_larger_than_any_hole", instance: name, text: `no host has room for ${name} (${size})` };
  });
  if (reasons.length > 0) return reasons;
  const count = instancesOn(board, host).length;
  return [{ kind: "no_room", text: `the ${count} instances find no room together` }];
}
