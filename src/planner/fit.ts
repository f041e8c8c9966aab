/**
 * Whether hosts can be emptied into others, and if not, why not and how much is missing.
 *
 * This is vector bin packing over every resource class that Placement counts, under the rules of Nova's scheduler that
 * Fenix can see: room, hard server groups, availability zones, aggregates. Instances go largest first to where they
 * leave the least room over (best fit decreasing); where that gets stuck a bounded search goes back and tries the other
 * places, so a small case is answered exactly. Every order is fixed: the same world gives the same answer.
 */
import type { CloudFacts, CloudInstance } from "../domain/cloud.ts";
import type { HostName, InstanceId } from "../domain/ids.ts";
import { add, type Resources } from "../domain/resources.ts";
import { instancesOn } from "./index-facts.ts";
import type { FitObstacle } from "./obstacle.ts";
import { type Parcel, parcelsOn } from "./parcels.ts";
import { giveBack, type Site, sitesFor, take, whyNot } from "./sites.ts";

export interface Placement {
  readonly instance: InstanceId;
  readonly from: HostName;
  readonly to: HostName;
}

export type Fit =
  | { readonly kind: "fits"; readonly placements: readonly Placement[] }
  | {
      readonly kind: "does_not_fit";
      /** A place for those that have one. */
      readonly placements: readonly Placement[];
      /** For each of the others, what is in its way. */
      readonly obstacles: readonly FitObstacle[];
      /** What has to become free, in the best place, so that all fit; instances that no room helps count whole. */
      readonly shortage: Resources;
    };

export interface FitOptions {
  /** Destinations that are filled before the others, such as hosts that the instances need not leave again. */
  readonly preferred?: ReadonlySet<HostName>;
  /** Where an instance shall go if it can, before all others. */
  readonly wanted?: (instance: CloudInstance) => HostName | undefined;
  /** Only these instances leave; without it, all of them. */
  readonly only?: ReadonlySet<InstanceId>;
  /** Where an instance shall not go, since it was tried in vain. */
  readonly avoid?: ReadonlyMap<InstanceId, ReadonlySet<HostName>>;
  /** How many places the search may look at before it gives up: 200,000 take some 20 ms. */
  readonly effort?: number;
}

const EFFORT = 200_000;

/** Whether all instances of `hosts` can go to `destinations`, which are the ones that take instances. */
export function fitAway(
  facts: CloudFacts,
  hosts: readonly HostName[],
  destinations: readonly HostName[],
  options: FitOptions = {},
): Fit {
  const down = hosts.filter((host) => facts.computes.some(({ name, up }) => name === host && !up));
  const sites = sitesFor(
    facts,
    destinations.filter((host) => !hosts.includes(host)),
    options.preferred ?? new Set(),
  );
  const parcels = parcelsOn(facts, hosts, sites, options);
  const stuck = parcels.filter(({ instances }) => instances.some(({ host }) => host !== null && down.includes(host)));
  if (stuck.length === 0 && search(parcels, sites, options.effort ?? EFFORT))
    return { kind: "fits", placements: placementsOf(parcels) };
  return bestEffort(parcels, stuck);
}

export interface Candidate {
  readonly host: HostName;
  readonly destinations: readonly HostName[];
}

export interface Shortage {
  readonly host: HostName;
  readonly shortage: Resources;
  readonly obstacles: readonly FitObstacle[];
}

/**
 * Of hosts that cannot be emptied, the one for which the least must become free, measured in shares of the largest
 * host. Null when no candidate can be helped by room: their compute services are down.
 */
export function cheapestShortage(
  facts: CloudFacts,
  candidates: readonly Candidate[],
  options: FitOptions = {},
): Shortage | null {
  const costOf = costIn(facts);
  // What is missing in total is never more than what is missing in places, so most candidates need no fit.
  const atLeast = candidates
    .map((candidate) => ({ ...candidate, cost: costOf(missingInTotal(facts, candidate.host, candidate.destinations)) }))
    .toSorted((a, b) => a.cost - b.cost || (a.host < b.host ? -1 : 1));
  let cheapest: (Shortage & { readonly cost: number }) | null = null;
  for (const { host, destinations, cost: bound } of atLeast) {
    if (cheapest !== null && bound >= cheapest.cost) break;
    const fit = fitAway(facts, [host], destinations, options);
    if (fit.kind === "fits" || fit.obstacles.some(({ kind }) => kind === "source_down")) continue;
    const cost = costOf(fit.shortage);
    if (cheapest === null || cost < cheapest.cost)
      cheapest = { host, shortage: fit.shortage, obstacles: fit.obstacles, cost };
  }
  return cheapest && { host: cheapest.host, shortage: cheapest.shortage, obstacles: cheapest.obstacles };
}

/** What the destinations lack together, as if they were one host: cheap, and nothing fits while it is not empty. */
export function missingInTotal(facts: CloudFacts, leaving: HostName, destinations: readonly HostName[]): Resources {
  const wanted = instancesOn(facts, leaving).reduce<Resources>((sum, { demand }) => add(sum, demand), {});
  const missing: Record<string, number> = { ...wanted };
  const open = new Set(destinations);
  for (const { name, up, capacity, used } of facts.computes) {
    if (!up || !open.has(name)) continue;
    for (const resource of Object.keys(wanted)) {
      const free = Math.max(0, (capacity[resource] ?? 0) - (used[resource] ?? 0));
      missing[resource] = Math.max(0, (missing[resource] ?? 0) - free);
    }
  }
  return Object.fromEntries(Object.entries(missing).filter(([, amount]) => amount > 0));
}

