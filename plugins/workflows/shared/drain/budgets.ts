/**
 * How many members of each group may be on their way at once (invariant I2). What a manager declared counts over all
 * sessions, recovery time included. Where only Nova knows a group, one member at a time: the others serve meanwhile.
 */
import { type CloudFacts, groupOf, groupsOf, type ImpactedMember, type InstanceId, maxImpacted, type View } from "#sdk";
import { newestAbout } from "../asks.ts";
import { movesUnderWay } from "./moves.ts";
import { whoIsThere } from "./who-is-there.ts";

export interface Budgets {
  /** Takes a place in every group of the instance; false where one has none left. */
  take(instance: InstanceId): boolean;
  /** When a place may become free by itself, since a member has recovered; null: when something ends that is not timed. */
  freeAt(instance: InstanceId): Date | null;
}

interface Budget {
  readonly max: number;
  readonly impacted: Set<InstanceId>;
  readonly recoveredAt: Date | null;
}

export function budgetsOf(view: View, facts: CloudFacts): Budgets {
  const away = new Set<InstanceId>([
    ...movesUnderWay(view).map(({ effect }) => effect.instance),
    ...ownActions(view, facts),
  ]);
  const budgets = new Map<string, Budget>();

  function budgetsFor(instance: InstanceId): readonly Budget[] {
    const group = groupOf(view, instance);
    if (group.kind === "alone") return [];
    if (group.kind === "declared") {
      const others = view.impacted.get(group.constraints.group) ?? [];
      const members = [...others.map((one) => one.instance), ...group.members.filter((id) => away.has(id))];
      return [kept(group.constraints.group, maxImpacted(group), members, others)];
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

  function kept(id: string, max: number, impacted: readonly InstanceId[], others: readonly ImpactedMember[]): Budget {
    const budget = budgets.get(id) ?? { max, impacted: new Set(impacted), recoveredAt: firstRecovery(others) };
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
    freeAt: (instance) => earliest(budgetsFor(instance).flatMap(({ recoveredAt }) => recoveredAt ?? [])),
  };
}

/** Instances that their projects said they would move themselves, and that are still where they were. */
function ownActions(view: View, facts: CloudFacts): readonly InstanceId[] {
  const newest = newestAbout(view);
  const draining = view.hosts.filter(({ status }) => status.kind === "draining");
  return draining
    .flatMap(({ name }) => whoIsThere(view, facts, name))
    .filter(({ id }) => newest.get(id)?.reply?.actions.get(id) === "OWN_ACTION")
    .map(({ id }) => id);
}

const firstRecovery = (members: readonly ImpactedMember[]): Date | null =>
  earliest(members.flatMap((member) => (member.kind === "recovering" ? [member.until] : [])));

const earliest = (dates: readonly Date[]): Date | null =>
  dates.reduce<Date | null>((first, date) => (first === null || date < first ? date : first), null);
