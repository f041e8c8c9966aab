/**
 * Who gives up how much so that a host can be emptied: what is missing, shared out among the projects as whole members
 * of their groups. No group is asked for more members than it allows to be away (reference §4.12, c), and none whose
 * members stand in for each other as long as others can help.
 */
import type { GroupId, ProjectId } from "../domain/ids.ts";
import { add, type Resources, subtract } from "../domain/resources.ts";
import type { MembersWanted } from "../domain/question.ts";

/** Instances of a project that are alike in what counts here. */
export interface Spare {
  readonly project: ProjectId;
  /** The group whose budget they share; null: each is alone. */
  readonly group: GroupId | null;
  readonly demand: Resources;
  /** How many there are. */
  readonly instances: number;
  /** Whether the group's members are kept apart, as those are that stand in for each other. */
  readonly isApart: boolean;
  /** Whether it is for one of these that there is no room. */
  readonly isHomeless: boolean;
}

export interface RoomRequest {
  readonly project: ProjectId;
  /** Its part of what is missing; the parts of all projects together are never more than that. */
  readonly missing: Resources;
  readonly members: readonly MembersWanted[];
}

/**
 * `mayLeave` is how many more members of each group may be given up; a group that is not in it has no limit. Together the
 * requests cover what is missing, or as much of it as the limits allow. In the order of the projects' ids.
 */
export function roomRequests(
  missing: Resources,
  spares: readonly Spare[],
  mayLeave: ReadonlyMap<GroupId, number>,
): readonly RoomRequest[] {
  let open = positive(missing);
  const left = new Map(mayLeave);
  const taken = new Map<Spare, number>();
  const parts = new Map<ProjectId, Resources>();
  while (Object.keys(open).length > 0) {
    const spare = best(
      spares.filter(
        (one) => (taken.get(one) ?? 0) < one.instances && (one.group === null || (left.get(one.group) ?? 1) > 0),
      ),
      open,
    );
    if (!spare) break;
    const { project, group, demand } = spare;
    const rest = positive(subtract(open, positive(demand)));
    parts.set(project, add(parts.get(project) ?? {}, subtract(open, rest)));
    open = rest;
    taken.set(spare, (taken.get(spare) ?? 0) + 1);
    if (group !== null && left.has(group)) left.set(group, (left.get(group) ?? 0) - 1);
  }
  return [...parts.keys()].toSorted().map((project) => ({
    project,
    missing: positive(parts.get(project) ?? {}),
    members: [...taken]
      .filter(([spare]) => spare.project === project)
      .map(([{ group, demand }, instances]) => ({ instances, group, demand })),
  }));
}

/** Groups of stand-ins last, then who has no room first, then who helps most with one member; equal ones in their order. */
function best(spares: readonly Spare[], open: Resources): Spare | undefined {
  return spares
    .map((spare) => ({ spare, help: helpOf(spare, open) }))
    .filter(({ help }) => help > 0)
    .toSorted(
      (a, b) =>
        Number(a.spare.isApart) - Number(b.spare.isApart) ||
        Number(b.spare.isHomeless) - Number(a.spare.isHomeless) ||
        b.help - a.help ||
        costOf(a.spare) - costOf(b.spare),
    )[0]?.spare;
}

/** How much of what is missing one of them frees, as the sum of the shares of each class. */
const helpOf = ({ demand }: Spare, open: Resources): number =>
  Object.entries(open).reduce((sum, [name, amount]) => sum + Math.min(1, (demand[name] ?? 0) / amount), 0);

/** Of two that help alike, the smaller one goes. */
const costOf = ({ demand }: Spare): number => Object.values(demand).reduce((sum, amount) => sum + amount, 0);

const positive = (amounts: Resources): Resources =>
  Object.fromEntries(Object.entries(amounts).filter(([, amount]) => amount > 0));
