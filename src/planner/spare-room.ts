/**
 * Room for replacements (`resource_mitigation`, ETSI NFV: impact mitigation): as long as instances that ask for it leave
 * a host, a place of their size is wanted elsewhere besides their own. It is thought of as one more instance on that
 * host, so whatever finds places for the others finds one for it, and what it lacks is told like any other want of room.
 */
import type { CloudFacts, CloudInstance, ServerGroup } from "../domain/cloud.ts";
import type { HostName, InstanceId } from "../domain/ids.ts";
import type { Resources } from "../domain/resources.ts";
import { instancesOn } from "./index-facts.ts";

const PREFIX = "spare room on ";

/** Whether it is no instance, but room that is wanted for a replacement. */
export const isSpareRoom = (id: InstanceId): boolean => id.startsWith(PREFIX);

/** Longer than any id of Nova's can be, and never told to it. */
export const spareRoomOn = (host: HostName): InstanceId => `${PREFIX}${host}` as InstanceId;

/** The facts with one place more wanted on each of these hosts where an instance `asks`: as large as any of those needs. */
export function withSpareRoom(
  facts: CloudFacts,
  hosts: readonly HostName[],
  asks: (instance: CloudInstance) => boolean,
): CloudFacts {
  const spares = hosts.flatMap((host) => spareFor(host, instancesOn(facts, host).filter(asks)) ?? []);
  if (spares.length === 0) return facts;
  return {
    ...facts,
    instances: [...facts.instances, ...spares.map(({ spare }) => spare)],
    groups: facts.groups.map((group) => joined(group, spares)),
  };
}

interface Wanted {
  readonly spare: CloudInstance;
  readonly like: CloudInstance;
}

function spareFor(host: HostName, asking: readonly CloudInstance[]): Wanted | null {
  const [first] = asking;
  if (!first) return null;
  const like = asking.reduce((a, b) => (sizeOf(b) > sizeOf(a) ? b : a), first);
  const demand = asking.reduce<Resources>((most, one) => largest(most, one.demand), {});
  return { like, spare: { ...like, id: spareRoomOn(host), name: spareRoomOn(host), demand } };
}

const sizeOf = ({ demand }: CloudInstance): number => Object.values(demand).reduce((sum, amount) => sum + amount, 0);

const largest = (a: Resources, b: Resources): Resources => {
  const most: Record<string, number> = { ...a };
  for (const [name, amount] of Object.entries(b)) most[name] = Math.max(most[name] ?? 0, amount);
  return most;
};

/** A replacement keeps apart from the members like the one it replaces. Where several share a host, it is one of these. */
const joined = (group: ServerGroup, spares: readonly Wanted[]): ServerGroup => {
  if (group.policy !== "anti-affinity" || group.maxPerHost > 1) return group;
  const members = new Set(group.members);
  const more = spares.filter(({ like }) => members.has(like.id)).map(({ spare }) => spare.id);
  return more.length === 0 ? group : { ...group, members: [...group.members, ...more] };
};
