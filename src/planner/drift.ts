/** How far a cloud has gone from the one that a plan was made for. */
import type { CloudSnapshotInput } from "./format/snapshot.ts";

/** What is compared of a snapshot. */
type Seen = Pick<CloudSnapshotInput, "hosts" | "instances">;
type Host = Seen["hosts"][number];
type Instance = NonNullable<Seen["instances"]>[number];

/** Names of what changed, by how; each list in the order of the snapshot that knows them. */
export interface Drift {
  readonly hosts: {
    readonly gone: readonly string[];
    readonly added: readonly string[];
    /** Took instances when the plan was made, and now does not: closed, or its service does not report. */
    readonly "closed or down": readonly string[];
    /** Less room of some kind than the plan counts on. */
    readonly "with less room": readonly string[];
  };
  readonly instances: {
    readonly created: readonly string[];
    readonly deleted: readonly string[];
    readonly moved: readonly string[];
    readonly resized: readonly string[];
  };
  /** Hosts and instances that changed, each as a share of those that the plan knew; the larger of the two. */
  readonly share: number;
}

export function driftBetween(planned: Seen, now: Seen): Drift {
  const hosts = compared(planned.hosts, now.hosts, ({ host }) => host, {
    "closed or down": (before, after) => before.enabled !== false && after.enabled === false,
    "with less room": hasLessRoom,
  });
  const instances = compared(planned.instances ?? [], now.instances ?? [], ({ instance }) => instance, {
    moved: (before, after) => before.host !== after.host,
    resized: isResized,
  });
  return {
    hosts: { gone: hosts.gone, added: hosts.added, ...hosts.changed },
    instances: { created: instances.added, deleted: instances.gone, ...instances.changed },
    share: Math.max(hosts.share, instances.share),
  };
}

interface Compared<Kind extends string> {
  readonly gone: readonly string[];
  readonly added: readonly string[];
  readonly changed: Readonly<Record<Kind, readonly string[]>>;
  readonly share: number;
}

function compared<Item, Kind extends string>(
  planned: readonly Item[],
  now: readonly Item[],
  nameOf: (item: Item) => string,
  ways: Readonly<Record<Kind, (before: Item, after: Item) => boolean>>,
): Compared<Kind> {
  const after = new Map(now.map((item) => [nameOf(item), item]));
  const before = new Set(planned.map(nameOf));
  const gone = planned.map(nameOf).filter((name) => !after.has(name));
  const added = now.map(nameOf).filter((name) => !before.has(name));
  const touched = new Set([...gone, ...added]);
  const changedBy = (way: (before: Item, after: Item) => boolean): readonly string[] =>
    planned.flatMap((item) => {
      const name = nameOf(item);
      const same = after.get(name);
      if (same === undefined || !way(item, same)) return [];
      touched.add(name);
      return [name];
    });
  const kinds = Object.keys(ways) as Kind[]; // The keys of the record, all of which are kinds.
  const changed = Object.fromEntries(kinds.map((kind) => [kind, changedBy(ways[kind])])) as Record<
    Kind,
    readonly string[]
  >;
  return { gone, added, changed, share: touched.size / Math.max(1, planned.length) };
}

/** Of a class that the plan did not know, nothing was planned: the first instance that uses one makes no host smaller. */
const hasLessRoom = (before: Host, after: Host): boolean =>
  Object.entries(before.capacity).some(([resource, amount]) => (after.capacity[resource] ?? Infinity) < amount);

function isResized(before: Instance, after: Instance): boolean {
  const classes = new Set([...Object.keys(before.demand), ...Object.keys(after.demand)]);
  return [...classes].some((resource) => (before.demand[resource] ?? 0) !== (after.demand[resource] ?? 0));
}

/** So many names of each kind are told; the counts tell the rest. */
const NAMES_MAX = 3;

/** Counts and the first few names: `2 instances created (a, b), 1 host gone (c)`. Empty when nothing changed. */
export function driftInWords({ hosts, instances }: Drift): string {
  const told = (noun: string, lists: Readonly<Record<string, readonly string[]>>): readonly string[] =>
    Object.entries(lists).flatMap(([way, names]) => {
      if (names.length === 0) return [];
      const more = names.length > NAMES_MAX ? ", …" : "";
      return [
        `${names.length} ${noun}${names.length === 1 ? "" : "s"} ${way} (${names.slice(0, NAMES_MAX).join(", ")}${more})`,
      ];
    });
  return [...told("host", hosts), ...told("instance", instances)].join(", ");
}
