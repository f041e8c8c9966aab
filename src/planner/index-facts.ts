/** What the planner asks of the facts again and again, found once per look at the cloud. */
import type { CloudFacts, CloudInstance, ServerGroup } from "../domain/cloud.ts";
import type { GroupId, HostName, InstanceId } from "../domain/ids.ts";

export interface IndexedFacts {
  readonly instancesOn: ReadonlyMap<HostName, readonly CloudInstance[]>;
  readonly groupsOf: ReadonlyMap<InstanceId, readonly ServerGroup[]>;
  readonly byId: ReadonlyMap<InstanceId, CloudInstance>;
  readonly hostOf: ReadonlyMap<InstanceId, HostName>;
  /** How many members of each group are on each host. */
  readonly membersAt: ReadonlyMap<HostName, ReadonlyMap<GroupId, number>>;
}

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

function indexOf({ instances, groups }: CloudFacts): IndexedFacts {
  const instancesOn = new Map<HostName, CloudInstance[]>();
  const hostOf = new Map<InstanceId, HostName>();
  for (const instance of instances) {
    if (instance.host === null) continue;
    hostOf.set(instance.id, instance.host);
    put(instancesOn, instance.host, instance);
  }
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
  const byId = new Map(instances.map((instance) => [instance.id, instance]));
  return { instancesOn, groupsOf, byId, hostOf, membersAt };
}

function put<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}
