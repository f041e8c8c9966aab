/**
 * The simulated cloud as plain data, and the few changes everything else is made of. Each of them
 * writes to the truth log, so nothing can happen in this world without a trace.
 */
import type { Chance } from "./chance.ts";
import type { Cancel, Clock } from "./clock.ts";
import { statusOf } from "./instance-status.ts";
import type { MoveFault } from "./move-faults.ts";
import { Refusal } from "./refusal.ts";
import { minus, plus, type Resources } from "./resources.ts";
import type { TruthLog } from "./truth-log.ts";

export interface World {
  readonly clock: Clock;
  readonly chance: Chance;
  readonly log: TruthLog;
  readonly times: Times;
  readonly settings: Settings;
  readonly flavors: Map<string, Flavor>;
  readonly projects: Map<string, Project>;
  readonly users: User[];
  readonly hosts: Map<string, Host>;
  readonly services: Service[];
  readonly aggregates: Aggregate[];
  /** Oldest first, by `number`; deleted ones leave for `deleted`. */
  readonly instances: Instance[];
  readonly instancesById: Map<string, Instance>;
  readonly deleted: Instance[];
  readonly groups: Map<string, Group>;
  /** Oldest first, by `number`. */
  readonly migrations: Migration[];
  /** Those off and to each host, oldest first. */
  readonly migrationsAt: Map<string, Migration[]>;
  readonly allocations: Map<string, Allocation>;
  readonly moveFaults: MoveFault[];
  readonly counters: { instance: number; migration: number; service: number; host: number; aggregate: number };
}

export interface Settings {
  readonly region: string;
  /** A host that died is seen as down this many seconds later. */
  readonly serviceDownSeconds: number;
  readonly maxLivePerHost: number;
  readonly tokenSeconds: number;
}

/** How many seconds the cloud works on each thing at speed 1. */
export interface Times {
  /** From the answer 202 to the migration record: Nova's conductor takes the work up in its time. */
  readonly record: number;
  readonly schedule: number;
  readonly boot: number;
  readonly delete: number;
  readonly power: number;
  readonly coldPrepare: number;
  readonly coldCopy: number;
  readonly coldFinish: number;
  readonly confirm: number;
  readonly revert: number;
  readonly livePrepare: number;
  readonly liveCopy: number;
  readonly rollback: number;
  /** Each time is longer or shorter by up to this share, so that races show themselves. */
  readonly jitter: number;
}

export interface Flavor {
  readonly id: string;
  readonly number: number;
  readonly name: string;
  readonly resources: Resources;
  readonly extraSpecs: Readonly<Record<string, string>>;
}

export interface Project {
  readonly id: string;
  readonly name: string;
}

export interface User {
  readonly id: string;
  readonly name: string;
  password: string;
  /** Project ids and the roles held there. */
  readonly roles: Map<string, readonly string[]>;
  readonly applicationCredentials: ApplicationCredential[];
}

export interface ApplicationCredential {
  readonly id: string;
  readonly name: string;
  readonly secret: string;
  readonly project: string;
}

export interface Host {
  readonly name: string;
  readonly number: number;
  /** Of the hypervisor in Nova and of the resource provider in Placement. */
  readonly id: string;
  readonly zone: string;
  readonly inventory: ReadonlyMap<string, Inventory>;
  readonly capacity: Resources;
  used: Resources;
  readonly guests: Set<Instance>;
  readonly allocations: Map<string, Allocation>;
  /** Moves and boots under way to this host; it holds their resources already. */
  readonly arriving: Set<Instance>;
  readonly service: Service;
  generation: number;
  /** Work that waits for the host to come back. */
  readonly parked: (() => void)[];
  liveMigrations: number;
  readonly liveQueue: (() => void)[];
}

export interface Inventory {
  readonly total: number;
  readonly reserved: number;
  readonly ratio: number;
}

export interface Service {
  readonly id: string;
  readonly number: number;
  readonly binary: string;
  readonly host: string;
  readonly zone: string;
  disabled: boolean;
  reason: string | null;
  forcedDown: boolean;
  /** When its machine lost power, in clock milliseconds; null while it runs. */
  diedAt: number | null;
  /** Set by a change through the API; reports of the service itself are worked out on demand. */
  changedAt: number;
}

export interface Aggregate {
  readonly id: number;
  readonly uuid: string;
  readonly name: string;
  readonly hosts: string[];
  readonly metadata: Readonly<Record<string, string>>;
}

export interface Group {
  readonly id: string;
  readonly name: string;
  readonly policy: string;
  readonly maxPerHost: number;
  readonly rules: Readonly<Record<string, number>>;
  readonly project: string;
  readonly user: string;
  readonly members: Set<Instance>;
}

export type VmState = "building" | "active" | "paused" | "stopped" | "resized" | "error" | "deleted";

export interface Instance {
  readonly id: string;
  readonly number: number;
  readonly name: string;
  readonly project: string;
  readonly user: string;
  readonly flavor: Flavor;
  readonly image: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly reservation: string;
  /** The zone its owner asked for; it may not leave it. */
  readonly zone: string | null;
  readonly group: Group | null;
  host: string | null;
  vmState: VmState;
  taskState: string | null;
  /** What it was before a cold migration and is again afterwards. */
  oldVmState: VmState;
  locked: boolean;
  fault: Fault | null;
  readonly createdAt: number;
  updatedAt: number;
  launchedAt: number | null;
  deletedAt: number | null;
  /** Oldest first. */
  readonly actions: Action[];
  readonly migrations: Migration[];
  /** The step it waits for; to cancel it is to take the work away from whoever was at it. */
  pending: Cancel | null;
}

