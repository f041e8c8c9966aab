/**
 * Cold and live migrations, step by step as Nova does them.
 *
 *   cold   resize_prep ─ resize_migrating ─ resize_migrated ─ resize_finish ─ VERIFY_RESIZE ─ confirm | revert
 *   live   accepted ─ (queued) ─ preparing ─ running ─ completed
 *
 * Throughout, the instance holds its resources on the destination and the migration holds them on
 * the source. At every step the instance is on exactly one host: a cold one changes it at
 * `resize_migrated`, a live one at the end.
 *
 * Work is done by a host. If that host has died when the time for a step comes, the step waits
 * there; `hosts.ts` decides what becomes of it when the host comes back.
 */
import { beginAction, beginEvent, conductor, failWith, succeed } from "./actions.ts";
import { failsAt, hangs, landsOn } from "./move-faults.ts";
import { Refusal } from "./refusal.ts";
import { pickHost } from "./scheduler.ts";
import {
  allocate,
  duration,
  hostNamed,
  isUp,
  putError,
  release,
  setState,
  settleOn,
  transfer,
  type Action,
  type Asker,
  type Host,
  type Instance,
  type Migration,
  type Times,
  type VmState,
  type World,
} from "./world.ts";

/** Accepts a cold migration; what comes of it, the migration tells later. */
export function migrate(world: World, instance: Instance, asker: Asker, asked: string | null): void {
  demandState(instance, "migrate", ["active", "stopped"]);
  const source = hostOf(world, instance);
  if (asked !== null) {
    hostNamed(world, asked);
    if (asked === source.name) throw new Refusal(400, "Cannot migrate to the host where the server exists.");
  }
  if (!isUp(world, source.service)) throw new Refusal(409, "Service is unavailable at this time.");
  instance.oldVmState = instance.vmState;
  setState(world, instance, { taskState: "resize_prep" });
  const action = beginAction(world, instance, "migrate", asker);
  const conduct = beginEvent(world, action, "conductor_migrate_server", conductor(world));
  const cold = beginEvent(world, action, "cold_migrate", conductor(world));
  later(world, instance, "record", null, () => {
    const migration = beginMigration(world, instance, "migration", "pre-migrating", asker, asked);
    later(world, instance, "schedule", null, () => {
      const destination = destinationFor(world, instance, "cold", asked);
      if (destination === undefined) {
        failWith(world, action, cold, `${noValidHost} No valid host found for cold migrate`);
        failWith(world, action, conduct, `${noValidHost} No valid host found for cold migrate`);
        endMigration(world, migration, "error");
        setState(world, instance, { taskState: null });
        return;
      }
      succeed(world, action, cold);
      succeed(world, action, conduct);
      holdBoth(world, migration, destination);
      prepareCold(world, { instance, migration, action, source, destination });
    });
  });
}

interface Move {
  readonly instance: Instance;
  readonly migration: Migration;
  readonly action: Action;
  readonly source: Host;
  readonly destination: Host;
}

function prepareCold(world: World, move: Move): void {
  const { instance, migration, action, source, destination } = move;
  const prepare = beginEvent(world, action, "compute_prep_resize", destination.name);
  later(world, instance, "coldPrepare", destination, () => {
    succeed(world, action, prepare);
    setMigration(world, migration, "migrating");
    setState(world, instance, { taskState: "resize_migrating" });
    const resize = beginEvent(world, action, "compute_resize_instance", source.name);
    const copied = (): void => {
      const failure =
        destination.service.diedAt === null ? failsAt(world, "migrate_disk_and_power_off", instance) : { soft: false };
      if (failure !== undefined) {
        failWith(world, action, resize, "Instance rollback performed due to: made to fail");
        giveBackToSource(world, move, "error");
        if (failure.soft === true) setState(world, instance, { taskState: null });
        else putError(world, instance, "migrate_disk_and_power_off made to fail");
        return;
      }
      succeed(world, action, resize);
      finishCold(world, move);
    };
    copy(world, instance, "cold", source, copied);
  });
}

