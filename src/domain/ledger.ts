/**
 * What decisions know of the cloud, as the journal tells it: enough to judge a session afterwards by capacity, groups and
 * budgets (invariants I2, I8, I9) without asking anybody. Told once in full, and then by what has changed.
 */
import type { CloudFacts } from "./cloud.ts";
import { type DeclaredConstraints, maxPerHost } from "./constraint.ts";
import type { GroupId, HostName, InstanceId } from "./ids.ts";
import type { Resources } from "./resources.ts";

export interface Ledger {
  readonly hosts: Readonly<Record<HostName, LedgerHost>>;
  /** Groups that allow fewer impacted members than they have: a declared one, or one of Nova's whose members stay apart. */
  readonly budgets: Readonly<Record<GroupId, Budget>>;
  /** Groups that allow only so many members on one host. */
  readonly apart: Readonly<Record<GroupId, Apart>>;
  /** Where the members of those are; null: on no host. */
  readonly places: Readonly<Record<InstanceId, HostName | null>>;
  /** Members of declared groups that do not serve, whoever moves them: in ERROR, or on a host that does not report. */
  readonly down: readonly InstanceId[];
}

export interface LedgerHost {
  /** As Placement counts, reserved amounts taken off and allocation ratios applied. */
  readonly capacity: Resources;
  readonly used: Resources;
  readonly zone: string;
  /** Whether it takes instances: it reports, and its door is open. */
  readonly takes: boolean;
}

interface Budget {
  readonly max: number;
  readonly recoverySeconds: number;
  readonly members: readonly InstanceId[];
}

interface Apart {
  readonly max: number;
  readonly members: readonly InstanceId[];
}

/** What one telling says anew; null: there is no such host, group or place any more. */
export interface LedgerChanges {
  readonly hosts?: Readonly<Record<string, LedgerHost | null>>;
  readonly budgets?: Readonly<Record<string, Budget | null>>;
  readonly apart?: Readonly<Record<string, Apart | null>>;
  readonly places?: Readonly<Record<string, HostName | null>>;
  readonly down?: readonly InstanceId[];
}

/** Of a look (without what was declared) and the declarations. */
export function ledgerOf(facts: CloudFacts, constraints: DeclaredConstraints): Ledger {
  const byId = new Map(facts.instances.map((instance) => [instance.id, instance]));
  const deadHosts = new Set(facts.computes.filter(({ up }) => !up).map(({ name }) => name));
  const serverGroups = new Map(facts.groups.map((group) => [group.id, group]));
  const budgets: Record<GroupId, Budget> = {};
  const apart: Record<GroupId, Apart> = {};
  const down = new Set<InstanceId>();
  const declared = new Set<InstanceId>();
  const present = (members: readonly InstanceId[]) => members.filter((id) => byId.has(id));

  for (const group of constraints.groups.values()) {
    const same = serverGroups.get(group.group);
    const twin = same?.project === group.project ? same : null;
    const own = constraints.members.get(group.group) ?? [];
    for (const id of own) declared.add(id);
    const members = present([...new Set([...own, ...(twin?.members ?? [])])]);
    if (members.length > group.maxImpactedMembers)
      budgets[group.group] = { max: group.maxImpactedMembers, recoverySeconds: group.recoveryTimeSeconds, members };
    const max = maxPerHost({ kind: "declared", constraints: group, serverGroup: twin, members });
    if (max !== null && members.length > max) apart[group.group] = { max, members };
    for (const id of members) {
      const member = byId.get(id);
      if (member?.status === "ERROR" || (member?.host && deadHosts.has(member.host))) down.add(id);
    }
  }
  for (const { id, policy, maxPerHost: max, members: all } of facts.groups) {
    const members = present(all);
    if (policy === "anti-affinity" && !(id in apart) && members.length > max) apart[id] = { max, members };
    // Members of a declared group go by that one's budget.
    const free = members.filter((member) => !declared.has(member));
    const isApart = policy === "anti-affinity" || policy === "soft-anti-affinity";
    if (isApart && !constraints.groups.has(id) && free.length > 1)
      budgets[id] = { max: 1, recoverySeconds: 0, members: free };
  }
  const placed = new Set(Object.values(apart).flatMap(({ members }) => members));
  return {
    hosts: Object.fromEntries(
      facts.computes.map(({ name, capacity, used, zone, up, door }) => [
        name,
        { capacity, used, zone, takes: up && door.kind === "open" },
      ]),
    ),
    budgets,
    apart,
    places: Object.fromEntries([...placed].toSorted().map((id) => [id, byId.get(id)?.host ?? null])),
    down: [...down].toSorted(),
  };
}

/** What is to be told after `before` (null: nothing was told yet). */
export function ledgerChanges(before: Ledger | null, after: Ledger): LedgerChanges {
  if (before === null) return after;
  const isNew = JSON.stringify(before.down) !== JSON.stringify(after.down);
  return {
    ...part("hosts", changesIn<LedgerHost>(before.hosts, after.hosts)),
    ...part("budgets", changesIn<Budget>(before.budgets, after.budgets)),
    ...part("apart", changesIn<Apart>(before.apart, after.apart)),
    ...part("places", changesIn<HostName | null>(before.places, after.places)),
    ...(isNew ? { down: after.down } : {}),
  };
}

/** A part without changes is left out. */
const part = (name: string, changes: Readonly<Record<string, unknown>>): LedgerChanges =>
  Object.keys(changes).length === 0 ? {} : { [name]: changes };

type Named<Item> = Readonly<Record<string, Item>>;

function changesIn<Item>(before: Named<Item>, after: Named<Item>): Named<Item | null> {
  const changed: Record<string, Item | null> = {};
  for (const [name, item] of Object.entries(after))
    if (!(name in before) || JSON.stringify(before[name]) !== JSON.stringify(item)) changed[name] = item;
  for (const name of Object.keys(before)) if (!(name in after)) changed[name] = null;
  return changed;
}

/** For the timeline. */
export function tellingInWords(before: Ledger | null, changes: LedgerChanges): string {
  const counts = (
    [
      ["hosts", "host"],
      ["budgets", "budget"],
      ["apart", "anti-affinity group"],
      ["places", "place"],
    ] as const
  ).flatMap(([name, word]) => {
    const count = Object.keys(changes[name] ?? {}).length;
    return count === 0 ? [] : [`${count} ${word}${count === 1 ? "" : "s"}`];
  });
  if (changes.down && changes.down.length > 0) counts.push(`${changes.down.length} members down`);
  if (before === null) return `as it is known at the begin: ${counts.join(", ") || "no compute host"}`;
  return counts.length === 0 ? "as it was known before" : `known anew: ${counts.join(", ")}`;
}
