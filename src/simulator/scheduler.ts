import { isUp, type Flavor, type Group, type Host, type Instance, type World } from "./world.ts";
import { shortOf } from "./resources.ts";

export interface Wish {
  readonly flavor: Flavor;
  readonly group: Group | null;
  readonly zone: string | null;
  /** This host or none; the filters hold for it all the same. */
  readonly host?: string | null | undefined;
  /** The host to leave. */
  readonly not?: string | null | undefined;
  /** The member that moves does not stand in its own way. */
  readonly mover?: Instance | undefined;
}

/** The host with the most free memory among those that pass every filter, or undefined: no valid host. */
export function pickHost(world: World, wish: Wish): Host | undefined {
  const asked = wish.host == null ? world.hosts.values() : [world.hosts.get(wish.host)];
  let best: Host | undefined;
  for (const host of asked) {
    if (host === undefined || host.name === wish.not) continue;
    if (host.service.disabled || !isUp(world, host.service)) continue;
    if (wish.zone !== null && host.zone !== wish.zone) continue;
    if (shortOf(wish.flavor.resources, host.used, host.capacity) !== undefined) continue;
    if (best !== undefined && freeMemory(host) <= freeMemory(best)) continue;
    if (wish.group !== null && !admits(host, wish.group, wish.mover)) continue;
    best = host;
  }
  return best;
}

/**
 * Members on their way count as being there. Nova's scheduler does not see them and its computes
 * refuse the late-comer; the outcome is the same.
 */
function admits(host: Host, group: Group, mover: Instance | undefined): boolean {
  if (group.policy !== "anti-affinity" && group.policy !== "affinity") return true;
  let here = 0;
  let elsewhere = 0;
  for (const member of group.members) {
    if (member === mover) continue;
    if (host.guests.has(member) || host.arriving.has(member)) here += 1;
    else if (member.host !== null) elsewhere += 1;
  }
  return group.policy === "affinity" ? elsewhere === 0 : here < group.maxPerHost;
}

function freeMemory(host: Host): number {
  return (host.capacity["MEMORY_MB"] ?? 0) - (host.used["MEMORY_MB"] ?? 0);
}
