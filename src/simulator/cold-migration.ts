/**
 * Cold migrations, step by step as Nova does them.
 *
 *   resize_prep ─ resize_migrating ─ resize_migrated ─ resize_finish ─ VERIFY_RESIZE ─ confirm | revert
 *
 * The instance is on its source up to `resize_migrated` and on its destination from there on. Both
 * hosts are charged until the end: by the instance there, by the migration here.
 */
import { beginAction, beginEvent, conductor, failWith, succeed } from "./actions.ts";
import { failsAt } from "./move-faults.ts";
import {
  arrive,
  beginMigration,
  copy,
  destinationFor,
  endMigration,
  giveBackToSource,
  holdBoth,
  hostOf,
  noValidHost,
  setMigration,
  type Move,
} from "./migrations.ts";
import { Refusal } from "./refusal.ts";
import { demandState, later } from "./work.ts";
import {
  hostNamed,
  isUp,
  putError,
  release,
  setState,
  settleOn,
  transfer,
  type Asker,
  type Instance,
  type Migration,
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

/**
 * Takes the instance back to where it came from. As in Nova, nobody is asked: a member of its
 * anti-affinity group that has come there meanwhile is met.
 */
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
