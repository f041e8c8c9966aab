/**
 * What managers declare about their instances (ETSI NFV FEAT03, reference §2.5 and §4.12), and what follows from it
 * for a workflow. Where nothing is declared, Nova's server groups and then the instance alone count.
 */
import type { CloudFacts, ServerGroup } from "./cloud.ts";
import type { GroupId, InstanceId, ProjectId } from "./ids.ts";
import type { InstanceAction } from "./session.ts";

export interface InstanceConstraints {
  readonly instance: InstanceId;
  readonly project: ProjectId;
  /** Null once the group was removed. */
  readonly group: GroupId | null;
  readonly name: string;
  /** How long a live migration may interrupt it. */
  readonly maxInterruptionSeconds: number;
  readonly migrationType: InstanceAction;
  /** It wants replacement capacity before it is touched (ETSI NFV: impact mitigation). */
  readonly resourceMitigation: boolean;
  /** From the notification to the impact, unless the project said yes before. */
  readonly leadTimeSeconds: number;
  /** The instance of the same project that it was made to take the place of; absent: of none. */
  readonly replaces?: InstanceId;
  /** When it was declared first; absent while it is being declared. */
  readonly declaredAt?: Date;
}

export interface GroupConstraints {
  readonly group: GroupId;
  readonly project: ProjectId;
  readonly name: string;
  readonly antiAffinity: boolean;
  /** Counts under anti-affinity only; 0: nothing more was said than that. */
  readonly maxInstancesPerHost: number;
  /** Members that may be moving or recovering at the same time; at least 1. */
  readonly maxImpactedMembers: number;
  /** Until a moved member does its work fully again. */
  readonly recoveryTimeSeconds: number;
  readonly resourceMitigation: boolean;
}

/** All that is declared for the projects of a session. */
export interface DeclaredConstraints {
  readonly instances: ReadonlyMap<InstanceId, InstanceConstraints>;
  readonly groups: ReadonlyMap<GroupId, GroupConstraints>;
  /** The instances declared for each group, by id; a group without any is not in it. */
  readonly members: ReadonlyMap<GroupId, readonly InstanceId[]>;
  /** Instances that others were declared to take the place of, each with the newest that was. */
  readonly replacedBy: ReadonlyMap<InstanceId, InstanceId>;
}

export const noConstraints: DeclaredConstraints = {
  instances: new Map(),
  groups: new Map(),
  members: new Map(),
  replacedBy: new Map(),
};

/**
 * A member of a group whose move is under way, in any session, or whose recovery time has not passed yet. One that its
 * project re-created stands for both: the old instance and the one that took its place are one member.
 */
export type ImpactedMember =
  | { readonly kind: "moving"; readonly instance: InstanceId }
  | { readonly kind: "recovering"; readonly instance: InstanceId; readonly until: Date };

/** By group; only groups with declared constraints, and only those with impacted members. */
export type Impacted = ReadonlyMap<GroupId, readonly ImpactedMember[]>;

/** What the functions below need of a view. */
export interface Constrained {
  readonly constraints: DeclaredConstraints;
  readonly facts: CloudFacts | null;
}

/** The instances an instance shares its constraints with, itself among them, and where that was said. */
export type InstanceGroup =
  | {
      readonly kind: "declared";
      readonly constraints: GroupConstraints;
      /** The server group with the same id, which managers are asked to use. */
      readonly serverGroup: ServerGroup | null;
      readonly members: readonly InstanceId[];
    }
  | { readonly kind: "server_group"; readonly serverGroup: ServerGroup; readonly members: readonly InstanceId[] }
  | { readonly kind: "alone"; readonly members: readonly [InstanceId] };

/**
 * The group of an instance: the one its manager declared, else its Nova server group, else itself alone. Members that
 * the newest look at the cloud did not find are left out: managers leave declarations of deleted instances behind.
 */
