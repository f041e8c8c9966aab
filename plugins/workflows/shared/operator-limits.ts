/** What the operator limits beside hosts at once: moves in the whole cloud, free capacity, and the time. */
import {
  type CloudFacts,
  type CloudInstance,
  type HostName,
  isSettled,
  resources,
  type Resources,
  type SessionHost,
  type View,
} from "#sdk";
import { movesUnderWay } from "./drain/who-is-there.ts";
import { after, type Hold } from "./hold.ts";
import { skip } from "./hosts.ts";

/** How many moves may begin off this host; `beginning` are begun in this very turn, off any host. */
export function movesFree(view: View, host: HostName, beginning = 0): number {
  const { moves_at_once, max_moves_at_once } = view.session.options;
  const here = moves_at_once - movesUnderWay(view, host).length;
  if (max_moves_at_once === null) return here;
  return Math.min(here, max_moves_at_once - movesUnderWay(view).length - beginning);
}

const classes: Readonly<Record<string, string>> = { vcpus: "VCPU", memory_mb: "MEMORY_MB", disk_gb: "DISK_GB" };

/** The operator's reserve by Placement's resource classes; null where there is none. */
export function reserveOf({ session }: View): Resources | null {
  const wanted = Object.entries(session.options.reserve).filter(([, amount]) => amount > 0);
  return wanted.length === 0
    ? null
    : Object.fromEntries(wanted.map(([name, amount]) => [classes[name] ?? name, amount]));
}

/** What is missing of the reserve once these instances have gone to `destinations`, which are all that take instances then. */
export function missingReserve(
  view: View,
  facts: CloudFacts,
  destinations: readonly HostName[],
  leaving: readonly CloudInstance[],
): Resources {
  const reserve = reserveOf(view);
  if (reserve === null) return {};
  const open = new Set(destinations);
  let free: Resources = {};
  for (const { name, capacity, used } of facts.computes)
    if (open.has(name)) free = resources.add(free, resources.subtract(capacity, used));
  for (const { demand } of leaving) free = resources.subtract(free, demand);
  return resources.shortOf(reserve, free);
}

/**
 * What the reserve lacks while any of `leaving` is away, even if all that take its instances then were empty: nobody's
 * scaling in helps. Null where it can be kept while one of them is away.
 */
export function reserveOutOfReach(
  view: View,
  facts: CloudFacts,
  leaving: readonly HostName[],
  takersFor: (leaving: HostName) => readonly HostName[],
): { readonly host: HostName; readonly missing: Resources } | null {
  const reserve = reserveOf(view);
  if (reserve === null) return null;
  const capacities = new Map(facts.computes.map(({ name, capacity }) => [name, capacity]));
  let first: { readonly host: HostName; readonly missing: Resources } | null = null;
  for (const host of leaving) {
    const capacity = takersFor(host).reduce<Resources>(
      (sum, name) => resources.add(sum, capacities.get(name) ?? {}),
      {},
    );
    const missing = resources.shortOf(reserve, capacity);
    if (Object.keys(missing).length === 0) return null;
    first ??= { host, missing };
  }
  return first;
}

/** Of these hosts, in their order, as many of each zone as may be away at once; what has no zone is not limited. */
export function atMostPerZone({ session, facts }: View, hosts: readonly SessionHost[]): readonly SessionHost[] {
  const most = session.options.max_hosts_at_once_per_zone ?? Infinity;
  const zones = new Map(facts?.computes.map(({ name, zone }) => [name, zone]));
  const taken = new Map<string, number>();
  return hosts.filter(({ name }) => {
    const zone = zones.get(name);
    if (zone === undefined) return true;
    const now = 1 + (taken.get(zone) ?? 0);
    taken.set(zone, now);
    return now <= most;
  });
}

/** Once the maintenance window has ended no other host is begun with: those that wait are left out. */
export function untilWindowEnd(view: View): Hold | null {
  const { maintenanceAt, options } = view.session;
  if (options.window_seconds === null) return null;
  const end = after(maintenanceAt, options.window_seconds);
  const left = view.hosts.filter((host) => !isSettled(host) && host.status.kind === "waiting");
  if (view.now < end || left.length === 0) return null;
  return skip(view, left, `the maintenance window ended at ${end.toISOString()}`);
}
