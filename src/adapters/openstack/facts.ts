/**
 * One look at the whole cloud. Requests: seven lists (long ones in pages of 1000), and for each compute host its
 * allocations and, where Placement's generation says that something changed, its inventory.
 */
import type { CloudFacts, CloudInstance, ComputeHost, HostDoor, ServerGroup } from "../../domain/cloud.ts";
import type { HostName } from "../../domain/ids.ts";
import { grouped } from "../../domain/grouped.ts";
import { add, type Resources } from "../../domain/resources.ts";
import type { HostProviders } from "./host-providers.ts";
import {
  COMPUTE,
  CONDUCTOR,
  type AggregateRow,
  type FlavorPart,
  type GroupRow,
  type Nova,
  type ServerRow,
  type ServiceRow,
} from "./nova.ts";
import { limited, sharedAfresh } from "./patience.ts";
import type { Allocations, Inventory, Placement, ProviderRow } from "./placement.ts";
import { isMoving } from "./server-state.ts";

/** Reads hosts this many at a time: enough to hide the round trips, few enough for one Placement process. */
const HOSTS_AT_ONCE = 8;

export interface FactsParts {
  readonly nova: Nova;
  readonly placement: Placement;
  readonly providers: HostProviders;
}

export function cloudFacts({ nova, placement, providers }: FactsParts) {
  const inventoryOf = inventories(placement);

  const readHost = async (host: HostName, trees: readonly ProviderRow[], signal: AbortSignal): Promise<HostBooks> => {
    const books = await Promise.all(
      trees.map(async (provider) => ({
        capacity: await inventoryOf(provider, signal),
        allocations: (await placement.allocations(provider.uuid, { signal })) ?? {},
      })),
    );
    return {
      host,
      capacity: books.reduce<Resources>((sum, { capacity }) => add(sum, capacity), {}),
      byConsumer: sumByConsumer(books.map(({ allocations }) => allocations)),
    };
  };

  /** Sessions, and hosts of one session, may want to look at the same moment: one look serves all that wait for it. */
  const look = sharedAfresh(async (signal): Promise<CloudFacts> => {
    const [services, aggregates, byHost, servers, groups] = await Promise.all([
      nova.services({ signal }),
      nova.aggregates({ signal }),
      providers.read(signal),
      nova.servers({}, { signal }),
      nova.groups({ signal }),
    ]);
    const computes = services.filter(({ binary }) => binary === COMPUTE).toSorted(byHostName);
    const books = await limited(HOSTS_AT_ONCE, computes, ({ host }) => readHost(host, byHost.get(host) ?? [], signal));
    const booksOf = new Map(books.map((book) => [book.host, book]));
    const unbooked = grouped(
      servers.filter((row) => row.host !== null && isBookedNoMore(row, booksOf.get(row.host))),
      ({ host }) => host,
    );
    return {
      computes: computes.map((row) => toCompute(row, booksOf.get(row.host), unbooked.get(row.host) ?? [], aggregates)),
      controllers: [...new Set(services.filter(({ binary }) => binary === CONDUCTOR).map(({ host }) => host))].sort(),
      instances: servers.filter(({ status }) => status !== "DELETED").map((row) => toInstance(row, booksOf)),
      groups: groups.map(toGroup),
    };
  });
  return ({ signal }: { readonly signal: AbortSignal }): Promise<CloudFacts> => look(signal);
}

/** What Placement keeps of one host: children of its provider (GPUs, network cards) are added up. */
interface HostBooks {
  readonly host: HostName;
  readonly capacity: Resources;
  readonly byConsumer: ReadonlyMap<string, Resources>;
}

export const doorOf = ({ status, disabled_reason: reason }: ServiceRow): HostDoor =>
  status === "enabled" ? { kind: "open" } : { kind: "closed", reason: reason ?? null };

function inventories(placement: Placement) {
  const kept = new Map<string, { readonly generation: number; readonly capacity: Resources }>();
  return async ({ uuid, generation }: ProviderRow, signal: AbortSignal): Promise<Resources> => {
    const known = kept.get(uuid);
    if (known?.generation === generation) return known.capacity;
    const capacity = capacityOf(await placement.inventories(uuid, { signal }));
    kept.set(uuid, { generation, capacity });
    return capacity;
  };
}

const capacityOf = (inventory: Readonly<Record<string, Inventory>>): Resources =>
  Object.fromEntries(
    Object.entries(inventory).map(([name, { total, reserved, allocation_ratio: ratio }]) => [
      name,
      Math.floor((total - reserved) * ratio),
    ]),
  );

function sumByConsumer(allocations: readonly Allocations[]): ReadonlyMap<string, Resources> {
  const sums = new Map<string, Resources>();
  for (const [consumer, { resources }] of allocations.flatMap((one) => Object.entries(one))) {
    sums.set(consumer, add(sums.get(consumer) ?? {}, resources));
  }
  return sums;
}

function toCompute(
  row: ServiceRow,
  books: HostBooks | undefined,
  unbooked: readonly ServerRow[],
  aggregates: readonly AggregateRow[],
): ComputeHost {
  return {
    name: row.host,
    door: doorOf(row),
    up: row.state === "up",
    zone: row.zone,
    aggregates: aggregates
      .filter(({ hosts }) => hosts.includes(row.host))
      .map(({ name, metadata }) => ({ name, metadata })),
    capacity: books?.capacity ?? {},
    used: [...(books?.byConsumer.values() ?? []), ...unbooked.map(({ flavor }) => demandOf(flavor))].reduce<Resources>(
      (sum, resources) => add(sum, resources),
      {},
    ),
  };
}

/**
 * Servers and books are read one after the other, seconds apart in a large cloud: a server may leave in between. Whoever
 * takes it off its host once more, when its move is known, must not free a place that is free already.
 */
const isBookedNoMore = (row: ServerRow, books: HostBooks | undefined): boolean =>
  books !== undefined && row.status !== "DELETED" && !isMoving(row) && !books.byConsumer.has(row.id);

function toInstance(row: ServerRow, booksOf: ReadonlyMap<HostName, HostBooks>): CloudInstance {
  const { id, name, project, host, status, taskState, zone, flavor } = row;
  // Placement knows what the flavor does not tell: volumes instead of a disk, and classes such as VGPU.
  const booked = host === null ? undefined : booksOf.get(host)?.byConsumer.get(id);
  const demand = booked ?? demandOf(flavor);
  return { id, name, project, host, status, taskState, zone, demand, aggregateSpecs: aggregateSpecs(flavor) };
}

/** As Nova asks Placement for it: swap is told in MB, and Placement counts whole GB. */
function demandOf({ vcpus, ram, disk, ephemeral, swap }: FlavorPart): Resources {
  const gigabytes = disk + ephemeral + Math.ceil(swap / 1024);
  return { VCPU: vcpus, MEMORY_MB: ram, ...(gigabytes > 0 ? { DISK_GB: gigabytes } : {}) };
}

const AGGREGATE_SPECS = "aggregate_instance_extra_specs:";

const aggregateSpecs = ({ extra_specs: specs }: FlavorPart): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(specs)
      .filter(([name]) => name.startsWith(AGGREGATE_SPECS))
      .map(([name, value]) => [name.slice(AGGREGATE_SPECS.length), value]),
  );

const toGroup = ({ id, name, project, policy, maxPerHost, members }: GroupRow): ServerGroup => ({
  id,
  name,
  project,
  policy,
  maxPerHost,
  members,
});

const byHostName = (a: ServiceRow, b: ServiceRow): number => (a.host < b.host ? -1 : a.host > b.host ? 1 : 0);
