/**
 * Which instance took the place of one that its project re-created as its OWN_ACTION. What the manager declared decides
 * (`replaces`); where it declared nothing, the one new member of the same group. A name alone proves nothing.
 */
import type { DeclaredConstraints, InstanceConstraints } from "./constraint.ts";
import type { InstanceId } from "./ids.ts";

export interface Recreated {
  readonly instance: InstanceId;
  /** When its project was asked: whatever was declared before was there already. */
  readonly askedAt: Date;
}

/**
 * Of instances that are gone, or are promised to go, those whose replacement is known. Where more than one member of a
 * group is re-created at a time, the name tells them apart; where it does not, nothing is said.
 */
export function replacementsOf(
  constraints: DeclaredConstraints,
  recreated: readonly Recreated[],
): ReadonlyMap<InstanceId, InstanceId> {
  const answer = new Map<InstanceId, InstanceId>();
  const open: Recreated[] = [];
  for (const one of recreated) {
    const declared = constraints.replacedBy.get(one.instance);
    if (declared) answer.set(one.instance, declared);
    else open.push(one);
  }
  const old = new Set(recreated.map(({ instance }) => instance));
  for (const one of open) {
    const rivals = open.filter((other) => groupIn(constraints, other) === groupIn(constraints, one));
    const found = newMembers(constraints, one, old);
    const [only] = rivals.length === 1 ? found : namesakes(constraints, one, rivals, found);
    if (only && (rivals.length > 1 || found.length === 1)) answer.set(one.instance, only.instance);
  }
  return answer;
}

const groupIn = ({ instances }: DeclaredConstraints, { instance }: Recreated) => instances.get(instance)?.group ?? null;

/** Members of its group that were declared since, for nobody else's place. */
function newMembers(
  { instances, members }: DeclaredConstraints,
  { instance, askedAt }: Recreated,
  old: ReadonlySet<InstanceId>,
): readonly InstanceConstraints[] {
  const own = instances.get(instance);
  if (!own?.group) return [];
  return (members.get(own.group) ?? []).flatMap((id) => {
    const other = instances.get(id);
    if (!other || old.has(id) || other.project !== own.project || other.replaces !== undefined) return [];
    return other.declaredAt !== undefined && other.declaredAt > askedAt ? [other] : [];
  });
}

/** The new member with its name, if there is one of each. */
function namesakes(
  { instances }: DeclaredConstraints,
  { instance }: Recreated,
  rivals: readonly Recreated[],
  found: readonly InstanceConstraints[],
): readonly InstanceConstraints[] {
  const name = instances.get(instance)?.name;
  const same = found.filter((other) => other.name === name);
  const sharing = rivals.filter((rival) => instances.get(rival.instance)?.name === name);
  return same.length === 1 && sharing.length === 1 ? same : [];
}