function finishCold(world: World, move: Move): void {
  const { instance, migration, action, destination } = move;
  setMigration(world, migration, "post-migrating");
  arrive(world, move);
  setState(world, instance, { taskState: "resize_migrated" });
  const finish = beginEvent(world, action, "compute_finish_resize", destination.name);
  later(world, instance, "coldFinish", destination, () => {
    setState(world, instance, { taskState: "resize_finish" });
    later(world, instance, "coldFinish", destination, () => {
      if (failsAt(world, "finish_migration", instance) !== undefined) {
        failWith(world, action, finish, "finish_migration made to fail");
        release(world, migration.id);
        endMigration(world, migration, "error");
        putError(world, instance, "finish_migration made to fail");
        return;
      }
      succeed(world, action, finish);
      setMigration(world, migration, "finished");
      instance.launchedAt = world.clock.now();
      setState(world, instance, { vmState: "resized", taskState: null });
    });
  });
}

/** Answered long before the work is done; a second confirmation meanwhile finds nothing to confirm. */
export function confirmResize(world: World, instance: Instance, asker: Asker): void {
  demandState(instance, "confirmResize", ["resized"]);
  const migration = unconfirmed(instance);
  const source = hostNamed(world, migration.source);
  setMigration(world, migration, "confirming");
  const action = beginAction(world, instance, "confirmResize", asker);
  const confirm = beginEvent(world, action, "compute_confirm_resize", source.name);
  later(world, instance, "confirm", source, () => {
    const failure = failsAt(world, "confirm_migration", instance);
    release(world, migration.id);
    if (failure !== undefined) {
      failWith(world, action, confirm, "confirm_migration made to fail");
      endMigration(world, migration, "error");
      putError(world, instance, "confirm_migration made to fail");
      return;
    }
    succeed(world, action, confirm);
    endMigration(world, migration, "confirmed");
    setState(world, instance, { vmState: instance.oldVmState, taskState: null });
  });
}

export function revertResize(world: World, instance: Instance, asker: Asker): void {
  demandState(instance, "revertResize", ["resized"]);
  const migration = unconfirmed(instance);
  const source = hostNamed(world, migration.source);
  setMigration(world, migration, "reverting");
  setState(world, instance, { taskState: "resize_reverting" });
  const action = beginAction(world, instance, "revertResize", asker);
  const revert = beginEvent(world, action, "compute_revert_resize", hostOf(world, instance).name);
  later(world, instance, "revert", source, () => {
    succeed(world, action, revert);
    settleOn(world, instance, source.name);
    transfer(world, migration, instance);
    endMigration(world, migration, "reverted");
    setState(world, instance, { vmState: instance.oldVmState, taskState: null });
  });
}

function unconfirmed(instance: Instance): Migration {
  const migration = instance.migrations.at(-1);
  if (migration?.status !== "finished") throw new Refusal(400, "Instance has not been resized.");
  return migration;
}

/** Accepts a live migration; what comes of it, the migration tells later. */
export function migrateLive(world: World, instance: Instance, asker: Asker, asked: string | null): void {
  demandState(instance, "os-migrateLive", ["active", "paused"]);
  const source = hostOf(world, instance);
  if (asked !== null) hostNamed(world, asked);
  setState(world, instance, { taskState: "migrating" });
  const action = beginAction(world, instance, "live-migration", asker);
  const conduct = beginEvent(world, action, "conductor_live_migrate_instance", conductor(world));
  later(world, instance, "record", null, () => {
    const migration = beginMigration(world, instance, "live-migration", "accepted", asker, asked);
    const choose = (): void => {
      // A source that just died is asked all the same, and answers when it is back.
      const patient = isUp(world, source.service) && source.service.diedAt !== null;
      if (patient) return park(instance, source, choose);
      const destination = isUp(world, source.service) ? destinationFor(world, instance, "live", asked) : undefined;
      if (destination === undefined) {
        failWith(world, action, conduct, `${noValidHost} There are not enough hosts available.`);
        endMigration(world, migration, "error");
        setState(world, instance, { taskState: null });
        return;
      }
      const check = beginEvent(world, action, "compute_check_can_live_migrate_destination", destination.name);
      if (failsAt(world, "check_can_live_migrate_destination", instance) !== undefined) {
        failWith(world, action, check, "Migration pre-check error: made to fail");
        failWith(world, action, conduct, "Migration pre-check error: made to fail");
        endMigration(world, migration, "error");
        setState(world, instance, { taskState: null });
        return;
      }
      succeed(world, action, check);
      succeed(world, action, conduct);
      migration.sourceNodeKnown = true;
      holdBoth(world, migration, destination);
      queueLive(world, { instance, migration, action, source, destination });
    };
    later(world, instance, "schedule", null, choose);
  });
}