export function groupOf({ constraints, facts }: Constrained, instance: InstanceId): InstanceGroup {
  const world = facts ? indexed(facts) : null;
  const serverGroup = world?.groupOf.get(instance) ?? null;
  const own = constraints.instances.get(instance);
  const declared = own?.group ? constraints.groups.get(own.group) : undefined;
  const present = (members: readonly InstanceId[]) =>
    members.filter((member) => member === instance || !world || world.instances.has(member));
  if (declared) {
    const same = world?.groups.get(declared.group);
    const twin = same?.project === own?.project ? same : undefined;
    const all = new Set([...(constraints.members.get(declared.group) ?? []), ...(twin?.members ?? [])]);
    return { kind: "declared", constraints: declared, serverGroup: twin ?? null, members: present([...all]) };
  }
  if (serverGroup) return { kind: "server_group", serverGroup, members: present(serverGroup.members) };
  return { kind: "alone", members: [instance] };
}

/**
 * How many members may be impacted at once. Anti-affinity says that members stand in for each other, so one at a time
 * where nobody declared more; affinity says nothing of the kind, and its members leave a host together.
 */
export function maxImpacted(group: InstanceGroup): number {
  switch (group.kind) {
    case "declared":
      return group.constraints.maxImpactedMembers;
    case "server_group":
      return isAnti(group.serverGroup) ? 1 : Math.max(1, group.members.length);
    case "alone":
      return 1;
  }
}

/** How long a member counts as impacted after its move; 0 where nothing is declared. */
export const recoverySeconds = (group: InstanceGroup): number =>
  group.kind === "declared" ? group.constraints.recoveryTimeSeconds : 0;

/** How many members may be on one host, by the stricter of what was declared and what Nova enforces; null: no limit. */
export function maxPerHost(group: InstanceGroup): number | null {
  const limits: number[] = [];
  if (group.kind === "declared" && group.constraints.antiAffinity)
    limits.push(Math.max(1, group.constraints.maxInstancesPerHost));
  if (group.kind !== "alone" && group.serverGroup?.policy === "anti-affinity")
    limits.push(group.serverGroup.maxPerHost);
  return limits.length > 0 ? Math.min(...limits) : null;
}

/** How long before its move an instance must know of it, unless its project said yes before; 0 where nothing is declared. */
export const leadSeconds = ({ constraints }: Pick<Constrained, "constraints">, instance: InstanceId): number =>
  constraints.instances.get(instance)?.leadTimeSeconds ?? 0;

/** How long a live migration may interrupt an instance; null where nothing is declared. */
export const maxInterruptionSeconds = (
  { constraints }: Pick<Constrained, "constraints">,
  instance: InstanceId,
): number | null => constraints.instances.get(instance)?.maxInterruptionSeconds ?? null;

/** What the manager wants done with an instance; null leaves it to the session. */
export const migrationType = (
  { constraints }: Pick<Constrained, "constraints">,
  instance: InstanceId,
): InstanceAction | null => constraints.instances.get(instance)?.migrationType ?? null;

/** Whether there shall be room for a replacement while it is moved: for itself, or for any member of its group. */
export function wantsMitigation({ constraints }: Pick<Constrained, "constraints">, instance: InstanceId): boolean {
  const own = constraints.instances.get(instance);
  return own?.resourceMitigation || (own?.group && constraints.groups.get(own.group)?.resourceMitigation) || false;
}

const isAnti = ({ policy }: ServerGroup): boolean => policy === "anti-affinity" || policy === "soft-anti-affinity";

/**
 * The instance that stands for this one now: the newest that was declared to take its place, else itself. It follows
 * replacements of replacements, and no circle that a manager may have declared.
 */
export function standIn({ replacedBy }: Pick<DeclaredConstraints, "replacedBy">, instance: InstanceId): InstanceId {
  const seen = new Set<InstanceId>();
  let newest = instance;
  for (let next = replacedBy.get(newest); next && !seen.has(next); next = replacedBy.get(newest)) {
    seen.add(newest);
    newest = next;
  }
  return newest;
}

/** A move of any session, or a project's own action: under way while `endedAt` is null. */
export interface SeenMove {
  readonly instance: InstanceId;
  readonly endedAt: Date | null;
  /** Of an own action that is done: its group then, and who took its place. */
  readonly group?: GroupId | null;
  readonly replacement?: InstanceId | null;
}

