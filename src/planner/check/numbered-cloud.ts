/** The snapshot with numbers for names, so that ten thousand hosts are swept in seconds. */
import type { CloudSnapshot } from "../format/snapshot.ts";

export interface NumberedCloud {
  readonly snapshot: CloudSnapshot;
  /** Resource classes of all hosts and instances, sorted. */
  readonly classes: readonly string[];
  readonly hostNumber: ReadonlyMap<string, number>;
  readonly instanceNumber: ReadonlyMap<string, number>;
  readonly groupCount: number;
  /** `host * classes.length + class`; infinite where the host does not name the class. */
  readonly capacity: Float64Array;
  /** `instance * classes.length + class`. */
  readonly demand: Float64Array;
  /** Per class. */
  readonly reserve: Float64Array;
  /** Per host: seconds and moves at once. */
  readonly actionSeconds: Float64Array;
  readonly outboundMoves: Float64Array;
  readonly inboundMoves: Float64Array;
  /** Whether the host takes instances when it is not closed: enabled, and of type compute. */
  readonly takes: Uint8Array;
  /** Per instance. */
  readonly home: Int32Array;
  readonly moveSeconds: Float64Array;
  readonly leadSeconds: Float64Array;
  readonly groupOf: Int32Array;
  /** Per group; groups of one follow the named ones. */
  readonly groupName: readonly string[];
  readonly maxImpacted: Float64Array;
  readonly recovery: Float64Array;
  /** Members allowed on one host; infinite without anti-affinity. */
  readonly maxPerHost: Float64Array;
}

export function numberCloud(snapshot: CloudSnapshot): NumberedCloud {
  const { hosts, instances, groups, defaults } = snapshot;
  const classes = classesOf(snapshot);
  const hostNumber = new Map(hosts.map(({ host }, number) => [host, number]));
  const instanceNumber = new Map(instances.map(({ instance }, number) => [instance, number]));
  const named = new Map(groups.map(({ project, group }, number) => [keyOf(project, group), number]));
  let groupCount = groups.length;
  const alone: string[] = [];
  const groupOf = Int32Array.from(instances, ({ instance, project, group }) => {
    const number = group == null ? undefined : named.get(keyOf(project, group));
    if (number !== undefined) return number;
    alone.push(instance);
    return groupCount++;
  });
  const perGroup = (of: (group: (typeof groups)[number]) => number, ofOne: number) => {
    const numbers = new Float64Array(groupCount).fill(ofOne);
    numbers.set(groups.map(of));
    return numbers;
  };
  return {
    ...{ snapshot, classes, hostNumber, instanceNumber, groupCount, groupOf },
    capacity: table(
      hosts.map(({ capacity }) => capacity),
      classes,
      Infinity,
    ),
    demand: table(
      instances.map(({ demand }) => demand),
      classes,
      0,
    ),
    reserve: table([snapshot.session.reserve], classes, 0),
    actionSeconds: Float64Array.from(hosts, (host) => host.action_seconds ?? defaults.action_seconds),
    outboundMoves: Float64Array.from(hosts, (host) => host.outbound_moves ?? defaults.outbound_moves),
    inboundMoves: Float64Array.from(hosts, (host) => host.inbound_moves ?? defaults.inbound_moves),
    takes: Uint8Array.from(hosts, ({ enabled, type }) => (enabled && type === "compute" ? 1 : 0)),
    home: Int32Array.from(instances, ({ host }) => hostNumber.get(host) ?? -1),
    moveSeconds: Float64Array.from(instances, (instance) => instance.move_seconds ?? defaults.move_seconds),
    leadSeconds: Float64Array.from(instances, ({ lead_seconds }) => lead_seconds ?? 0),
    groupName: [...groups.map(({ group }) => group), ...alone],
    maxImpacted: perGroup((group) => group.max_impacted_members, 1),
    recovery: perGroup((group) => group.recovery_seconds, 0),
    // 0 is read as 1, as in the format.
    maxPerHost: perGroup((group) => (group.anti_affinity ? group.max_instances_per_host || 1 : Infinity), Infinity),
  };
}

const keyOf = (project: string, group: string): string => JSON.stringify([project, group]);

function classesOf({ hosts, instances, session }: CloudSnapshot): readonly string[] {
  const classes = new Set(Object.keys(session.reserve));
  for (const { capacity } of hosts) for (const name of Object.keys(capacity)) classes.add(name);
  for (const { demand } of instances) for (const name of Object.keys(demand)) classes.add(name);
  return [...classes].toSorted();
}

function table(rows: readonly Readonly<Record<string, number>>[], classes: readonly string[], missing: number) {
  const numbers = new Float64Array(rows.length * classes.length);
  let at = 0;
  for (const row of rows) for (const name of classes) numbers[at++] = row[name] ?? missing;
  return numbers;
}

/** The number at a place that is known to exist: typed arrays say nothing about their length. */
export const at = (numbers: { readonly [place: number]: number }, place: number): number => numbers[place] as number;