function queueLive(world: World, move: Move): void {
  const { instance, migration, source } = move;
  const start = (): void => {
    source.liveMigrations += 1;
    migration.abortNow = null;
    prepareLive(world, move);
  };
  if (source.liveMigrations < world.settings.maxLivePerHost) return start();
  setMigration(world, migration, "queued");
  source.liveQueue.push(start);
  const leaveQueue = (): void => {
    const place = source.liveQueue.indexOf(start);
    if (place !== -1) source.liveQueue.splice(place, 1);
  };
  instance.pending = leaveQueue;
  migration.abortNow = () => {
    leaveQueue();
    rollBack(world, move, "cancelled");
  };
}

function prepareLive(world: World, move: Move): void {
  const { instance, migration, action, source, destination } = move;
  setMigration(world, migration, "preparing");
  const live = beginEvent(world, action, "compute_live_migration", source.name);
  const prepare = beginEvent(world, action, "compute_pre_live_migration", destination.name);
  later(world, instance, "livePrepare", source, () => {
    if (destination.service.diedAt !== null || failsAt(world, "pre_live_migration", instance) !== undefined) {
      failWith(world, action, prepare, "pre_live_migration made to fail");
      failWith(world, action, live, "pre_live_migration made to fail");
      endLive(move, () => rollBack(world, move, "failed"));
      return;
    }
    succeed(world, action, prepare);
    setMigration(world, migration, "running");
    const rollBackLater = (status: string): void => {
      migration.finishNow = null;
      migration.abortNow = null;
      later(world, instance, "rollback", source, () => endLive(move, () => rollBack(world, move, status)));
    };
    const copied = (): void => {
      // The hypervisor's job fails after its caller has gone on: no event of the action shows it.
      succeed(world, action, live);
      const failed = failsAt(world, "live_migration", instance) !== undefined || destination.service.diedAt !== null;
      if (failed) return rollBackLater("failed");
      endLive(move, () => completeLive(world, move));
    };
    migration.finishNow = copied;
    migration.abortNow = () => rollBackLater("cancelled");
    copy(world, instance, "live", source, copied);
  });
}

function completeLive(world: World, move: Move): void {
  const { instance, migration, action, destination } = move;
  succeed(world, action, beginEvent(world, action, "compute_post_live_migration_at_destination", destination.name));
  arrive(world, move);
  release(world, migration.id);
  endMigration(world, migration, "completed");
  setState(world, instance, { taskState: null });
}

function rollBack(world: World, move: Move, status: string): void {
  giveBackToSource(world, move, status);
  setState(world, move.instance, { taskState: null });
}

/** Frees the place of this move at its source, and lets the next in the queue start. */
function endLive({ source }: Move, end: () => void): void {
  source.liveMigrations -= 1;
  end();
  source.liveQueue.shift()?.();
}

/** Aborts a live migration that is queued or running. */
export function abortLiveMigration(world: World, instance: Instance, migration: Migration, asker: Asker): void {
  const { abortNow } = migration;
  if (abortNow === null) {
    throw new Refusal(409, `Instance ${instance.id} is in an invalid state for 'abort live migration'`);
  }
  beginAction(world, instance, "live_migration_cancel", asker);
  stopWorkOn(instance);
  abortNow();
}

export function forceCompleteLiveMigration(world: World, instance: Instance, migration: Migration, asker: Asker): void {
  const { finishNow } = migration;
  if (finishNow === null) {
    const reason = `Migration ${migration.number} state of instance ${instance.id} is ${migration.status}. Cannot force_complete while the migration is in this state.`;
    throw new Refusal(400, reason);
  }
  beginAction(world, instance, "live_migration_force_complete", asker);
  stopWorkOn(instance);
  finishNow();
}

/** Ends what is under way with an instance that is deleted or lost. Its allocations go with it. */
export function dropMove(world: World, instance: Instance): void {
  stopWorkOn(instance);
  const migration = instance.migrations.at(-1);
  if (migration === undefined) return;
  if (migration.destination !== null) world.hosts.get(migration.destination)?.arriving.delete(instance);
  release(world, migration.id);
  if (isOver(migration)) return;
  const holdsPlace = migration.type === "live-migration" && ["preparing", "running"].includes(migration.status);
  endMigration(world, migration, migration.type === "live-migration" ? "cancelled" : "error");
  if (!holdsPlace) return;
  const source = hostNamed(world, migration.source);
  source.liveMigrations -= 1;
  source.liveQueue.shift()?.();
}

