/** What owners and admins do to instances, other than moving them. */
import { beginAction, beginEvent, conductor, failWith, succeed } from "./actions.ts";
import { failsAt } from "./move-faults.ts";
import { beginMigration, dropMove, endMigration, setDestination } from "./migrations.ts";
import { Refusal } from "./refusal.ts";
import { pickHost } from "./scheduler.ts";
import { demandState, later, stopWorkOn } from "./work.ts";
import {
  allocate,
  hostNamed,
  isUp,
  positionOf,
  putError,
  release,
  setState,
  settleOn,
  type Asker,
  type Flavor,
  type Group,
  type Instance,
  type World,
} from "./world.ts";

export interface BootRequest {
  readonly name: string;
  readonly project: string;
  readonly flavor: Flavor;
  readonly group: Group | null;
  /** This host or none. It is not kept: the instance may leave it later. */
  readonly host?: string | null | undefined;
  readonly zone?: string | null | undefined;
  readonly image?: string | undefined;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
}

/** Accepts an instance and builds it in its time, or leaves it in ERROR when no host has room. */
export function boot(world: World, request: BootRequest, asker: Asker): Instance {
  const instance = createInstance(world, request, asker);
  const action = beginAction(world, instance, "create", asker);
  const build = beginEvent(world, action, "conductor_build_instances", conductor(world));
  later(world, instance, "schedule", null, () => {
    const { flavor, group, zone } = instance;
    const host = pickHost(world, { flavor, group, zone, host: request.host });
    if (host === undefined) {
      failWith(world, action, build, "No valid host was found. There are not enough hosts available.");
      return putError(world, instance, "No valid host was found. There are not enough hosts available.");
    }
    allocate(world, instance, host, flavor.resources);
    settleOn(world, instance, host.name);
    setState(world, instance, { taskState: "spawning" });
    later(world, instance, "boot", host, () => {
      if (failsAt(world, "spawn", instance) !== undefined) {
        release(world, instance.id);
        settleOn(world, instance, null);
        failWith(world, action, build, "spawn made to fail");
        return putError(world, instance, `Build of instance ${instance.id} aborted: spawn made to fail`);
      }
      succeed(world, action, build);
      start(world, instance);
    });
  });
  return instance;
}

/** An instance that runs from the first moment, as a cloud that was in use before anybody looked. */
export function placeRunning(world: World, request: BootRequest, asker: Asker): Instance {
  const instance = createInstance(world, request, asker);
  beginAction(world, instance, "create", asker);
  const { flavor, group, zone } = instance;
  const host = pickHost(world, { flavor, group, zone, host: request.host });
  if (host === undefined)
    throw new Error(`${instance.name} fits nowhere${request.host == null ? "" : ` on ${request.host}`}`);
  allocate(world, instance, host, flavor.resources);
  settleOn(world, instance, host.name);
  start(world, instance);
  return instance;
}

function createInstance(world: World, request: BootRequest, asker: Asker): Instance {
  const now = world.clock.now();
  const { name, project, flavor, group } = request;
  const id = world.chance.uuid();
  const instance: Instance = {
    id,
    number: (world.counters.instance += 1),
    name,
    project,
    user: asker.user,
    flavor,
    image: request.image ?? "6d1d9c5e-52a7-4d0a-aec2-2f0f3b1b9a10",
    metadata: request.metadata ?? {},
    reservation: `r-${id.slice(0, 8)}`,
    zone: request.zone ?? null,
    group,
    host: null,
    vmState: "building",
    taskState: "scheduling",
    oldVmState: "active",
    locked: false,
    fault: null,
    createdAt: now,
    updatedAt: now,
    launchedAt: null,
    deletedAt: null,
    actions: [],
    migrations: [],
    pending: null,
  };
  world.instances.push(instance);
  world.instancesById.set(id, instance);
  group?.members.add(instance);
  world.log.record({ kind: "instance_created", instance: id, name, project, group: group?.id ?? null });
  return instance;
}

function start(world: World, instance: Instance): void {
  instance.launchedAt = world.clock.now();
  setState(world, instance, { vmState: "active", taskState: null });
}

