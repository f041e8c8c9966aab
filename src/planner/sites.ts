/** The places where instances can go, and what is left there as one after the other is given a place. */
import type { CloudFacts, ComputeHost } from "../domain/cloud.ts";
import type { GroupId, HostName } from "../domain/ids.ts";
import type { Resources } from "../domain/resources.ts";
import { indexed } from "./index-facts.ts";
import type { Parcel } from "./parcels.ts";

export interface Site {
  readonly name: HostName;
  readonly host: ComputeHost;
  readonly preferred: boolean;
  /** By the index of the resource class, as the parcels count. Filled in once the classes are known. */
  readonly capacity: number[];
  readonly free: number[];
  /** Members of each server group that are here, or have been given a place here. */
  readonly members: Map<GroupId, number>;
  /** Equal for two sites that make no difference to any parcel. */
  likeness(): string;
  /** Which parcels the rules let in here. */
  admits: string;
}

export function sitesFor(
  facts: CloudFacts,
  destinations: readonly HostName[],
  preferred: ReadonlySet<HostName>,
): readonly Site[] {
  const wanted = new Set(destinations);
  const { membersAt } = indexed(facts);
  return facts.computes
    .filter(({ name, up }) => up && wanted.has(name))
    .map((host) => {
      const site: Site = {
        name: host.name,
        host,
        preferred: preferred.has(host.name),
        capacity: [],
        free: [],
        members: new Map(membersAt.get(host.name)),
        likeness: () =>
          `${site.preferred} ${site.admits} ${site.free.join(",")} ${[...site.members]
            .map(([id, n]) => `${id}:${n}`)
            .toSorted()
            .join(",")}`,
        admits: "",
      };
      return site;
    });
}

/** Counts room by the position of each class, which is faster than by its name. */
export function countRoom(site: Site, classes: readonly string[]): void {
  for (const [index, name] of classes.entries()) {
    const capacity = site.host.capacity[name] ?? 0;
    site.capacity[index] = capacity;
    site.free[index] = capacity - (site.host.used[name] ?? 0);
  }
}

/** `share` is how much is short, in shares of the host. */
export type Refusal =
  | { readonly kind: "anti_affinity"; readonly group: GroupId; readonly share: number }
  | { readonly kind: "no_room"; readonly short: Resources; readonly share: number };

/** What keeps a parcel from a site that the rules of zone and aggregate allow; null when nothing. */
export function whyNot(parcel: Parcel, site: Site): Refusal | null {
  for (const { id, maxPerHost } of parcel.apart)
    if ((site.members.get(id) ?? 0) >= maxPerHost) return { kind: "anti_affinity", group: id, share: 0 };
  if (parcel.demand.every((wanted, index) => wanted <= 0 || wanted <= (site.free[index] ?? 0))) return null;
  return shortAt(parcel, site);
}

function shortAt({ demand, classes }: Parcel, site: Site): Refusal {
  const short: Record<string, number> = {};
  let share = 0;
  for (const [index, wanted] of demand.entries()) {
    const missing = wanted - Math.max(0, site.free[index] ?? 0);
    if (wanted <= 0 || missing <= 0) continue;
    short[classes[index] ?? ""] = missing;
    share += missing / Math.max(1, site.capacity[index] ?? 0);
  }
  return { kind: "no_room", short, share };
}

export function take(site: Site, parcel: Parcel): void {
  book(site, parcel, 1);
  parcel.site = site;
}

export function giveBack(site: Site, parcel: Parcel): void {
  book(site, parcel, -1);
  parcel.site = null;
}

function book(site: Site, { demand, apart, softGroups, instances }: Parcel, sign: 1 | -1): void {
  for (const [index, wanted] of demand.entries()) site.free[index] = (site.free[index] ?? 0) - sign * wanted;
  for (const { id, members } of [...apart, ...softGroups]) {
    const here = instances.filter((instance) => members.includes(instance.id)).length;
    site.members.set(id, (site.members.get(id) ?? 0) + sign * here);
  }
}