/** Sets a step of work for a while from now. It waits for `worker` if that host is dead by then. */
export function later(
  world: World,
  instance: Instance,
  work: Exclude<keyof Times, "jitter">,
  worker: Host | null,
  step: () => void,
): void {
  instance.pending = world.clock.after(duration(world, work), () => {
    instance.pending = null;
    if (worker === null || worker.service.diedAt === null) step();
    else park(instance, worker, step);
  });
}

function park(instance: Instance, worker: Host, step: () => void): void {
  const resume = (): void => {
    instance.pending = null;
    step();
  };
  worker.parked.push(resume);
  instance.pending = () => {
    const place = worker.parked.indexOf(resume);
    if (place !== -1) worker.parked.splice(place, 1);
  };
}

export function stopWorkOn(instance: Instance): void {
  instance.pending?.();
  instance.pending = null;
}

function copy(world: World, instance: Instance, kind: "live" | "cold", source: Host, copied: () => void): void {
  const hang = hangs(world, kind, instance);
  const work = kind === "live" ? "liveCopy" : "coldCopy";
  if (hang === undefined) return later(world, instance, work, source, copied);
  if (hang.seconds === null) {
    instance.pending = () => undefined;
    return;
  }
  instance.pending = world.clock.after(hang.seconds, () => later(world, instance, work, source, copied));
}

function destinationFor(
  world: World,
  instance: Instance,
  kind: "live" | "cold",
  asked: string | null,
): Host | undefined {
  if (failsAt(world, "schedule", instance) !== undefined) return undefined;
  const elsewhere = landsOn(world, kind, instance)?.host;
  const { flavor, group, zone } = instance;
  return pickHost(world, { flavor, group, zone, host: elsewhere ?? asked, not: instance.host, mover: instance });
}

/** From now on the instance is charged to the destination and the migration to the source. */
function holdBoth(world: World, migration: Migration, destination: Host): void {
  const { instance } = migration;
  transfer(world, instance, migration);
  allocate(world, instance, destination, instance.flavor.resources);
  destination.arriving.add(instance);
  migration.destination = destination.name;
  setMigration(world, migration, migration.status);
}

function arrive(world: World, { instance, destination }: Move): void {
  destination.arriving.delete(instance);
  settleOn(world, instance, destination.name);
}

function giveBackToSource(world: World, { migration, destination, instance }: Move, status: string): void {
  destination.arriving.delete(instance);
  transfer(world, migration, instance);
  endMigration(world, migration, status);
}

export function beginMigration(
  world: World,
  instance: Instance,
  type: Migration["type"],
  status: string,
  asker: Asker,
  asked: string | null,
): Migration {
  const now = world.clock.now();
  const source = hostOf(world, instance).name;
  const migration: Migration = {
    id: world.chance.uuid(),
    number: (world.counters.migration += 1),
    type,
    instance,
    source,
    sourceNodeKnown: type !== "live-migration",
    destination: null,
    status,
    user: asker.user,
    project: asker.project,
    createdAt: now,
    updatedAt: now,
    finishNow: null,
    abortNow: null,
  };
  world.migrations.push(migration);
  instance.migrations.push(migration);
  const { id } = migration;
  world.log.record({ kind: "migration_started", migration: id, type, instance: instance.id, source, asked });
  return migration;
}

export function setMigration(world: World, migration: Migration, status: string): void {
  migration.status = status;
  migration.updatedAt = world.clock.now();
  const { id, instance, destination } = migration;
  world.log.record({ kind: "migration_changed", migration: id, instance: instance.id, status, destination });
}

export function endMigration(world: World, migration: Migration, status: string): void {
  migration.finishNow = null;
  migration.abortNow = null;
  setMigration(world, migration, status);
}

export function isOver({ status }: Migration): boolean {
  return over.has(status);
}

const over = new Set(["completed", "confirmed", "reverted", "error", "failed", "cancelled", "done"]);

function hostOf(world: World, instance: Instance): Host {
  if (instance.host === null) throw new Refusal(409, `Instance ${instance.id} is not ready`);
  return hostNamed(world, instance.host);
}

/** Refuses with Nova's words what cannot be done to an instance in its present state. */
export function demandState(instance: Instance, action: string, vmStates: readonly VmState[]): void {
  const cannot = `Cannot '${action}' instance ${instance.id} while it is in`;
  if (!vmStates.includes(instance.vmState)) throw new Refusal(409, `${cannot} vm_state ${instance.vmState}`);
  if (instance.taskState !== null) throw new Refusal(409, `${cannot} task_state ${instance.taskState}`);
}

const noValidHost = "No valid host was found.";
