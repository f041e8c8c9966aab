/** What a snapshot says that cannot be true, beyond the shape of its fields. */
export interface Contradiction {
  readonly path: readonly (string | number)[];
  readonly reason: string;
}

/** The names in a snapshot, and what a group promises. */
interface Named {
  readonly hosts: readonly { readonly host: string }[];
  readonly instances: readonly {
    readonly instance: string;
    readonly project: string;
    readonly host: string;
    readonly group?: string | null | undefined;
    readonly allowed_hosts?: readonly string[] | null | undefined;
  }[];
  readonly groups: readonly GroupPromises[];
  readonly session: { readonly hosts: readonly string[] };
}

interface GroupPromises {
  readonly group: string;
  readonly project: string;
  readonly max_impacted_members: number;
  readonly recovery_seconds: number;
  readonly anti_affinity: boolean;
  readonly max_instances_per_host: number;
}

/** Every contradiction, in the order of the snapshot. */
export function contradictions({ hosts, instances, groups, session }: Named): readonly Contradiction[] {
  const known = new Set(hosts.map(({ host }) => host));
  const named = new Set(groups.map(groupKey));
  return [
    ...twice("hosts", hosts, ({ host }) => host, "host"),
    ...twice("instances", instances, ({ instance }) => instance, "instance"),
    ...instances.flatMap(({ host, project, group, allowed_hosts }, at) => [
      ...unknown(known, [host], ["instances", at, "host"]),
      ...unknown(known, allowed_hosts ?? [], ["instances", at, "allowed_hosts"]),
      ...(group == null || named.has(groupKey({ project, group }))
        ? []
        : [{ path: ["instances", at, "group"], reason: `no group ${group} of project ${project} in groups` }]),
    ]),
    ...contradictingGroups(groups),
    ...unknown(known, session.hosts, ["session", "hosts"]),
    ...twice("session", session.hosts, (host) => host, "hosts"),
  ];
}

/** A group is identified by its project and its name. */
export const groupKey = ({ project, group }: { readonly project: string; readonly group: string }): string =>
  JSON.stringify([project, group]);

function twice<T>(
  list: string,
  items: readonly T[],
  nameOf: (item: T) => string,
  field: string,
): readonly Contradiction[] {
  const first = new Map<string, number>();
  return items.flatMap((item, at) => {
    const name = nameOf(item);
    const before = first.get(name);
    if (before === undefined) first.set(name, at);
    const [path, place] =
      list === "session"
        ? [[list, field, at], `${list}.${field}[${before}]`]
        : [[list, at, field], `${list}[${before}].${field}`];
    return before === undefined ? [] : [{ path, reason: `${name} is already at ${place}` }];
  });
}

function unknown(
  known: ReadonlySet<string>,
  hosts: readonly string[],
  path: readonly (string | number)[],
): readonly Contradiction[] {
  const isList = path.at(-1) !== "host";
  return hosts.flatMap((host, at) =>
    known.has(host) ? [] : [{ path: isList ? [...path, at] : path, reason: `no host ${host} in hosts` }],
  );
}

const PROMISES = [
  "max_impacted_members",
  "recovery_seconds",
  "anti_affinity",
  "max_instances_per_host",
] as const satisfies readonly (keyof GroupPromises)[];

function contradictingGroups(groups: readonly GroupPromises[]): readonly Contradiction[] {
  const first = new Map<string, { readonly at: number; readonly group: GroupPromises }>();
  return groups.flatMap((group, at) => {
    const before = first.get(groupKey(group));
    if (!before) {
      first.set(groupKey(group), { at, group });
      return [];
    }
    const differing = PROMISES.filter((promise) => group[promise] !== before.group[promise])
      .map((promise) => `${promise} ${before.group[promise]} there and ${group[promise]} here`)
      .join(", ");
    const already = `group ${group.group} of project ${group.project} is already at groups[${before.at}].group`;
    return [{ path: ["groups", at, "group"], reason: differing === "" ? already : `${already}, with ${differing}` }];
  });
}
