/** What the planner asks of the facts again and again, found once per look at the cloud. */
import type { CloudFacts, CloudInstance, ServerGroup } from "../domain/cloud.ts";
import type { GroupId, HostName, InstanceId } from "../domain/ids.ts";

export interface IndexedFacts {
  readonly instancesOn: Lookup<HostName, readonly CloudInstance[]>;
  readonly groupsOf: Lookup<InstanceId, readonly ServerGroup[]>;
  readonly byId: Lookup<InstanceId, CloudInstance>;
  readonly hostOf: Lookup<InstanceId, HostName>;
  /** Where each instance stands in the list of all. */
  readonly placeOf: Lookup<InstanceId, number>;
  /** Of which resource classes instances take something, sorted. */
  readonly classes: readonly string[];
  /** How many members of each group are on each host. */
  readonly membersAt: ReadonlyMap<HostName, ReadonlyMap<GroupId, number>>;
}

type Lookup<Key, Value> = Pick<ReadonlyMap<Key, Value>, "get">;

/** The hard and soft server groups of an instance. */
export const groupsOf = (facts: CloudFacts, id: InstanceId): readonly ServerGroup[] =>
  indexed(facts).groupsOf.get(id) ?? [];

/** The instances that are on a host. */
export const instancesOn = (facts: CloudFacts, host: HostName): readonly CloudInstance[] =>
  indexed(facts).instancesOn.get(host) ?? [];

/** The instance as it was at the look; undefined when the cloud had none with this id. */
export const instanceIn = (facts: CloudFacts, id: InstanceId): CloudInstance | undefined => indexed(facts).byId.get(id);

/** Facts never change, so what was found holds as long as they are kept. */
const known = new WeakMap<CloudFacts, IndexedFacts>();

export function indexed(facts: CloudFacts): IndexedFacts {
  const index = known.get(facts) ?? indexOf(facts);
  known.set(facts, index);
  return index;
}

/**
 * Finds the same for facts in which only these instances are on other hosts than in facts that are indexed: `moved` is as
 * they are there. A session that moves thousands foresees the cloud again and again between two looks at it.
 */
export function indexMoved(before: CloudFacts, after: CloudFacts, moved: ReadonlyMap<InstanceId, CloudInstance>): void {
  const base = indexed(before);
  const hosts = new Set<HostName>();
  const come = new Map<HostName, CloudInstance[]>();
  const membersAt = new Map(base.membersAt);
  const count = (host: HostName, groups: readonly ServerGroup[], by: 1 | -1) => {
    const counts = new Map(membersAt.get(host));
    for (const { id } of groups) {
      const there = (counts.get(id) ?? 0) + by;
      if (there === 0) counts.delete(id);
      else counts.set(id, there);
    }
    membersAt.set(host, counts);
  };
  for (const [id, instance] of moved) {
    const from = base.hostOf.get(id);
    const to = instance.host;
    const groups = base.groupsOf.get(id) ?? [];
    if (from !== undefined) hosts.add(from);
    if (to !== null) {
      hosts.add(to);
      put(come, to, instance);
    }
    if (groups.length === 0) continue;
    if (from !== undefined) count(from, groups, -1);
    if (to !== null) count(to, groups, 1);
  }
  const placeOf = ({ id }: CloudInstance) => base.placeOf.get(id) ?? -1;
  const touched = new Map(
    [...hosts].map((host) => {
      const staying = (base.instancesOn.get(host) ?? []).filter(({ id }) => !moved.has(id));
      return [host, [...staying, ...(come.get(host) ?? [])].toSorted((a, b) => placeOf(a) - placeOf(b))];
    }),
  );
  known.set(after, {
    ...base,
    membersAt,
    instancesOn: { get: (host) => touched.get(host) ?? base.instancesOn.get(host) },
    byId: { get: (id) => moved.get(id) ?? base.byId.get(id) },
    hostOf: { get: (id) => (moved.has(id) ? (moved.get(id)?.host ?? undefined) : base.hostOf.get(id)) },
  });
}

function indexOf({ instances, groups }: CloudFacts): IndexedFacts {
  const instancesOn = new Map<HostName, CloudInstance[]>();
  const byId = new Map<InstanceId, CloudInstance>();
  const placeOf = new Map<InstanceId, number>();
  const classes = new Set<string>();
  for (const [place, instance] of instances.entries()) {
    byId.set(instance.id, instance);
    placeOf.set(instance.id, place);
    if (instance.host !== null) put(instancesOn, instance.host, instance);
    for (const name of Object.keys(instance.demand)) classes.add(name);
  }
  const hostOf = { get: (id: InstanceId) => byId.get(id)?.host ?? undefined };
  const groupsOf = new Map<InstanceId, ServerGroup[]>();
  const membersAt = new Map<HostName, Map<GroupId, number>>();
  for (const group of groups)
    for (const member of group.members) {
      put(groupsOf, member, group);
      const host = hostOf.get(member);
      if (host === undefined) continue;
      const counts = membersAt.get(host) ?? new Map<GroupId, number>();
      counts.set(group.id, (counts.get(group.id) ?? 0) + 1);
      membersAt.set(host, counts);
    }
  return { instancesOn, groupsOf, byId, hostOf, placeOf, classes: [...classes].toSorted(), membersAt };
}

function put<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}
