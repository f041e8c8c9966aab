/**
 * How many members of each group may be on their way at once (invariant I2). What a manager declared counts over all
 * sessions, recovery time included, and members that do not serve for other reasons count too. Where only Nova knows a group, one member at a time: the others serve meanwhile.
 */
import {
  type CloudFacts,
  type CloudInstance,
  groupOf,
  groupsOf,
  type ImpactedMember,
  type InstanceId,
  instanceIn,
  maxImpacted,
  type View,
} from "#sdk";
import { movesUnderWay } from "./moves.ts";
import { ownActions, ownActionsDone } from "./own-actions.ts";

export interface Budgets {
  /** Takes a place in every group of the instance; false where one has none left. */
  take(instance: InstanceId): boolean;
  /** When a place may become free by itself, since a member has recovered; null: when something ends that is not timed. */
  freeAt(instance: InstanceId): Date | null;
  /** Members that do not serve, where they alone hold the places that the instance would need. */
  heldByDown(instance: InstanceId): readonly CloudInstance[];
}

interface Budget {
  readonly max: number;
  readonly impacted: Set<InstanceId>;
  readonly recoveredAt: Date | null;
  /** Of the impacted, those that nobody moves. */
  readonly down: readonly CloudInstance[];
}

export function budgetsOf(view: View, facts: CloudFacts): Budgets {
  const away = new Set<InstanceId>([
    ...movesUnderWay(view).map(({ effect }) => effect.instance),
    ...ownActions(view, facts).underWay,
    // Seen to be done in this very turn: from the next one on it counts as recovering.
    ...ownActionsDone(view, facts).map(({ instance }) => instance),
  ]);
  const budgets = new Map<string, Budget>();

  function budgetsFor(instance: InstanceId): readonly Budget[] {
    const group = groupOf(view, instance);
    if (group.kind === "alone") return [];
    if (group.kind === "declared") {
      const others = view.impacted.get(group.constraints.group) ?? [];
      const moved = new Set([...others.map((one) => one.instance), ...group.members.filter((id) => away.has(id))]);
      const down = downIn(facts, group.members).filter(({ id }) => !moved.has(id));
      return [kept(group.constraints.group, maxImpacted(group), [...moved], others, down)];
    }
    return groupsOf(facts, instance).map(({ id, members }) =>
      kept(
        id,
        1,
        members.filter((one) => away.has(one)),
        [],
      ),
    );
  }

  function kept(
    id: string,
    max: number,
    moved: readonly InstanceId[],
    others: readonly ImpactedMember[],
    down: readonly CloudInstance[] = [],
  ): Budget {
    const impacted = new Set([...moved, ...down.map((one) => one.id)]);
    const budget = budgets.get(id) ?? { max, impacted, recoveredAt: firstRecovery(others), down };
    budgets.set(id, budget);
    return budget;
  }

  return {
    take(instance) {
      const all = budgetsFor(instance);
      // One that is impacted already, such as by a try that failed, takes no second place.
      if (all.some(({ max, impacted }) => !impacted.has(instance) && impacted.size >= max)) return false;
      for (const { impacted } of all) impacted.add(instance);
      return true;
    },
    heldByDown: (instance) =>
      budgetsFor(instance).flatMap(({ impacted, down }) => (impacted.size === down.length ? down : [])),
    freeAt: (instance) => earliest(budgetsFor(instance).flatMap(({ recoveredAt }) => recoveredAt ?? [])),
  };
}

/**
 * Members that Nova has in ERROR, and those on hosts that do not report. One that is stopped counts as serving: Nova's
 * lists do not tell whether its project wanted that.
 */
function downIn(facts: CloudFacts, members: readonly InstanceId[]): readonly CloudInstance[] {
  const dead = new Set(facts.computes.filter(({ up }) => !up).map(({ name }) => name));
  return members.flatMap((id) => {
    const member = instanceIn(facts, id);
    return member && (member.status === "ERROR" || (member.host !== null && dead.has(member.host))) ? [member] : [];
  });
}

const firstRecovery = (members: readonly ImpactedMember[]): Date | null =>
  earliest(members.flatMap((member) => (member.kind === "recovering" ? [member.until] : [])));

const earliest = (dates: readonly Date[]): Date | null =>
  dates.reduce<Date | null>((first, date) => (first === null || date < first ? date : first), null);
