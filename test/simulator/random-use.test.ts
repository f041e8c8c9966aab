/** Whatever is done to a simulated cloud in whatever order, its own rules hold and nothing is left behind. */
import { expect, test } from "vitest";
import { seededChance, type Chance } from "../../src/simulator/chance.ts";
import { manualClock } from "../../src/simulator/clock.ts";
import { simulatedCloud, type SimulatedCloud } from "../../src/simulator/cloud.ts";
import { confirmResize, migrate, revertResize } from "../../src/simulator/cold-migration.ts";
import { deleteInstance, evacuate, rebootHard, resetState } from "../../src/simulator/instances.ts";
import { abortLiveMigration, migrateLive } from "../../src/simulator/live-migration.ts";
import { isCopyingLive } from "../../src/simulator/migrations.ts";
import type { MovePoint } from "../../src/simulator/move-faults.ts";
import { Refusal } from "../../src/simulator/refusal.ts";
import { demoCloud } from "../../src/simulator/scenarios.ts";
import type { Asker } from "../../src/simulator/world.ts";

const admin: Asker = { user: "admin", userName: "admin", project: "admin", requestId: "req-1" };
const points: readonly MovePoint[] = [
  "schedule",
  "check_can_live_migrate_destination",
  "pre_live_migration",
  "live_migration",
  "migrate_disk_and_power_off",
  "finish_migration",
  "confirm_migration",
  "spawn",
];

test.each([1, 2, 3, 4, 5, 6, 7, 8])("without power cuts, seed %i", (seed) => {
  const cloud = used(seed, { powerCuts: false });
  expect(cloud.checkInvariants()).toEqual([]);
  expectTidy(cloud);
});

test.each([1, 2, 3, 4, 5, 6, 7, 8])("with power cuts, seed %i", (seed) => {
  const cloud = used(seed, { powerCuts: true });
  // A source that died while copying leaves its charge where it never went, as Nova does.
  const others = cloud.checkInvariants().filter(({ kind }) => kind !== "allocation_astray");
  expect(others).toEqual([]);
  expectTidy(cloud);
});

function used(seed: number, { powerCuts }: { readonly powerCuts: boolean }): SimulatedCloud {
  const clock = manualClock();
  const cloud = simulatedCloud({ ...demoCloud(), clock, seed, times: { jitter: 0.3 } });
  const chance = seededChance(seed * 1000);
  for (let step = 0; step < 600; step += 1) {
    try {
      doSomething(cloud, chance, powerCuts);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
    }
    clock.advance(chance.next() * 3);
  }
  for (const host of cloud.world.hosts.keys()) cloud.comeBack(host);
  clock.settle();
  return cloud;
}

function doSomething(cloud: SimulatedCloud, chance: Chance, powerCuts: boolean): void {
  const { world } = cloud;
  const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(chance.next() * items.length)]!;
  const host = pick([...world.hosts.keys()]);
  const asked = chance.next() < 0.3 ? null : host;
  const instance = pick(world.instances);
  const migration = instance.migrations.at(-1);
  const deeds: (() => unknown)[] = [
    () => migrate(world, instance, admin, asked),
    () => migrate(world, instance, admin, asked),
    () => migrateLive(world, instance, admin, asked),
    () => migrateLive(world, instance, admin, asked),
    ...[...world.instances]
      .filter(({ vmState }) => vmState === "resized")
      // A member of a group that is taken back may meet another one, as on a real cloud.
      .map((resized) => () => {
        const revert = resized.group === null && chance.next() < 0.3;
        return (revert ? revertResize : confirmResize)(world, resized, admin);
      }),
    () => migration !== undefined && abortLiveMigration(world, instance, migration, admin),
    () => cloud.failMoves({ effect: { kind: "fails", at: pick(points) } }),
    () => cloud.failMoves({ effect: { kind: "hangs", seconds: 20 } }),
    () => (chance.next() < 0.5 ? cloud.disable(host, "by chance") : cloud.enable(host)),
    () => world.instances.length > 20 && deleteInstance(world, instance, admin),
    () => cloud.asTenant("shop").boot({ name: `more-${world.counters.instance}`, flavor: pick(["small", "medium"]) }),
    () => {
      const broken = world.instances.find(({ vmState }) => vmState === "error");
      if (broken === undefined || broken.host === null) return;
      resetState(world, broken, "active");
      rebootHard(world, broken, admin);
    },
  ];
  if (powerCuts) {
    deeds.push(
      () => cloud.crash(host),
      () => cloud.comeBack(host),
      () => cloud.comeBack(host),
      () => evacuate(world, instance, admin, null),
    );
  }
  pick(deeds)();
}

/** At rest nobody is on the way, and only what runs or waits for confirmation is charged. */
function expectTidy({ world }: SimulatedCloud): void {
  for (const host of world.hosts.values()) {
    expect([host.name, host.arriving.size, host.parked.length, host.liveQueue.length]).toEqual([host.name, 0, 0, 0]);
    const copying = world.migrations.filter((one) => one.source === host.name && isCopyingLive(one));
    expect(host.liveMigrations).toBe(copying.length);
  }
  const unconfirmed = world.migrations.filter(({ status }) => status === "finished").map(({ id }) => id);
  const consumers = [...world.allocations.keys()].filter((consumer) => !world.instancesById.has(consumer));
  expect(consumers.sort()).toEqual(unconfirmed.sort());
}