export function deleteInstance(world: World, instance: Instance, asker: Asker): void {
  if (instance.taskState === "deleting") return;
  if (instance.migrations.at(-1)?.status === "confirming") {
    // A defect of the Nova we copy, seen each time: the instance breaks, and only a second delete works.
    dropMove(world, instance);
    putError(world, instance, "'NoneType' object has no attribute 'status'");
    throw new Refusal(500, "Unexpected API Error. AttributeError");
  }
  stopWorkOn(instance);
  setState(world, instance, { taskState: "deleting" });
  beginAction(world, instance, "delete", asker);
  const host = world.hosts.get(instance.host ?? "");
  // Nova deletes by itself what is on a host that it knows to be down.
  const worker = host !== undefined && isUp(world, host.service) ? host : null;
  later(world, instance, "delete", worker, () => {
    dropMove(world, instance);
    release(world, instance.id);
    settleOn(world, instance, null);
    instance.group?.members.delete(instance);
    setState(world, instance, { vmState: "deleted", taskState: null });
    instance.deletedAt = world.clock.now();
    world.instances.splice(positionOf(world.instances, instance.number), 1);
    world.instancesById.delete(instance.id);
    world.deleted.push(instance);
    world.log.record({ kind: "instance_deleted", instance: instance.id });
  });
}

export function powerOff(world: World, instance: Instance, asker: Asker): void {
  demandState(instance, "stop", ["active", "error"]);
  work(world, instance, asker, "stop", "powering-off", () =>
    setState(world, instance, { vmState: "stopped", taskState: null }),
  );
}

export function powerOn(world: World, instance: Instance, asker: Asker): void {
  demandState(instance, "start", ["stopped"]);
  work(world, instance, asker, "start", "powering-on", () => start(world, instance));
}

/** Heals an instance in ERROR, where its host can. */
export function rebootHard(world: World, instance: Instance, asker: Asker): void {
  demandState(instance, "reboot", ["active", "stopped", "paused", "error"]);
  work(world, instance, asker, "reboot", "reboot_started_hard", () => start(world, instance));
}

export function pause(world: World, instance: Instance, asker: Asker): void {
  demandState(instance, "pause", ["active"]);
  work(world, instance, asker, "pause", "pausing", () =>
    setState(world, instance, { vmState: "paused", taskState: null }),
  );
}

export function unpause(world: World, instance: Instance, asker: Asker): void {
  demandState(instance, "unpause", ["paused"]);
  work(world, instance, asker, "unpause", "unpausing", () =>
    setState(world, instance, { vmState: "active", taskState: null }),
  );
}

/** Says what state it is in, whatever the truth; what was under way with it is forgotten. */
export function resetState(world: World, instance: Instance, state: "active" | "error"): void {
  dropMove(world, instance);
  setState(world, instance, { vmState: state, taskState: null });
}

/** Builds the instance anew on another host, from a host that is down. */
export function evacuate(world: World, instance: Instance, asker: Asker, asked: string | null): void {
  const source = hostNamed(world, instance.host ?? "");
  if (isUp(world, source.service)) throw new Refusal(400, `Compute service of ${source.name} is still in use.`);
  dropMove(world, instance);
  setState(world, instance, { taskState: "rebuilding" });
  const action = beginAction(world, instance, "evacuate", asker);
  const rebuild = beginEvent(world, action, "rebuild_server", conductor(world));
  later(world, instance, "record", null, () => {
    const migration = beginMigration(world, instance, "evacuation", "accepted", asker, asked);
    const { flavor, group, zone } = instance;
    const host = pickHost(world, { flavor, group, zone, host: asked, not: source.name, mover: instance });
    if (host === undefined) {
      failWith(world, action, rebuild, "No valid host was found. There are not enough hosts available.");
      endMigration(world, migration, "error");
      return setState(world, instance, { taskState: null });
    }
    setDestination(world, migration, host);
    allocate(world, instance, host, flavor.resources);
    settleOn(world, instance, host.name);
    setState(world, instance, { taskState: "rebuild_spawning" });
    later(world, instance, "boot", host, () => {
      succeed(world, action, rebuild);
      endMigration(world, migration, "done");
      start(world, instance);
    });
  });
}

function work(world: World, instance: Instance, asker: Asker, name: string, taskState: string, done: () => void): void {
  const host = hostNamed(world, instance.host ?? "");
  const action = beginAction(world, instance, name, asker);
  const event = beginEvent(world, action, `compute_${name}_instance`, host.name);
  setState(world, instance, { taskState });
  later(world, instance, "power", host, () => {
    succeed(world, action, event);
    done();
  });
}
