/** Builds a simulated cloud from what a test or a scenario wants to say about it. */
import { seededChance } from "./chance.ts";
import { wallClock, type Clock } from "./clock.ts";
import { addController, addHost, comeBack, crash, removeHost, updateService, type HostSpec } from "./hosts.ts";
import { addProject, addUser, identity, projectNamed, type Identity, type UserSpec } from "./identity.ts";
import { placeRunning } from "./instances.ts";
import { checkInvariants, type InvariantOptions, type Violation } from "./invariants.ts";
import type { MoveEffect, MoveFault } from "./move-faults.ts";
import { requestFaults, type RequestFaults } from "./request-faults.ts";
import type { Resources } from "./resources.ts";
import { Refusal } from "./refusal.ts";
import { askerFor, createGroup, flavorNamed, groupNamed, tenant, type GroupPolicy, type Tenant } from "./tenant.ts";
import { truthLog, type TruthLog } from "./truth-log.ts";
import { hostNamed, setState, type Host, type Instance, type Settings, type Times, type World } from "./world.ts";

export interface CloudOptions {
  readonly hosts: readonly (string | HostSpec)[];
  /** Names of hosts that run Nova's own services; one may also be a compute of the same name. */
  readonly controllers?: readonly string[];
  readonly projects?: readonly (string | ProjectSpec)[];
  readonly flavors?: readonly FlavorSpec[];
  readonly groups?: readonly GroupSpec[];
  readonly instances?: readonly InstanceSpec[];
  readonly aggregates?: readonly AggregateSpec[];
  /** How long things take; `"at-once"` for no time at all. */
  readonly times?: Partial<Times> | "at-once";
  readonly settings?: Partial<Settings>;
  /** Of the cloud's own clock, when none is given. */
  readonly speed?: number;
  readonly clock?: Clock;
  readonly seed?: number;
}

export interface ProjectSpec {
  readonly name: string;
  /** One of the project's name with the password `secret`, unless told otherwise. */
  readonly users?: readonly UserSpec[];
}

export interface FlavorSpec {
  readonly name: string;
  readonly vcpus: number;
  readonly memoryMb: number;
  readonly diskGb: number;
  readonly custom?: Resources;
}

export interface GroupSpec extends GroupPolicy {
  readonly name: string;
  readonly project: string;
}

export interface InstanceSpec {
  readonly name: string;
  readonly project: string;
  readonly flavor?: string;
  readonly group?: string;
  /** Where it runs; the emptiest host that admits it when absent. */
  readonly host?: string;
  readonly zone?: string;
  readonly status?: "ACTIVE" | "SHUTOFF" | "PAUSED";
}

export interface AggregateSpec {
  readonly name: string;
  readonly hosts: readonly string[];
  readonly metadata?: Readonly<Record<string, string>>;
}

export interface SimulatedCloud {
  readonly world: World;
  readonly log: TruthLog;
  readonly identity: Identity;
  readonly requestFaults: RequestFaults;
  host(name: string): Host;
  /** By id or by name, where the name is unique. */
  instance(idOrName: string): Instance;
  asTenant(project: string): Tenant;
  /** Makes the next moves fail, hang or land elsewhere; once unless `times` says more. */
  failMoves(
    fault: Omit<MoveFault, "times" | "effect"> & { readonly times?: number; readonly effect: MoveEffect },
  ): void;
  clearFaults(): void;
  crash(host: string): void;
  comeBack(host: string): void;
  addHost(spec: HostSpec): void;
  removeHost(host: string): void;
  /** As somebody other than Fenix would, before or during a session. */
  disable(host: string, reason?: string): void;
  enable(host: string): void;
  checkInvariants(options?: InvariantOptions): readonly Violation[];
}

export function simulatedCloud(options: CloudOptions): SimulatedCloud {
  const { clock = wallClock({ speed: options.speed ?? 1 }), seed = 1 } = options;
  const log = truthLog(() => clock.now());
  const world: World = {
    clock,
    chance: seededChance(seed),
    log,
    times: options.times === "at-once" ? noTime : { ...usualTimes, ...options.times },
    settings: { ...usualSettings, ...options.settings },
    flavors: new Map(),
    projects: new Map(),
    users: [],
    hosts: new Map(),
    services: [],
    aggregates: [],
    instances: [],
    instancesById: new Map(),
    deleted: [],
    groups: new Map(),
    migrations: [],
    allocations: new Map(),
    moveFaults: [],
    counters: { instance: 0, migration: 0, service: 0, host: 0, aggregate: 0 },
  };
  populate(world, options);
  const faults = requestFaults(clock);
  return {
    world,
    log,
    identity: identity(world),
    requestFaults: faults,
    host: (name) => hostNamed(world, name),
    instance(idOrName) {
      const found = world.instancesById.get(idOrName) ?? world.instances.find(({ name }) => name === idOrName);
      if (found === undefined) throw new Refusal(404, `no instance ${idOrName}`);
      return found;
    },
    asTenant: (project) => tenant(world, project),
    failMoves: ({ times = 1, ...fault }) => void world.moveFaults.push({ ...fault, times }),
    clearFaults() {
      world.moveFaults.length = 0;
      faults.clear();
    },
    crash: (host) => crash(world, host),
    comeBack: (host) => comeBack(world, host),
    addHost: (spec) => void addHost(world, spec),
    removeHost: (host) => removeHost(world, host),
    disable: (host, reason) =>
      updateService(world, hostNamed(world, host).service, { disabled: true, reason }, "somebody"),
    enable: (host) => updateService(world, hostNamed(world, host).service, { disabled: false }, "somebody"),
    checkInvariants: (checked) => checkInvariants(world, checked),
  };
}

