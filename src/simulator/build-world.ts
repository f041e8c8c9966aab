/** Builds the world of a simulated cloud from what a test or a scenario wants to say about it. */
import { seededChance } from "./chance.ts";
import { wallClock, type Clock } from "./clock.ts";
import { addController, addHost, type HostSpec } from "./hosts.ts";
import { addProject, addUser, projectNamed, type UserSpec } from "./identity.ts";
import { placeRunning } from "./instances.ts";
import type { Resources } from "./resources.ts";
import { askerFor, createGroup, flavorNamed, groupNamed, type GroupPolicy } from "./tenant.ts";
import { truthLog } from "./truth-log.ts";
import { setState, type Settings, type Times, type World } from "./world.ts";

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

export function buildWorld(options: CloudOptions): World {
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
    migrationsAt: new Map(),
    allocations: new Map(),
    moveFaults: [],
    counters: { instance: 0, migration: 0, service: 0, host: 0, aggregate: 0 },
  };
  populate(world, options);
  return world;
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