function costIn({ computes }: CloudFacts): (amount: Resources) => number {
  const largest = (name: string) => Math.max(1, ...computes.map(({ capacity }) => capacity[name] ?? 0));
  return (amount) => Object.entries(amount).reduce((sum, [name, value]) => sum + value / largest(name), 0);
}

/** Gives every parcel its site and answers true; or leaves all without and answers false. */
function search(parcels: readonly Parcel[], sites: readonly Site[], effort: number): boolean {
  if (!roomInTotal(parcels, sites)) return false;
  let left = effort;
  const place = (index: number): boolean => {
    const parcel = parcels[index];
    if (!parcel) return true;
    left -= parcel.sites.length + 1;
    // Sites that are alike for all that is still to come are tried once.
    const tried = new Set<string>();
    for (const site of openTo(parcel)) {
      const likeness = site.likeness();
      if (tried.has(likeness)) continue;
      tried.add(likeness);
      take(site, parcel);
      if (place(index + 1)) return true;
      giveBack(site, parcel);
      if (left <= 0) return false;
    }
    return false;
  };
  return place(0);
}

/** A sum that is too large needs no search. */
function roomInTotal(parcels: readonly Parcel[], sites: readonly Site[]): boolean {
  const classes = parcels[0]?.demand.length ?? 0;
  for (let index = 0; index < classes; index++) {
    const wanted = parcels.reduce((sum, { demand }) => sum + (demand[index] ?? 0), 0);
    const free = sites.reduce((sum, site) => sum + Math.max(0, site.free[index] ?? 0), 0);
    if (wanted > free) return false;
  }
  return true;
}

/** Where a parcel may go now, best first. */
function openTo(parcel: Parcel): readonly Site[] {
  return parcel.sites
    .filter((site) => whyNot(parcel, site) === null)
    .map((site) => ({ site, crowd: crowdAt(site, parcel), over: roomOver(site, parcel) }))
    .toSorted(
      (a, b) =>
        Number(b.site.name === parcel.wanted) - Number(a.site.name === parcel.wanted) ||
        Number(b.site.preferred) - Number(a.site.preferred) ||
        a.crowd - b.crowd ||
        a.over - b.over ||
        (a.site.name < b.site.name ? -1 : 1),
    )
    .map(({ site }) => site);
}

/** How many members of its soft anti-affinity groups are there: these groups ask and do not forbid. */
const crowdAt = (site: Site, { softGroups }: Parcel): number =>
  softGroups.reduce((sum, { id }) => sum + (site.members.get(id) ?? 0), 0);

/** The room left over, as the sum of the shares of each class. */
const roomOver = (site: Site, { demand }: Parcel): number =>
  demand.reduce((sum, wanted, index) => {
    const capacity = site.capacity[index] ?? 0;
    return capacity === 0 ? sum : sum + ((site.free[index] ?? 0) - wanted) / capacity;
  }, 0);

/** Places what has a place, and tells of the rest what is in its way and what would have to become free. */
function bestEffort(parcels: readonly Parcel[], stuck: readonly Parcel[]): Fit {
  const left = parcels.filter((parcel) => {
    const site = stuck.includes(parcel) ? undefined : openTo(parcel)[0];
    if (site) take(site, parcel);
    return !site;
  });
  const placements = placementsOf(parcels);
  const told = left.map((parcel) => tell(parcel, stuck.includes(parcel)));
  return {
    kind: "does_not_fit",
    placements,
    obstacles: told.flatMap(({ obstacles }) => obstacles),
    shortage: told.reduce((sum, { missing }) => add(sum, missing), {}),
  };
}

interface Told {
  readonly obstacles: readonly FitObstacle[];
  readonly missing: Resources;
}

function tell(parcel: Parcel, stuck: boolean): Told {
  const each = (obstacle: (instance: InstanceId) => FitObstacle): FitObstacle[] =>
    parcel.instances.map(({ id }) => obstacle(id));
  if (stuck) return { obstacles: each((instance) => ({ kind: "source_down", instance })), missing: {} };
  const nearest = nearestMiss(parcel);
  if (!nearest) return { obstacles: parcel.obstacles, missing: parcel.resources };
  const { site, refusal } = nearest;
  if (refusal.kind === "anti_affinity")
    return { obstacles: each((instance) => ({ ...refusal, instance })), missing: parcel.resources };
  // The next one finds this one there, so what is missing adds up rightly.
  take(site, parcel);
  return {
    obstacles: each((instance) => ({ kind: "no_room", instance, nearest: site.name, short: refusal.short })),
    missing: refusal.short,
  };
}

/** The site where the least is in the way: room rather than a rule, little rather than much. */
function nearestMiss(parcel: Parcel) {
  const misses = parcel.sites.flatMap((site) => {
    const refusal = whyNot(parcel, site);
    return refusal ? [{ site, refusal }] : [];
  });
  return misses.toSorted(
    (a, b) =>
      Number(a.refusal.kind === "anti_affinity") - Number(b.refusal.kind === "anti_affinity") ||
      a.refusal.share - b.refusal.share ||
      (a.site.name < b.site.name ? -1 : 1),
  )[0];
}

const placementsOf = (parcels: readonly Parcel[]): readonly Placement[] =>
  parcels
    .flatMap(({ instances, site }) =>
      instances.flatMap(({ id, host }) => (site && host ? [{ instance: id, from: host, to: site.name }] : [])),
    )
    .toSorted((a, b) => (a.instance < b.instance ? -1 : 1));