export interface Fault {
  readonly code: number;
  readonly message: string;
  readonly at: number;
}

export interface Action {
  readonly name: string;
  readonly requestId: string;
  readonly user: string;
  readonly project: string;
  readonly startedAt: number;
  updatedAt: number;
  message: string | null;
  /** Oldest first. */
  readonly events: ActionEvent[];
}

export interface ActionEvent {
  readonly name: string;
  readonly host: string;
  readonly startedAt: number;
  finishedAt: number | null;
  result: "Success" | "Error" | null;
  details: string | null;
}

export interface Migration {
  readonly id: string;
  readonly number: number;
  readonly type: "migration" | "live-migration" | "evacuation";
  readonly instance: Instance;
  readonly source: string;
  /** Live migrations name the source's node only once a destination is found. */
  sourceNodeKnown: boolean;
  destination: string | null;
  status: string;
  /** Whoever asked for it, not the owner of the instance. */
  readonly user: string;
  readonly project: string;
  readonly createdAt: number;
  updatedAt: number;
  /** Ends a live migration that copies; what forcing and aborting act upon. */
  finishNow: (() => void) | null;
  abortNow: (() => void) | null;
}

export interface Allocation {
  readonly consumer: string;
  readonly host: string;
  readonly resources: Resources;
  readonly project: string;
  readonly user: string;
  readonly changedAt: number;
}

/** Who asks, for the truth log and for the records Nova keeps about requests. */
export interface Asker {
  readonly user: string;
  readonly userName: string;
  readonly project: string;
  readonly requestId: string;
}

export function hostNamed(world: World, name: string): Host {
  const host = world.hosts.get(name);
  if (host === undefined) throw new Refusal(400, `Compute host ${name} could not be found.`);
  return host;
}

export function instanceById(world: World, id: string): Instance {
  const instance = world.instancesById.get(id);
  if (instance === undefined) throw new Refusal(404, `Instance ${id} could not be found.`);
  return instance;
}

/** Whether the cloud believes the service to be alive; a dead one is believed in for a while. */
export function isUp(world: World, service: Service): boolean {
  if (service.forcedDown) return false;
  const { diedAt } = service;
  return diedAt === null || world.clock.now() - diedAt < world.settings.serviceDownSeconds * 1000;
}

/** How long some work takes this time. */
export function duration(world: World, work: Exclude<keyof Times, "jitter">): number {
  const { jitter } = world.times;
  return world.times[work] * (1 + jitter * (2 * world.chance.next() - 1));
}

export function setState(
  world: World,
  instance: Instance,
  state: { readonly vmState?: VmState; readonly taskState?: string | null },
): void {
  const before = statusOf(instance);
  const task = instance.taskState;
  instance.vmState = state.vmState ?? instance.vmState;
  if (state.taskState !== undefined) instance.taskState = state.taskState;
  instance.updatedAt = world.clock.now();
  const status = statusOf(instance);
  if (status === before && instance.taskState === task) return;
  world.log.record({ kind: "status_changed", instance: instance.id, status, taskState: instance.taskState });
}

export function putError(world: World, instance: Instance, message: string): void {
  instance.fault = { code: 500, message, at: world.clock.now() };
  setState(world, instance, { vmState: "error", taskState: null });
}

/** The instance is on this host from now on, and on no other. */
export function settleOn(world: World, instance: Instance, host: string | null): void {
  if (instance.host === host) return;
  if (instance.host !== null) {
    world.hosts.get(instance.host)?.guests.delete(instance);
    world.log.record({ kind: "instance_left", instance: instance.id, host: instance.host });
  }
  instance.host = host;
  if (host === null) return;
  hostNamed(world, host).guests.add(instance);
  world.log.record({ kind: "instance_appeared", instance: instance.id, host });
}

/** Who may hold resources of a host: an instance, or a migration on its behalf. */
export interface Consumer {
  readonly id: string;
  readonly project: string;
  readonly user: string;
}

/** Charges a consumer to a host, instead of whatever it held before. The scheduler saw to it that it fits. */
export function allocate(world: World, { id, project, user }: Consumer, host: Host, resources: Resources): void {
  release(world, id);
  const allocation: Allocation = {
    consumer: id,
    host: host.name,
    resources,
    project,
    user,
    changedAt: world.clock.now(),
  };
  world.allocations.set(id, allocation);
  host.allocations.set(id, allocation);
  host.used = plus(host.used, resources);
  host.generation += 1;
  world.log.record({ kind: "allocation_changed", consumer: id, host: host.name, resources });
}

export function release(world: World, consumer: string): void {
  const allocation = world.allocations.get(consumer);
  if (allocation === undefined) return;
  world.allocations.delete(consumer);
  const host = hostNamed(world, allocation.host);
  host.allocations.delete(consumer);
  host.used = minus(host.used, allocation.resources);
  host.generation += 1;
  world.log.record({ kind: "allocation_changed", consumer, host: host.name, resources: null });
}

/** What one consumer held, another holds from now on, on whatever host that is. */
export function transfer(world: World, from: Consumer, to: Consumer): void {
  const allocation = world.allocations.get(from.id);
  if (allocation === undefined) return;
  release(world, from.id);
  allocate(
    world,
    { ...to, project: allocation.project, user: allocation.user },
    hostNamed(world, allocation.host),
    allocation.resources,
  );
}

/** Instances and migrations are listed newest first from a marker on: their number finds the place. */
export function positionOf(numbered: readonly { readonly number: number }[], number: number): number {
  let low = 0;
  let high = numbered.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((numbered[middle]?.number ?? Infinity) < number) low = middle + 1;
    else high = middle;
  }
  return low;
}