function populate(world: World, options: CloudOptions): void {
  const admins = addProject(world, "admin");
  addUser(world, { name: "admin", password: "admin", roles: ["reader", "member", "admin"] }, admins);
  for (const project of options.projects ?? []) {
    const { name, users } = typeof project === "string" ? { name: project, users: undefined } : project;
    const added = addProject(world, name);
    for (const user of users ?? [{ name, password: "secret" }]) addUser(world, user, added);
  }
  for (const flavor of options.flavors ?? usualFlavors) addFlavor(world, flavor);
  for (const controller of options.controllers ?? []) addController(world, controller);
  for (const host of options.hosts) addHost(world, typeof host === "string" ? { name: host } : host);
  for (const { name, hosts, metadata = {} } of options.aggregates ?? [])
    addAggregate(world, name, [...hosts], metadata);
  for (const group of options.groups ?? []) {
    const project = projectNamed(world, group.project);
    createGroup(world, { ...group, project: project.id, user: askerFor(world, project).user });
  }
  for (const instance of options.instances ?? []) addInstance(world, instance);
}

function addFlavor(world: World, { name, vcpus, memoryMb, diskGb, custom = {} }: FlavorSpec): void {
  const number = world.flavors.size + 1;
  const extraSpecs = Object.fromEntries(
    Object.entries(custom).map(([kind, amount]) => [`resources:${kind}`, `${amount}`]),
  );
  const resources = { VCPU: vcpus, MEMORY_MB: memoryMb, DISK_GB: diskGb, ...custom };
  world.flavors.set(`${number}`, { id: `${number}`, number, name, resources, extraSpecs });
}

function addAggregate(world: World, name: string, hosts: string[], metadata: Readonly<Record<string, string>>): void {
  const id = (world.counters.aggregate += 1);
  world.aggregates.push({ id, uuid: world.chance.uuid(), name, hosts, metadata });
}

function addInstance(world: World, spec: InstanceSpec): void {
  const project = projectNamed(world, spec.project);
  const { name, host, zone } = spec;
  const group = groupNamed(world, project, spec.group);
  const flavor = flavorNamed(world, spec.flavor ?? "small");
  const instance = placeRunning(
    world,
    { name, project: project.id, flavor, group, host, zone },
    askerFor(world, project),
  );
  if (spec.status === "SHUTOFF") setState(world, instance, { vmState: "stopped" });
  if (spec.status === "PAUSED") setState(world, instance, { vmState: "paused" });
}

const usualFlavors: readonly FlavorSpec[] = [
  { name: "small", vcpus: 1, memoryMb: 2048, diskGb: 10 },
  { name: "medium", vcpus: 2, memoryMb: 4096, diskGb: 20 },
  { name: "large", vcpus: 4, memoryMb: 8192, diskGb: 40 },
];

const usualSettings: Settings = { region: "RegionOne", serviceDownSeconds: 60, maxLivePerHost: 1, tokenSeconds: 3600 };

/** Those of an idle OpenStack, with some seconds of copying such as instances of a few gigabytes take. */
const usualTimes: Times = {
  record: 0.3,
  schedule: 0.3,
  boot: 3,
  delete: 0.7,
  power: 1,
  coldPrepare: 0.5,
  coldCopy: 6,
  coldFinish: 0.3,
  confirm: 0.4,
  revert: 0.5,
  livePrepare: 0.4,
  liveCopy: 4,
  rollback: 0.3,
  jitter: 0,
};

const noTime: Times = {
  record: 0,
  schedule: 0,
  boot: 0,
  delete: 0,
  power: 0,
  coldPrepare: 0,
  coldCopy: 0,
  coldFinish: 0,
  confirm: 0,
  revert: 0,
  livePrepare: 0,
  liveCopy: 0,
  rollback: 0,
  jitter: 0,
};
