/** A snapshot with numbers for names: the planner looks at ten thousand hosts from typed arrays. */
import type { CloudSnapshot, SnapshotGroup, SnapshotHost } from "../format/snapshot.ts";

export interface NumberedCloud {
  /** With the instances of one host after the other. */
  readonly snapshot: CloudSnapshot;
  /** Resource classes that any host, instance or the reserve names, sorted. */
  readonly classes: readonly string[];
  readonly hostCount: number;
  readonly instanceCount: number;
  /** The groups of the snapshot, then one for each instance without. */
  readonly groupCount: number;
  /** `host * classes + class`; infinite where the host does not name the class. */
  readonly capacity: Float64Array;
  /** Per host: seconds, and moves at once. */
  readonly action: Float64Array;
  readonly outbound: Float64Array;
  readonly inbound: Float64Array;
  /** 1 where instances may go when the host is open: enabled, and of type compute. */
  readonly takes: Uint8Array;
  /** 1 where the session wants the host maintained. */
  readonly planned: Uint8Array;
  /** Hosts without a zone share one. */
  readonly zone: Int32Array;
  readonly zoneCount: number;
  /** `instance * classes + class`. */
  readonly demand: Float64Array;
  readonly home: Int32Array;
  readonly moveTime: Float64Array;
  readonly lead: Float64Array;
  readonly group: Int32Array;
  /** Per instance, null where any host is allowed. */
  readonly allowed: readonly (ReadonlySet<number> | null)[];
  readonly maxImpacted: Float64Array;
  readonly recovery: Float64Array;
  /** Members on one host; infinite without anti-affinity. */
  readonly perHost: Float64Array;
  readonly groupSize: Int32Array;
  /** Per class. */
  readonly reserve: Float64Array;
  /** The class of which the cloud uses the largest part; hosts are looked up by what is free of it. */
  readonly scarce: number;
}

export function numberCloud(given: CloudSnapshot): NumberedCloud {
  const hostNumber = new Map(given.hosts.map(({ host }, number) => [host, number]));
  const { home, sorted } = byHost(given, hostNumber);
  const snapshot = { ...given, instances: sorted };
  const { hosts, instances, defaults, session } = snapshot;
  const zones = new Map<string | null, number>();
  for (const { zone } of hosts) if (!zones.has(zone ?? null)) zones.set(zone ?? null, zones.size);
  const classes = classesOf(snapshot);
  const capacity = table(hosts, ({ capacity }) => capacity, classes, Infinity);
  const demand = table(instances, ({ demand }) => demand, classes, 0);
  const listed = new Set(session.hosts);
  const isPlanned = ({ host, enabled, type }: SnapshotHost) =>
    listed.size > 0 ? listed.has(host) : enabled && type === "compute";
  return {
    ...{ snapshot, classes, capacity, demand, zoneCount: zones.size },
    hostCount: hosts.length,
    instanceCount: instances.length,
    action: Float64Array.from(hosts, ({ action_seconds }) => action_seconds ?? defaults.action_seconds),
    outbound: Float64Array.from(hosts, ({ outbound_moves }) => outbound_moves ?? defaults.outbound_moves),
    inbound: Float64Array.from(hosts, ({ inbound_moves }) => inbound_moves ?? defaults.inbound_moves),
    takes: Uint8Array.from(hosts, ({ enabled, type }) => (enabled && type === "compute" ? 1 : 0)),
    planned: Uint8Array.from(hosts, (host) => (isPlanned(host) ? 1 : 0)),
    zone: Int32Array.from(hosts, ({ zone }) => zones.get(zone ?? null) ?? 0),
    home,
    moveTime: column(instances, ({ move_seconds }) => move_seconds ?? defaults.move_seconds),
    lead: column(instances, ({ lead_seconds }) => lead_seconds),
    allowed: instances.map(({ allowed_hosts }) =>
      allowed_hosts == null ? null : new Set(allowed_hosts.map((host) => hostNumber.get(host) ?? -1)),
    ),
    ...numberGroups(snapshot),
    reserve: table([session.reserve], (reserve) => reserve, classes, 0),
    scarce: scarceClass(capacity, demand, classes.length),
  };
}

