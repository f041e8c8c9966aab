/**
 * Live migrations, step by step as Nova does them.
 *
 *   accepted ─ (queued) ─ preparing ─ running ─ completed
 *
 * The instance is on its source up to the end, and back where it was whenever one fails. Both hosts
 * are charged meanwhile: by the instance there, by the migration here.
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
  leaveSource,
  noValidHost,
  setMigration,
  type Move,
} from "./migrations.ts";
import { Refusal } from "./refusal.ts";
import { demandState, later, park, stopWorkOn } from "./work.ts";
import { hostNamed, isUp, release, setState, type Asker, type Instance, type Migration, type World } from "./world.ts";

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
      return leaveSource(source, () => rollBack(world, move, "failed"));
    }
    succeed(world, action, prepare);
    setMigration(world, migration, "running");
    const rollBackLater = (status: string): void => {
      migration.finishNow = null;
      migration.abortNow = null;
      later(world, instance, "rollback", source, () => {
        leaveSource(source, () => rollBack(world, move, status));
      });
    };
    const copied = (): void => {
      // The hypervisor's job fails after its caller has gone on: no event of the action shows it.
      succeed(world, action, live);
      const failed = failsAt(world, "live_migration", instance) !== undefined || destination.service.diedAt !== null;
      if (failed) return rollBackLater("failed");
      leaveSource(source, () => completeLive(world, move));
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
