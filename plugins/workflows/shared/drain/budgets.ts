/**
 * How many members of each group may be on their way at once (invariant I2). What a manager declared counts over all
 * sessions, recovery time included, and members that do not serve for other reasons count too. Where only Nova knows a
 * group, one member at a time: the others serve meanwhile, as far as anybody has promised.
 */
import {
  type CloudFacts,
  type CloudInstance,
  groupOf,
  groupsOf,
  type ImpactedMember,
  type GroupId,
  type InstanceGroup,
  type InstanceId,
  instanceIn,
  maxImpacted,
  replacementsOf,
  standIn,
  type View,
} from "#sdk";
import { after, newestLook } from "../hold.ts";
import { ownActions, ownActionsDone } from "./own-actions.ts";
import { movesUnderWay, triesOf } from "./who-is-there.ts";

export interface Budgets {
  /** Takes a place in every group of the instance; false where one has none left, or it has to be looked first. */
  take(instance: InstanceId): boolean;
  /** The same for what comes later, such as an own action after a question: a move of another session will have ended then. */
  takeForLater(instance: InstanceId): boolean;
  /** When a place may become free by itself, since a member has recovered; null: when something ends that is not timed. */
  freeAt(instance: InstanceId): Date | null;
  /** Members that do not serve, where they alone hold the places that the instance would need. */
  heldByDown(instance: InstanceId): readonly CloudInstance[];
  /** Whether the instance only waits for a new look at the other members: the last one is too old to trust. */
  awaitsLook(instance: InstanceId): boolean;
}

interface Budget {
  readonly max: number;
  readonly impacted: Set<InstanceId>;
  readonly recoveredAt: Date | null;
  /** Of the impacted, those that nobody moves. */
  readonly down: readonly CloudInstance[];
  /** Whether the other members have to be looked at before one is moved. */
  readonly outdated: boolean;
}

/** A member may have stopped to serve since the last look at the cloud, so before a move that is not older than this. */
const FRESH_SECONDS = 60;