/** Who is impacted at `now`: each member once, by what holds longest; members are in the order of `moves`. */
export function impactedBy(moves: readonly SeenMove[], constraints: DeclaredConstraints, now: Date): Impacted {
  const { instances, groups } = constraints;
  const byGroup = new Map<GroupId, Map<InstanceId, ImpactedMember>>();
  for (const { instance: moved, endedAt, group: then, replacement } of moves) {
    const own = instances.get(moved)?.group ?? then;
    const newest = standIn(constraints, replacement ?? moved);
    const id = own ?? instances.get(newest)?.group;
    const group = id ? groups.get(id) : undefined;
    // Who claims the place of another group's member cannot take its impact away.
    const instance = instances.get(newest)?.group === id ? newest : moved;
    if (!group) continue;
    const until = endedAt && new Date(endedAt.getTime() + group.recoveryTimeSeconds * 1_000);
    if (until && until <= now) continue;
    const members = byGroup.get(group.group) ?? new Map<InstanceId, ImpactedMember>();
    byGroup.set(group.group, members);
    const before = members.get(instance);
    if (until === null) members.set(instance, { kind: "moving", instance });
    else if (!before || (before.kind === "recovering" && before.until < until))
      members.set(instance, { kind: "recovering", instance, until });
  }
  return new Map([...byGroup].map(([group, members]) => [group, [...members.values()]]));
}

/** Sorts what was declared. Of instances in their order: members of a group keep it. */
export function constraintsFrom(
  instances: readonly InstanceConstraints[],
  groups: readonly GroupConstraints[],
): DeclaredConstraints {
  if (instances.length + groups.length === 0) return noConstraints;
  const byId = new Map(instances.map((one) => [one.instance, one]));
  const members = new Map<GroupId, InstanceId[]>();
  for (const { instance, group } of instances) {
    if (group === null) continue;
    const list = members.get(group);
    if (list) list.push(instance);
    else members.set(group, [instance]);
  }
  return {
    instances: byId,
    groups: new Map(groups.map((one) => [one.group, one])),
    members,
    replacedBy: new Map(
      instances
        .toSorted((a, b) => (a.declaredAt?.getTime() ?? 0) - (b.declaredAt?.getTime() ?? 0))
        .flatMap(({ instance, project, replaces }) => {
          const isForeign = replaces !== undefined && (byId.get(replaces)?.project ?? project) !== project;
          return replaces === undefined || isForeign ? [] : [[replaces, instance] as const];
        }),
    ),
  };
}

/** What was declared, without what strangers declared about instances that are another project's; mostly the same object. */
export function withoutStrangers(
  declared: DeclaredConstraints,
  instances: readonly { readonly id: InstanceId; readonly project: ProjectId }[],
): DeclaredConstraints {
  if (declared.instances.size === 0) return declared;
  const strange = new Set<InstanceId>();
  for (const { id, project } of instances) {
    const one = declared.instances.get(id);
    if (one && one.project !== project) strange.add(id);
  }
  if (strange.size === 0) return declared;
  const own = [...declared.instances.values()].filter(({ instance }) => !strange.has(instance));
  return constraintsFrom(own, [...declared.groups.values()]);
}

interface IndexedGroups {
  readonly groups: ReadonlyMap<GroupId, ServerGroup>;
  readonly groupOf: ReadonlyMap<InstanceId, ServerGroup>;
  readonly instances: ReadonlySet<InstanceId>;
}

/** Facts never change, so what was found holds as long as they are kept. */
const known = new WeakMap<CloudFacts, IndexedGroups>();

function indexed(facts: CloudFacts): IndexedGroups {
  const found = known.get(facts) ?? {
    groups: new Map(facts.groups.map((group) => [group.id, group])),
    groupOf: new Map(facts.groups.flatMap((group) => group.members.map((member) => [member, group] as const))),
    instances: new Set(facts.instances.map(({ id }) => id)),
  };
  known.set(facts, found);
  return found;
}
