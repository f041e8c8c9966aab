/** Zones, aggregates, flavors and limits: what Nova tells about the cloud as a whole. */
import type { SimulatedCloud } from "../../cloud.ts";
import { lastReport } from "../../hosts.ts";
import { Refusal } from "../../refusal.ts";
import { isUp, type Aggregate, type Flavor, type Service, type World } from "../../world.ts";
import { callerOf, ok, param, stamp, type Call, type Route } from "../api.ts";
import { demandAdmin } from "./policy.ts";

export function topologyRoutes({ world }: SimulatedCloud): readonly Route[] {
  return [
    {
      method: "GET",
      pattern: "/v2.1/os-availability-zone",
      answer: () => ok({ availabilityZoneInfo: zones(world, false).map((zone) => ({ ...zone, hosts: null })) }),
    },
    {
      method: "GET",
      pattern: "/v2.1/os-availability-zone/detail",
      answer(call) {
        demandAdmin(call, "os-availability-zone:detail");
        return ok({ availabilityZoneInfo: zones(world, true) });
      },
    },
    {
      method: "GET",
      pattern: "/v2.1/os-aggregates",
      answer(call) {
        demandAdmin(call, "os-aggregates:index");
        return ok({ aggregates: aggregatesOf(world).map((aggregate) => shownAggregate(call, aggregate)) });
      },
    },
    {
      method: "GET",
      pattern: "/v2.1/flavors",
      answer: (call) =>
        ok({
          flavors: [...world.flavors.values()].map(({ id, name }) => ({ id, name, links: flavorLinks(call, id) })),
        }),
    },
    {
      method: "GET",
      pattern: "/v2.1/flavors/detail",
      answer: (call) => ok({ flavors: [...world.flavors.values()].map((flavor) => shownFlavor(call, flavor)) }),
    },
    {
      method: "GET",
      pattern: "/v2.1/flavors/:id",
      answer(call) {
        const flavor = world.flavors.get(param(call, "id"));
        if (flavor === undefined) throw new Refusal(404, `Flavor ${param(call, "id")} could not be found.`);
        return ok({ flavor: shownFlavor(call, flavor) });
      },
    },
    {
      method: "GET",
      pattern: "/v2.1/limits",
      answer: (call) => ok({ limits: { rate: [], absolute: limits(world, call) } }),
    },
  ];
}

interface Zone {
  readonly zoneName: string;
  readonly zoneState: { readonly available: true };
  readonly hosts: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** The zone `internal` of Nova's own services is for admins. */
function zones(world: World, withInternal: boolean): readonly Zone[] {
  const byZone = new Map<string, Record<string, Record<string, unknown>>>();
  for (const service of world.services) {
    if (service.zone === "internal" && !withInternal) continue;
    const hosts = byZone.get(service.zone) ?? {};
    hosts[service.host] = { ...hosts[service.host], [service.binary]: liveliness(world, service) };
    byZone.set(service.zone, hosts);
  }
  return [...byZone].map(([zoneName, hosts]) => ({ zoneName, zoneState: { available: true }, hosts }));
}

function liveliness(world: World, service: Service): unknown {
  return { available: isUp(world, service), active: !service.disabled, updated_at: stamp(lastReport(world, service)) };
}

/** A zone other than the default one is an aggregate with a name for it. */
export function aggregatesOf(world: World): readonly Aggregate[] {
  const named = new Map<string, string[]>();
  for (const { name, zone } of world.hosts.values()) {
    if (zone !== "nova") named.set(zone, [...(named.get(zone) ?? []), name]);
  }
  const declared = new Set(world.aggregates.map(({ metadata }) => metadata["availability_zone"]));
  const implied = [...named].filter(([zone]) => !declared.has(zone));
  return [
    ...world.aggregates,
    ...implied.map(([zone, hosts], place) => ({
      id: world.counters.aggregate + 1 + place,
      uuid: zoneUuid(zone),
      name: zone,
      hosts,
      metadata: { availability_zone: zone },
    })),
  ];
}

function zoneUuid(zone: string): string {
  const hex = Buffer.from(zone.padEnd(16, ".")).toString("hex").slice(0, 32);
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

function shownAggregate({ minor }: Call, { id, uuid, name, hosts, metadata }: Aggregate): unknown {
  const dates = { created_at: "2026-11-22T19:00:00.000000", updated_at: null, deleted_at: null, deleted: false };
  const zone = metadata["availability_zone"] ?? null;
  return { id, ...(minor >= 41 ? { uuid } : {}), name, hosts, metadata, availability_zone: zone, ...dates };
}

function shownFlavor(call: Call, flavor: Flavor): unknown {
  const { id, name, resources, extraSpecs } = flavor;
  return {
    id,
    name,
    ram: resources["MEMORY_MB"],
    disk: resources["DISK_GB"],
    swap: call.minor >= 75 ? 0 : "",
    "OS-FLV-EXT-DATA:ephemeral": 0,
    "OS-FLV-DISABLED:disabled": false,
    vcpus: resources["VCPU"],
    "os-flavor-access:is_public": true,
    rxtx_factor: 1.0,
    links: flavorLinks(call, id),
    ...(call.minor >= 55 ? { description: null } : {}),
    ...(call.minor >= 61 ? { extra_specs: extraSpecs } : {}),
  };
}

function flavorLinks({ base }: Call, id: string): unknown {
  return [
    { rel: "self", href: `${base}/v2.1/flavors/${id}` },
    { rel: "bookmark", href: `${base}/flavors/${id}` },
  ];
}

function limits(world: World, call: Call): Readonly<Record<string, number>> {
  const project = callerOf(call).project?.id;
  const own = world.instances.filter((instance) => instance.project === project);
  const sum = (resource: string): number =>
    own.reduce((total, { flavor }) => total + (flavor.resources[resource] ?? 0), 0);
  const none = Object.fromEntries(["Instances", "Cores", "RAMSize", "Keypairs"].map((what) => [`maxTotal${what}`, -1]));
  return {
    ...none,
    maxServerMeta: -1,
    maxServerGroups: -1,
    maxServerGroupMembers: -1,
    totalRAMUsed: sum("MEMORY_MB"),
    totalCoresUsed: sum("VCPU"),
    totalInstancesUsed: own.length,
    totalServerGroupsUsed: [...world.groups.values()].filter((group) => group.project === project).length,
  };
}
