/** What has to be given a place: one instance, or the members of a hard affinity group, which go together. */
import type { CloudFacts, CloudInstance, ServerGroup } from "../domain/cloud.ts";
import type { HostName, InstanceId } from "../domain/ids.ts";
import { add, type Resources } from "../domain/resources.ts";
import { aggregateObstacle } from "./aggregates.ts";
import type { FitOptions } from "./fit.ts";
import { indexed, instancesOn } from "./index-facts.ts";
import type { FitObstacle } from "./obstacle.ts";
import { countRoom, type Site } from "./sites.ts";

export interface Parcel {
  readonly instances: readonly CloudInstance[];
  readonly resources: Resources;
  readonly classes: readonly string[];
  /** `resources` by the position of the class. */
  readonly demand: readonly number[];
  /** Hard anti-affinity groups. */
  readonly apart: readonly ServerGroup[];
  readonly softGroups: readonly ServerGroup[];
  /** The site that is tried first. */
  readonly wanted: HostName | undefined;
  /** Where zone, aggregates and affinity let it go. */
  readonly sites: readonly Site[];
  /** What is in the way when `sites` is empty. */
  readonly obstacles: readonly FitObstacle[];
  /** The place it has been given. */
  site: Site | null;
}

/** All that leaves `hosts`, largest first. Prepares the sites to count in the same classes. */
export function parcelsOn(
  facts: CloudFacts,
  hosts: readonly HostName[],
  sites: readonly Site[],
  options: FitOptions,
): readonly Parcel[] {
  const leaving = hosts.flatMap((host) => instancesOn(facts, host)).filter(({ id }) => options.only?.has(id) ?? true);
  const classes = [...new Set(leaving.flatMap(({ demand }) => Object.keys(demand)))].toSorted();
  for (const site of sites) countRoom(site, classes);
  const parcels = bundled(facts, leaving).map((instances) =>
    parcelOf(facts, instances, classes, sites, hosts, options),
  );
  for (const parcel of parcels) {
    const allowed = new Set(parcel.sites);
    for (const site of sites) site.admits += allowed.has(site) ? "1" : "0";
  }
  return sortedBySize(parcels, sites);
}

/** Joins the members of each hard affinity group. */
function bundled(facts: CloudFacts, instances: readonly CloudInstance[]): readonly (readonly CloudInstance[])[] {
  const { groupsOf } = indexed(facts);
  const bundles = new Map<string, CloudInstance[]>();
  for (const instance of instances) {
    const together = groupsOf.get(instance.id)?.find(({ policy }) => policy === "affinity");
    const key = together ? `group ${together.id}` : `instance ${instance.id}`;
    bundles.set(key, [...(bundles.get(key) ?? []), instance]);
  }
  return [...bundles.values()];
}

function parcelOf(
  facts: CloudFacts,
  instances: readonly CloudInstance[],
  classes: readonly string[],
  sites: readonly Site[],
  leavingHosts: readonly HostName[],
  options: FitOptions,
): Parcel {
  const resources = instances.reduce<Resources>((sum, { demand }) => add(sum, demand), {});
  const groups = [...new Set(instances.flatMap(({ id }) => indexed(facts).groupsOf.get(id) ?? []))];
  const judged = sites.map((site) => ({
    site,
    obstacle: ruleAgainst(facts, instances, groups, site, leavingHosts, options),
  }));
  const allowed = judged.filter(({ obstacle }) => obstacle === null).map(({ site }) => site);
  return {
    instances,
    resources,
    classes,
    demand: classes.map((name) => resources[name] ?? 0),
    apart: groups.filter(({ policy }) => policy === "anti-affinity"),
    softGroups: groups.filter(({ policy }) => policy === "soft-anti-affinity"),
    wanted: instances.map((instance) => options.wanted?.(instance)).find((host) => host !== undefined),
    sites: allowed,
    obstacles: allowed.length > 0 ? [] : nearestRule(judged, instances),
    site: null,
  };
}

/** Filters in the order in which they are told to people: the last one to refuse is the nearest to a yes. */
const ruleOrder: readonly FitObstacle["kind"][] = ["zone", "aggregate", "affinity", "tried"];

function ruleAgainst(
  facts: CloudFacts,
  instances: readonly CloudInstance[],
  groups: readonly ServerGroup[],
  { name, host }: Site,
  leavingHosts: readonly HostName[],
  { avoid }: FitOptions,
): FitObstacle | null {
  for (const instance of instances) {
    // An instance without a zone may be in any.
    if (instance.zone !== "" && instance.zone !== host.zone)
      return { kind: "zone", instance: instance.id, zone: instance.zone };
    const needs = aggregateObstacle(instance, host.aggregates);
    if (needs !== null) return { kind: "aggregate", instance: instance.id, needs };
    for (const group of groups)
      if (group.policy === "affinity" && !joins(facts, group, name, leavingHosts))
        return { kind: "affinity", instance: instance.id, group: group.id };
    if (avoid?.get(instance.id)?.has(name)) return { kind: "tried", instance: instance.id };
  }
  return null;
}

/** Whether no member of the group is on a third host. */
function joins(
  facts: CloudFacts,
  { members }: ServerGroup,
  host: HostName,
  leavingHosts: readonly HostName[],
): boolean {
  const { hostOf } = indexed(facts);
  return members.every((member) => {
    const at = hostOf.get(member);
    return at === undefined || at === host || leavingHosts.includes(at);
  });
}

function nearestRule(
  judged: readonly { readonly obstacle: FitObstacle | null }[],
  instances: readonly CloudInstance[],
): readonly FitObstacle[] {
  const [nearest] = judged
    .flatMap(({ obstacle }) => (obstacle ? [obstacle] : []))
    .toSorted((a, b) => ruleOrder.indexOf(b.kind) - ruleOrder.indexOf(a.kind));
  const each = instances.map(({ id }) => id);
  return each.map((instance): FitObstacle =>
    nearest ? { ...nearest, instance } : { kind: "no_destination", instance },
  );
}

/** By the largest share that a parcel takes of the largest site; the ones with fewer places first among equals. */
function sortedBySize(parcels: readonly Parcel[], sites: readonly Site[]): readonly Parcel[] {
  const largest = (index: number) => Math.max(1, ...sites.map(({ capacity }) => capacity[index] ?? 0));
  const scale = (parcels[0]?.classes ?? []).map((_, index) => largest(index));
  const sizeOf = ({ demand }: Parcel) => Math.max(0, ...demand.map((wanted, index) => wanted / (scale[index] ?? 1)));
  const first = ({ instances }: Parcel): InstanceId | "" => instances[0]?.id ?? "";
  return parcels
    .map((parcel) => ({ parcel, size: sizeOf(parcel) }))
    .toSorted(
      (a, b) =>
        b.size - a.size ||
        a.parcel.sites.length - b.parcel.sites.length ||
        (first(a.parcel) < first(b.parcel) ? -1 : 1),
    )
    .map(({ parcel }) => parcel);
}