export function budgetsOf(view: View, facts: CloudFacts): Budgets {
  const own = ownActions(view, facts);
  // One that is being re-created is one member with the one that takes its place.
  const recreated = replacementsOf(view.constraints, [...own.underWay, ...own.done]);
  const memberOf = (id: InstanceId) => standIn(view.constraints, recreated.get(id) ?? id);
  const away = new Set<InstanceId>([
    ...movesUnderWay(view).map(({ effect }) => effect.instance),
    ...own.underWay.map(({ instance }) => instance),
    // Seen to be done in this very turn: from the next one on it counts as recovering.
    ...ownActionsDone(view, facts).map(({ instance }) => instance),
  ]);
  const dead = new Set(facts.computes.filter(({ up }) => !up).map(({ name }) => name));
  const isOld = view.now > after(lastLook(view), FRESH_SECONDS);
  const budgets = new Map<string, Budget>();
  const known = new Map<InstanceId, readonly Budget[]>();

  function budgetsFor(instance: InstanceId): readonly Budget[] {
    const found = known.get(instance) ?? budgetsIn(groupOf(view, instance), instance);
    known.set(instance, found);
    return found;
  }

  function budgetsIn(group: InstanceGroup, instance: InstanceId): readonly Budget[] {
    switch (group.kind) {
      case "alone":
        return [];
      case "declared":
        return [kept(group.constraints.group, () => declaredBudget(group))];
      case "server_group":
        return groupsOf(facts, instance).map(({ id, members }) =>
          kept(id, () => {
            const impacted = new Set(members.filter((one) => away.has(one)));
            return { max: 1, impacted, recoveredAt: null, down: [], outdated: false };
          }),
        );
    }
  }

  function kept(id: string, budgetOf: () => Budget): Budget {
    const budget = budgets.get(id) ?? budgetOf();
    budgets.set(id, budget);
    return budget;
  }

  function declaredBudget(group: Extract<InstanceGroup, { kind: "declared" }>): Budget {
    const seen = view.impacted.get(group.constraints.group) ?? [];
    const moved = new Set([
      ...seen.map(({ instance }) => memberOf(instance)),
      ...group.members.filter((id) => away.has(id)).map(memberOf),
    ]);
    const down = group.members
      .filter((id) => !moved.has(memberOf(id)))
      .flatMap((id) => {
        const member = instanceIn(facts, id);
        return member && !serves(view, member, dead) ? [member] : [];
      });
    const impacted = new Set([...moved, ...down.map(({ id }) => memberOf(id))]);
    const outdated = (isOld && group.members.length > 1) || hasUnseenMember(view, group.constraints.group);
    return { max: maxImpacted(group), impacted, recoveredAt: firstRecovery(seen), down, outdated };
  }

  /** One that is impacted already, such as by a try that failed, takes no second place. */
  const hasPlace = (member: InstanceId) => (budget: Budget) =>
    budget.impacted.has(member) || budget.impacted.size < budget.max;

  const willHavePlace = (member: InstanceId) => (budget: Budget) =>
    budget.impacted.size - Number(budget.impacted.has(member)) < budget.max ||
    budget.down.some(({ id }) => memberOf(id) === member);

  function takeWhere(instance: InstanceId, isFree: typeof hasPlace): boolean {
    const all = budgetsFor(instance);
    const member = memberOf(instance);
    if (!all.every(isFree(member)) || all.some(({ outdated }) => outdated)) return false;
    for (const { impacted } of all) impacted.add(member);
    return true;
  }

  return {
    take: (instance) => takeWhere(instance, hasPlace),
    takeForLater: (instance) => takeWhere(instance, willHavePlace),
    heldByDown: (instance) =>
      budgetsFor(instance)
        .filter((budget) => !hasPlace(memberOf(instance))(budget))
        .flatMap(({ impacted, down }) => (impacted.size === down.length ? down : [])),
    freeAt: (instance) => earliest(budgetsFor(instance).flatMap(({ recoveredAt }) => recoveredAt ?? [])),
    awaitsLook: (instance) =>
      budgetsFor(instance).some(({ outdated }) => outdated) && budgetsFor(instance).every(hasPlace(memberOf(instance))),
  };
}

/** Statuses in which an instance does its work, by Nova's words (Nova API guide, server concepts). */
const SERVING: ReadonlySet<string> = new Set(["ACTIVE", "PASSWORD", "VERIFY_RESIZE"]);
/** Statuses that a move goes through. */
const MOVING: ReadonlySet<string> = new Set(["MIGRATING", "RESIZE", "VERIFY_RESIZE"]);

/**
 * Whether a member does its work: whoever stopped, paused or broke it, and whyever its host does not report, it cannot
 * stand in for another one. What the last look saw on its way and this session has moved since has arrived.
 */
function serves(view: View, { id, status, host }: CloudInstance, dead: ReadonlySet<string>): boolean {
  if (host !== null && dead.has(host)) return false;
  return SERVING.has(status) || (MOVING.has(status) && triesOf(view, id).length > 0);
}

/** Whether a member was declared after the last look, such as one that took another's place: it may be on any host. */
function hasUnseenMember(view: View, group: GroupId): boolean {
  const { members, instances } = view.constraints;
  // Counted from when it was asked for: what is declared while the cloud is read may be missing there.
  const looked = newestLook(view)?.recordedAt ?? view.entry.since;
  return (members.get(group) ?? []).some((id) => (instances.get(id)?.declaredAt ?? looked) > looked);
}

/** When the facts were read, or an entry began with what the one before it had just seen. */
function lastLook(view: View): Date {
  const { status } = newestLook(view) ?? {};
  return status?.kind === "done" ? status.at : view.entry.since;
}

const firstRecovery = (members: readonly ImpactedMember[]): Date | null =>
  earliest(members.flatMap((member) => (member.kind === "recovering" ? [member.until] : [])));

const earliest = (dates: readonly Date[]): Date | null =>
  dates.reduce<Date | null>((first, date) => (first === null || date < first ? date : first), null);
