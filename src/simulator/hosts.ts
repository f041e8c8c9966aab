/** Hosts and their services: they come and go, die and return, are closed and opened. */
import { endMigration, isCopyingLive, isOver, leaveSource, setMigration } from "./migrations.ts";
import { Refusal } from "./refusal.ts";
import type { Resources } from "./resources.ts";
import { stopWorkOn } from "./work.ts";
import {
  hostNamed,
  release,
  setState,
  type Host,
  type Instance,
  type Inventory,
  type Service,
  type World,
} from "./world.ts";

export interface HostSpec {
  readonly name: string;
  readonly vcpus?: number | undefined;
  readonly memoryMb?: number | undefined;
  readonly diskGb?: number | undefined;
  /** Amounts of `CUSTOM_…` classes. */
  readonly custom?: Resources | undefined;
  readonly reserved?: Resources | undefined;
  readonly ratios?: Resources | undefined;
  readonly zone?: string | undefined;
  readonly disabled?: string | boolean | undefined;
}

export function addHost(world: World, spec: HostSpec): Host {
  if (world.hosts.has(spec.name)) throw new Refusal(409, `host ${spec.name} exists already`);
  const { name, zone = "nova", reserved = {}, ratios = {} } = spec;
  const totals: Resources = {
    VCPU: spec.vcpus ?? 16,
    MEMORY_MB: spec.memoryMb ?? 65536,
    DISK_GB: spec.diskGb ?? 1000,
    ...spec.custom,
  };
  const inventory = new Map<string, Inventory>();
  const capacity: Record<string, number> = {};
  for (const [resource, total] of Object.entries(totals)) {
    const entry = { total, reserved: reserved[resource] ?? 0, ratio: ratios[resource] ?? 1 };
    inventory.set(resource, entry);
    capacity[resource] = Math.floor((entry.total - entry.reserved) * entry.ratio);
  }
  const service = addService(world, { binary: "nova-compute", host: name, zone, disabled: spec.disabled ?? false });
  const host: Host = {
    name,
    number: (world.counters.host += 1),
    id: world.chance.uuid(),
    zone,
    inventory,
    capacity,
    service,
    used: {},
    guests: new Set(),
    allocations: new Map(),
    arriving: new Set(),
    generation: 1,
    parked: [],
    liveMigrations: 0,
    liveQueue: [],
  };
  world.hosts.set(name, host);
  world.log.record({ kind: "host_added", host: name, capacity });
  return host;
}

/** A controller runs Nova's own services and, unless a compute of its name exists too, no instances. */
export function addController(world: World, name: string): void {
  for (const binary of ["nova-scheduler", "nova-conductor"]) {
    addService(world, { binary, host: name, zone: "internal", disabled: false });
  }
}

function addService(
  world: World,
  spec: { readonly binary: string; readonly host: string; readonly zone: string; readonly disabled: string | boolean },
): Service {
  const service: Service = {
    id: world.chance.uuid(),
    number: (world.counters.service += 1),
    binary: spec.binary,
    host: spec.host,
    zone: spec.zone,
    disabled: spec.disabled !== false,
    reason: typeof spec.disabled === "string" ? spec.disabled : null,
    forcedDown: false,
    diedAt: null,
    changedAt: world.clock.now(),
  };
  world.services.push(service);
  recordService(world, service, "the beginning");
  return service;
}

/** Retires a host, as deleting its compute service does. */
export function removeHost(world: World, name: string): void {
  const host = hostNamed(world, name);
  if (host.guests.size + host.allocations.size > 0) {
    throw new Refusal(
      409,
      `Unable to delete compute service that is hosting instances. Migrate or delete the instances first.`,
    );
  }
  world.hosts.delete(name);
  world.services.splice(world.services.indexOf(host.service), 1);
  for (const aggregate of world.aggregates) {
    const place = aggregate.hosts.indexOf(name);
    if (place !== -1) aggregate.hosts.splice(place, 1);
  }
  world.log.record({ kind: "host_removed", host: name });
}

export interface ServiceUpdate {
  readonly disabled?: boolean | undefined;
  /** Without one, disabling erases the reason that was there. */
  readonly reason?: string | null | undefined;
  readonly forcedDown?: boolean | undefined;
}

export function updateService(world: World, service: Service, update: ServiceUpdate, by: string): void {
  if (update.disabled !== undefined) {
    service.disabled = update.disabled;
    service.reason = update.reason ?? null;
    const host = world.hosts.get(service.host);
    if (host !== undefined) host.generation += 1;
  }
  service.forcedDown = update.forcedDown ?? service.forcedDown;
  service.changedAt = world.clock.now();
  recordService(world, service, by);
}

function recordService(world: World, service: Service, by: string): void {
  const { host, binary, disabled, reason, forcedDown } = service;
  world.log.record({ kind: "service_changed", host, binary, disabled, reason, forcedDown, by });
}

/** A power cut. The cloud notices after a while; work on this host stops where it is. */
export function crash(world: World, name: string): void {
  const services = servicesOn(world, name);
  for (const service of services) service.diedAt ??= world.clock.now();
  world.log.record({ kind: "host_crashed", host: name });
  for (const instance of world.hosts.get(name)?.arriving ?? []) {
    // A hypervisor whose peer goes away knows at once; to finish now is to find that out.
    const { finishNow } = instance.migrations.at(-1) ?? {};
    if (finishNow == null) continue;
    stopWorkOn(instance);
    finishNow();
  }
}

export function comeBack(world: World, name: string): void {
  const dead = servicesOn(world, name).filter(({ diedAt }) => diedAt !== null);
  if (dead.length === 0) return;
  for (const service of dead) service.diedAt = null;
  world.log.record({ kind: "host_returned", host: name });
  const host = world.hosts.get(name);
  if (host === undefined) return;
  for (const instance of host.guests) forgetMove(world, host, instance);
  for (const resume of host.parked.splice(0)) resume();
}

/**
 * A compute that starts finds instances it was moving away, and declares them to be where they
 * are. It does not tidy up behind them: the migration claims what never happened, and Placement
 * keeps the instance on the destination.
 */
function forgetMove(world: World, source: Host, instance: Instance): void {
  const migration = instance.migrations.at(-1);
  if (migration === undefined || isOver(migration) || migration.source !== source.name) return;
  const live = isCopyingLive(migration);
  if (!live && instance.taskState !== "resize_migrating") return;
  stopWorkOn(instance);
  if (migration.destination !== null) world.hosts.get(migration.destination)?.arriving.delete(instance);
  if (live) {
    leaveSource(source, () => endMigration(world, migration, "completed"));
  } else {
    setMigration(world, migration, "error");
  }
  release(world, migration.id);
  setState(world, instance, { taskState: null });
}

function servicesOn(world: World, host: string): Service[] {
  const services = world.services.filter((service) => service.host === host);
  if (services.length === 0) throw new Refusal(404, `no host ${host}`);
  return services;
}

/** When the service last told Nova that it lives: every ten seconds, or when it was changed. */
export function lastReport(world: World, service: Service): number {
  const interval = 10_000;
  const now = service.diedAt ?? world.clock.now();
  return Math.max(service.changedAt, Math.floor(now / interval) * interval);
}
