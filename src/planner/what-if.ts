/** The price list of a maintenance: how much sooner it would be over with more hosts, fewer instances, or looser limits. */
import type { Plan } from "./format/plan.ts";
import type { CloudSnapshot, SnapshotHost } from "./format/snapshot.ts";

export interface Price {
  /** What would be different: for example `2 spare hosts`. */
  readonly change: string;
  readonly makespan_seconds: number;
  /** Against the cloud as it is: negative is sooner. */
  readonly difference_seconds: number;
  /** The largest lower bound. */
  readonly bound_seconds: number;
  readonly moves: number;
  readonly blocked: number;
}

/** The first price is that of the cloud as it is. Each takes one plan. */
export function whatIf(snapshot: CloudSnapshot, plan: (snapshot: CloudSnapshot) => Plan): readonly Price[] {
  const asItIs = plan(snapshot);
  const price = (change: string, { makespan_seconds, lower_bound, moves, blocked }: Plan): Price => ({
    change,
    makespan_seconds,
    difference_seconds: makespan_seconds - asItIs.makespan_seconds,
    bound_seconds: lower_bound.best,
    moves: moves.length,
    blocked: blocked.length,
  });
  return [price("as it is", asItIs), ...variants(snapshot).map(({ change, changed }) => price(change, plan(changed)))];
}

interface Variant {
  readonly change: string;
  readonly changed: CloudSnapshot;
}

function variants(snapshot: CloudSnapshot): readonly Variant[] {
  const takers = snapshot.hosts.filter(isTaker).length;
  const spares = [...new Set([1, 2, Math.ceil(takers / 20), Math.ceil(takers / 10)])].toSorted((a, b) => a - b);
  return [
    ...spares.map((count) => ({
      change: `${count} spare ${count === 1 ? "host" : "hosts"}`,
      changed: withSpares(snapshot, count),
    })),
    ...[5, 10, 20].map((percent) => ({
      change: `${percent} % of the instances scaled in`,
      changed: scaledIn(snapshot, percent),
    })),
    ...[2, 4].map((factor) => ({ change: `${factor} × max impacted members`, changed: looser(snapshot, factor) })),
    ...[0.5, 2, 4].map((factor) => ({
      change: `${factor} × moves at once per host`,
      changed: withMovesAtOnce(snapshot, factor),
    })),
  ];
}

const isTaker = ({ enabled, type }: SnapshotHost): boolean => enabled && type === "compute";

/** Empty hosts like the largest one, which the session leaves alone. */
function withSpares(snapshot: CloudSnapshot, count: number): CloudSnapshot {
  const { hosts, session } = snapshot;
  const takers = hosts.filter(isTaker);
  const size = ({ capacity }: SnapshotHost) => Object.values(capacity).reduce((sum, amount) => sum + amount, 0);
  const like = takers.toSorted((a, b) => size(b) - size(a) || (a.host < b.host ? -1 : 1))[0];
  if (!like) return snapshot;
  const known = new Set(hosts.map(({ host }) => host));
  const spares: SnapshotHost[] = [];
  for (let number = 1; spares.length < count; number += 1)
    if (!known.has(`spare-${number}`)) spares.push({ ...like, host: `spare-${number}` });
  return {
    ...snapshot,
    hosts: [...hosts, ...spares],
    // Where an instance may go only to some hosts, a spare one is bought for those too.
    instances: snapshot.instances.map((instance) =>
      instance.allowed_hosts
        ? { ...instance, allowed_hosts: [...instance.allowed_hosts, ...spares.map(({ host }) => host)] }
        : instance,
    ),
    session: { ...session, hosts: session.hosts.length > 0 ? session.hosts : takers.map(({ host }) => host) },
  };
}

/** The same share of every project, and of all its hosts, as far as whole instances allow. */
function scaledIn(snapshot: CloudSnapshot, percent: number): CloudSnapshot {
  const sorted = snapshot.instances.toSorted(
    (a, b) => compare(a.project, b.project) || compare(a.instance, b.instance),
  );
  const gone = new Set(sorted.filter((_, index) => isMultiple(index + 1, percent)).map(({ instance }) => instance));
  return { ...snapshot, instances: snapshot.instances.filter(({ instance }) => !gone.has(instance)) };
}

/** True for `percent` of every hundred numbers, evenly spread. */
const isMultiple = (number: number, percent: number): boolean =>
  Math.floor((number * percent) / 100) > Math.floor(((number - 1) * percent) / 100);

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const looser = (snapshot: CloudSnapshot, factor: number): CloudSnapshot => ({
  ...snapshot,
  groups: snapshot.groups.map((group) => ({ ...group, max_impacted_members: group.max_impacted_members * factor })),
});

function withMovesAtOnce(snapshot: CloudSnapshot, factor: number): CloudSnapshot {
  const times = (moves: number) => Math.max(1, Math.round(moves * factor));
  const { defaults, hosts } = snapshot;
  return {
    ...snapshot,
    defaults: {
      ...defaults,
      outbound_moves: times(defaults.outbound_moves),
      inbound_moves: times(defaults.inbound_moves),
    },
    hosts: hosts.map(({ outbound_moves: out, inbound_moves: into, ...host }) => ({
      ...host,
      ...(out === undefined ? {} : { outbound_moves: times(out) }),
      ...(into === undefined ? {} : { inbound_moves: times(into) }),
    })),
  };
}
