/** A live cloud as a cloud snapshot: what one look saw, in the words of the format. */
import type { CloudFacts, CloudInstance, ComputeHost, ServerGroup } from "../domain/cloud.ts";
import { aggregateObstacle } from "./aggregates.ts";
import type { CloudSnapshotInput } from "./format/snapshot.ts";
import { indexed } from "./index-facts.ts";

type Host = CloudSnapshotInput["hosts"][number];
type Instance = NonNullable<CloudSnapshotInput["instances"]>[number];
type Group = NonNullable<CloudSnapshotInput["groups"]>[number];

/** What the look cannot tell: which hosts are to be maintained, how, and how long it takes. */
export type Wanted = Pick<CloudSnapshotInput, "session" | "defaults">;

/**
 * What the format cannot say is left out: hard affinity and soft rules between instances. A host whose compute service
 * does not report takes no instance, like a closed one.
 */
export function snapshotOf(facts: CloudFacts, wanted: Wanted = {}): CloudSnapshotInput {
  const { computes, controllers, instances, groups } = facts;
  const names = new Set(computes.map(({ name }) => name));
  const placed = instances.filter(({ host }) => host !== null && names.has(host));
  const classes = [...new Set(placed.flatMap(({ demand }) => Object.keys(demand)))].toSorted();
  const apart = new Map(groups.filter(isApart).flatMap((group) => group.members.map((id) => [id, group.id] as const)));
  const allowed = allowedHosts(computes);
  return {
    version: 1,
    ...wanted,
    hosts: [
      ...computes.map((host) => hostOf(facts, host, classes)),
      ...controllers.filter((name) => !names.has(name)).map((host) => ({ host, type: "controller", capacity: {} })),
    ],
    instances: placed.map((instance) => instanceOf(instance, apart.get(instance.id), allowed(instance))),
    groups: groups.filter(isApart).map(groupOf),
  };
}

function hostOf(facts: CloudFacts, host: ComputeHost, classes: readonly string[]): Host {
  const { name, zone, door, up, capacity, used } = host;
  const there = indexed(facts).instancesOn.get(name) ?? [];
  // Placement also books what is no instance here: a move not yet confirmed, a consumer that it has not forgotten.
  const room = [...new Set([...Object.keys(capacity), ...classes])].map((resource) => {
    const known = there.reduce((sum, { demand }) => sum + (demand[resource] ?? 0), 0);
    const strange = Math.max(0, (used[resource] ?? 0) - known);
    // A class that Placement does not list is not there, while the format would take it for unlimited.
    return [inFormat(resource), Math.max(0, Math.floor(capacity[resource] ?? 0) - strange)] as const;
  });
  return { host: name, type: "compute", zone, enabled: up && door.kind === "open", capacity: Object.fromEntries(room) };
}

/** Live migration mostly copies memory; these are what moves took in the field: 5 s, and 1 s for each GiB. */
const MOVE_SECONDS = 5;
const MIB_PER_SECOND = 1_024;

function instanceOf(
  { id, project, host, status, demand }: CloudInstance,
  group: string | undefined,
  allowed: readonly string[] | null,
): Instance {
  return {
    instance: id,
    project,
    host: host ?? "",
    ...(group === undefined ? {} : { group }),
    demand: Object.fromEntries(Object.entries(demand).map(([resource, amount]) => [inFormat(resource), amount])),
    // Only a running instance can be moved while it runs.
    migration_type: status === "ACTIVE" || status === "PAUSED" ? "LIVE_MIGRATE" : "MIGRATE",
    move_seconds: MOVE_SECONDS + Math.ceil((demand["MEMORY_MB"] ?? 0) / MIB_PER_SECOND),
    ...(allowed === null ? {} : { allowed_hosts: [...allowed] }),
  };
}

const isApart = ({ policy }: ServerGroup): boolean => policy === "anti-affinity";

/** By its id, since names are not unique. As long as nobody declares more, one member at a time may be touched. */
const groupOf = ({ id, project, maxPerHost }: ServerGroup): Group => ({
  group: id,
  project,
  max_impacted_members: 1,
  recovery_seconds: 0,
  anti_affinity: true,
  max_instances_per_host: maxPerHost,
});

/** Where Nova's scheduler lets an instance go by zone and aggregates; null: anywhere. Found once for each kind of instance. */
function allowedHosts(computes: readonly ComputeHost[]): (instance: CloudInstance) => readonly string[] | null {
  const found = new Map<string, readonly string[] | null>();
  return (instance) => {
    const { zone, project, aggregateSpecs } = instance;
    const key = JSON.stringify([zone, project, aggregateSpecs]);
    const known = found.get(key);
    if (known !== undefined) return known;
    const hosts = computes.filter(
      (host) => (zone === "" || zone === host.zone) && aggregateObstacle(instance, host.aggregates) === null,
    );
    const allowed = hosts.length === computes.length ? null : hosts.map(({ name }) => name);
    found.set(key, allowed);
    return allowed;
  };
}

const named: Readonly<Record<string, string>> = { VCPU: "vcpus", MEMORY_MB: "memory_mb", DISK_GB: "disk_gb" };

/** Placement's own name for what the format has no word for. */
const inFormat = (resource: string): string => named[resource] ?? resource;