/** Instances of one host get numbers in a row: they are looked at together, and memory is slow where it is far apart. */
function byHost({ hosts, instances }: CloudSnapshot, hostNumber: ReadonlyMap<string, number>) {
  const homes = column(instances, ({ host }) => hostNumber.get(host) ?? hosts.length);
  const ends = new Int32Array(hosts.length + 1);
  for (const home of homes) ends[home]! += 1;
  for (let host = 1; host < ends.length; host++) ends[host]! += ends[host - 1]!;
  const sorted = [...instances];
  const home = new Int32Array(instances.length);
  for (let number = instances.length - 1; number >= 0; number--) {
    const at = --ends[homes[number]!]!;
    sorted[at] = instances[number]!;
    home[at] = homes[number]!;
  }
  return { home, sorted };
}

/** As `Float64Array.from`, which is several times slower on a list. */
function column<T>(rows: readonly T[], valueOf: (row: T) => number): Float64Array {
  const values = new Float64Array(rows.length);
  for (let row = 0; row < rows.length; row++) values[row] = valueOf(rows[row]!);
  return values;
}

function numberGroups({ groups, instances }: CloudSnapshot) {
  const named = new Map<string, Map<string, number>>();
  for (const [number, { project, group }] of groups.entries()) {
    const ofProject = named.get(project);
    if (ofProject) ofProject.set(group, number);
    else named.set(project, new Map([[group, number]]));
  }
  let groupCount = groups.length;
  const group = new Int32Array(instances.length);
  for (let instance = 0; instance < group.length; instance++) {
    const { project, group: name } = instances[instance]!;
    const number = name == null ? undefined : named.get(project)?.get(name);
    group[instance] = number ?? groupCount++;
  }
  const perGroup = (valueOf: (group: SnapshotGroup) => number, alone: number) => {
    const values = new Float64Array(groupCount).fill(alone);
    values.set(groups.map(valueOf));
    return values;
  };
  const groupSize = new Int32Array(groupCount);
  for (const number of group) groupSize[number]! += 1;
  return {
    ...{ group, groupCount, groupSize },
    maxImpacted: perGroup(({ max_impacted_members }) => max_impacted_members, 1),
    recovery: perGroup(({ recovery_seconds }) => recovery_seconds, 0),
    perHost: perGroup(
      ({ anti_affinity, max_instances_per_host }) => (anti_affinity ? Math.max(1, max_instances_per_host) : Infinity),
      Infinity,
    ),
  };
}

function classesOf({ hosts, instances, session }: CloudSnapshot): readonly string[] {
  const classes = new Set(Object.keys(session.reserve));
  for (const { capacity } of hosts) for (const name in capacity) classes.add(name);
  for (const { demand } of instances) for (const name in demand) classes.add(name);
  return [...classes].toSorted();
}

function table<T>(
  rows: readonly T[],
  amountsOf: (row: T) => Readonly<Record<string, number>>,
  classes: readonly string[],
  missing: number,
): Float64Array {
  const values = new Float64Array(rows.length * classes.length);
  let at = 0;
  for (let row = 0; row < rows.length; row++) {
    const amounts = amountsOf(rows[row]!);
    for (let k = 0; k < classes.length; k++) values[at++] = amounts[classes[k]!] ?? missing;
  }
  return values;
}

function scarceClass(capacity: Float64Array, demand: Float64Array, classes: number): number {
  const sums = (values: Float64Array) => {
    const sum = new Float64Array(classes);
    for (let at = 0; at < values.length; at++) sum[at % classes]! += values[at]!;
    return sum;
  };
  const [have, want] = [sums(capacity), sums(demand)];
  let scarce = 0;
  for (let k = 1; k < classes; k++) if (want[k]! * have[scarce]! > want[scarce]! * have[k]!) scarce = k;
  return scarce;
}
