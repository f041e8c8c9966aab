/** Records of migrations, and the steps that cold and live ones share. */
import { failsAt, hangs, landsOn } from "./move-faults.ts";
import { Refusal } from "./refusal.ts";
import { pickHost } from "./scheduler.ts";
import { later, stopWorkOn } from "./work.ts";
import {
  allocate,
  hostNamed,
  positionOf,
  release,
  settleOn,
  transfer,
  type Action,
  type Asker,
  type Host,
  type Instance,
  type Migration,
  type World,
} from "./world.ts";

export interface Move {
  readonly instance: Instance;
  readonly migration: Migration;
  readonly action: Action;
  readonly source: Host;
  readonly destination: Host;
}

export function beginMigration(
  world: World,
  instance: Instance,
  type: Migration["type"],
  status: string,
  asker: Asker,
  asked: string | null,
): Migration {
  const source = hostOf(world, instance).name;
  const migration = newMigration(world, { instance, type, source, status, user: asker.user, project: asker.project });
  const { id } = migration;
  world.log.record({ kind: "migration_started", migration: id, type, instance: instance.id, source, asked });
  return migration;
}

function newMigration(
  world: World,
  part: Pick<Migration, "instance" | "type" | "source" | "status" | "user" | "project">,
): Migration {
  const now = world.clock.now();
  const migration: Migration = {
    ...part,
    id: world.chance.uuid(),
    number: (world.counters.migration += 1),
    sourceNodeKnown: part.type !== "live-migration",
    destination: null,
    createdAt: now,
    updatedAt: now,
    finishNow: null,
    abortNow: null,
  };
  world.migrations.push(migration);
  part.instance.migrations.push(migration);
  listAt(world, part.source, migration);
  return migration;
}

/** A destination is known later than newer migrations may have begun, so it takes its place among them. */
function listAt({ migrationsAt }: World, host: string, migration: Migration): void {
  const there = migrationsAt.get(host) ?? [];
  migrationsAt.set(host, there);
  const place = positionOf(there, migration.number);
  if (there[place] !== migration) there.splice(place, 0, migration);
}

export function setDestination(world: World, migration: Migration, { name }: Host): void {
  migration.destination = name;
  listAt(world, name, migration);
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

export function destinationFor(
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
export function holdBoth(world: World, migration: Migration, destination: Host): void {
  const { instance } = migration;
  transfer(world, instance, migration);
  allocate(world, instance, destination, instance.flavor.resources);
  destination.arriving.add(instance);
  setDestination(world, migration, destination);
  setMigration(world, migration, migration.status);
}

export function copy(world: World, instance: Instance, kind: "live" | "cold", source: Host, copied: () => void): void {
  const hang = hangs(world, kind, instance);
  const work = kind === "live" ? "liveCopy" : "coldCopy";
  if (hang === undefined) return later(world, instance, work, source, copied);
  if (hang.seconds === null) {
    instance.pending = () => undefined;
    return;
  }
  instance.pending = world.clock.after(hang.seconds, () => later(world, instance, work, source, copied));
}

export function arrive(world: World, { instance, destination }: Move): void {
  destination.arriving.delete(instance);
  settleOn(world, instance, destination.name);
}

export function giveBackToSource(world: World, { migration, destination, instance }: Move, status: string): void {
  destination.arriving.delete(instance);
  transfer(world, migration, instance);
  endMigration(world, migration, status);
}

/** As if an earlier move off the host had died with it: the record is over, and its place was never given back. */
export function leaveAllocation(world: World, instance: Instance, host: Host): void {
  const { user, project } = instance;
  const source = host.name;
  const migration = newMigration(world, { instance, type: "live-migration", source, status: "error", user, project });
  allocate(world, migration, host, instance.flavor.resources);
}

/** Ends what is under way with an instance, which stays where it is. */
export function dropMove(world: World, instance: Instance): void {
  stopWorkOn(instance);
  const migration = instance.migrations.at(-1);
  if (migration === undefined) return;
  if (migration.destination !== null) world.hosts.get(migration.destination)?.arriving.delete(instance);
  if (instance.host === migration.source) transfer(world, migration, instance);
  else release(world, migration.id);
  if (isOver(migration)) return;
  const holdsPlace = isCopyingLive(migration);
  endMigration(world, migration, migration.type === "live-migration" ? "cancelled" : "error");
  if (holdsPlace) leaveSource(hostNamed(world, migration.source));
}

/** Frees the place of a live migration at its source, and lets the next in the queue start. */
export function leaveSource(source: Host, end?: () => void): void {
  source.liveMigrations -= 1;
  end?.();
  source.liveQueue.shift()?.();
}

export function isCopyingLive({ type, status }: Migration): boolean {
  return type === "live-migration" && (status === "preparing" || status === "running");
}

export function hostOf(world: World, instance: Instance): Host {
  if (instance.host === null) throw new Refusal(409, `Instance ${instance.id} is not ready`);
  return hostNamed(world, instance.host);
}

export const noValidHost = "No valid host was found.";
