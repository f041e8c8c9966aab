import { beforeEach, expect, test } from "vitest";
import { manualClock, type ManualClock } from "../../src/simulator/clock.ts";
import type { CloudOptions } from "../../src/simulator/build-world.ts";
import { simulatedCloud, type SimulatedCloud } from "../../src/simulator/cloud.ts";
import { deleteInstance, evacuate, rebootHard, resetState } from "../../src/simulator/instances.ts";
import type { MoveEffect } from "../../src/simulator/move-faults.ts";
import { confirmResize, migrate, revertResize } from "../../src/simulator/cold-migration.ts";
import { abortLiveMigration, forceCompleteLiveMigration, migrateLive } from "../../src/simulator/live-migration.ts";
import { occupants } from "../../src/simulator/occupancy.ts";
import type { Asker, Instance } from "../../src/simulator/world.ts";

let clock: ManualClock;
let cloud: SimulatedCloud;
let web: Instance;

beforeEach(() => begin());

function begin(options: Partial<CloudOptions> = {}): void {
  clock = manualClock();
  cloud = simulatedCloud({
    hosts: ["h1", "h2", "h3"],
    controllers: ["c1"],
    projects: ["shop"],
    groups: [{ name: "apart", project: "shop" }],
    instances: [{ name: "web", project: "shop", host: "h1" }],
    clock,
    ...options,
  });
  web = cloud.instance("web");
}

const admin: Asker = { user: "admin", userName: "admin", project: "admin", requestId: "req-1" };

/** What happened to the instance, in the log's words. */
function story(instance = web, after = 0): string[] {
  const lines: string[] = [];
  for (const event of cloud.log.events(after)) {
    if (!("instance" in event) || event.instance !== instance.id) continue;
    if (event.kind === "status_changed") lines.push(`${event.status} ${event.taskState ?? ""}`.trim());
    if (event.kind === "instance_appeared") lines.push(`on ${event.host}`);
    if (event.kind === "migration_changed" && event.status !== lines.at(-1)) lines.push(event.status);
  }
  return lines;
}

/** Who is charged where, the migration as "migration". */
function charges(): string[] {
  return [...cloud.world.allocations.values()].map(
    ({ consumer, host }) => `${cloud.world.instancesById.get(consumer)?.name ?? "migration"} on ${host}`,
  );
}

test("a cold migration changes the host in the middle and ends when it is confirmed", () => {
  const before = cloud.log.last;
  migrate(cloud.world, web, admin, "h2");
  clock.settle();
  confirmResize(cloud.world, web, admin);
  clock.settle();
  expect(story(web, before)).toEqual([
    "RESIZE resize_prep",
    "pre-migrating",
    "migrating",
    "RESIZE resize_migrating",
    "post-migrating",
    "on h2",
    "RESIZE resize_migrated",
    "RESIZE resize_finish",
    "finished",
    "VERIFY_RESIZE",
    "confirming",
    "confirmed",
    "ACTIVE",
  ]);
  expect(web.host).toBe("h2");
});

test("until the confirmation both hosts are charged", () => {
  migrate(cloud.world, web, admin, "h2");
  clock.settle();
  expect(charges()).toEqual(["migration on h1", "web on h2"]);
  confirmResize(cloud.world, web, admin);
  expect(charges()).toEqual(["migration on h1", "web on h2"]);
  clock.settle();
  expect(charges()).toEqual(["web on h2"]);
});

test("a reverted migration ends where it began", () => {
  migrate(cloud.world, web, admin, null);
  clock.settle();
  revertResize(cloud.world, web, admin);
  clock.settle();
  expect([web.host, web.vmState, web.migrations[0]?.status]).toEqual(["h1", "active", "reverted"]);
  expect(charges()).toEqual(["web on h1"]);
});

test("a live migration changes the host at its end", () => {
  const before = cloud.log.last;
  migrateLive(cloud.world, web, admin, "h3");
  clock.settle();
  expect(story(web, before)).toEqual([
    "MIGRATING migrating",
    "accepted",
    "preparing",
    "running",
    "on h3",
    "completed",
    "ACTIVE",
  ]);
  expect(charges()).toEqual(["web on h3"]);
});

test("a stopped instance is stopped again after its migration", () => {
  begin({ instances: [{ name: "web", project: "shop", host: "h1", status: "SHUTOFF" }] });
  migrate(cloud.world, web, admin, null);
  clock.settle();
  confirmResize(cloud.world, web, admin);
  clock.settle();
  expect(web.vmState).toBe("stopped");
});

test("the record of a migration comes later than the answer to the request", () => {
  migrate(cloud.world, web, admin, null);
  expect(web.migrations).toHaveLength(0);
  clock.advance(0.3);
  expect(web.migrations).toHaveLength(1);
});

const faults: readonly {
  readonly name: string;
  readonly live?: true;
  readonly effect: MoveEffect;
  readonly ends: { vm: string; host: string; migration: string; message: string | null; charged: string[] };
}[] = [
  {
    name: "no valid host for a cold migration",
    effect: { kind: "fails", at: "schedule" },
    ends: { vm: "active", host: "h1", migration: "error", message: "Error", charged: ["web on h1"] },
  },
  {
    name: "no valid host for a live migration",
    live: true,
    effect: { kind: "fails", at: "schedule" },
    ends: { vm: "active", host: "h1", migration: "error", message: "Error", charged: ["web on h1"] },
  },
  {
    name: "the destination refuses",
    live: true,
    effect: { kind: "fails", at: "check_can_live_migrate_destination" },
    ends: { vm: "active", host: "h1", migration: "error", message: "Error", charged: ["web on h1"] },
  },
  {
    name: "the destination cannot prepare",
    live: true,
    effect: { kind: "fails", at: "pre_live_migration" },
    ends: { vm: "active", host: "h1", migration: "failed", message: "Error", charged: ["web on h1"] },
  },
  {
    name: "the hypervisor rolls a live migration back, which no action tells",
    live: true,
    effect: { kind: "fails", at: "live_migration" },
    ends: { vm: "active", host: "h1", migration: "failed", message: null, charged: ["web on h1"] },
  },
  {
    name: "the source cannot let go, and takes it back",
    effect: { kind: "fails", at: "migrate_disk_and_power_off", soft: true },
    ends: { vm: "active", host: "h1", migration: "error", message: "Error", charged: ["web on h1"] },
  },
  {
    name: "the source cannot let go",
    effect: { kind: "fails", at: "migrate_disk_and_power_off" },
    ends: { vm: "error", host: "h1", migration: "error", message: "Error", charged: ["web on h1"] },
  },
  {
    name: "the destination cannot start it",
    effect: { kind: "fails", at: "finish_migration" },
    ends: { vm: "error", host: "h2", migration: "error", message: "Error", charged: ["web on h2"] },
  },
  {
    name: "it lands on another host than asked",
    live: true,
    effect: { kind: "lands_on", host: "h3" },
    ends: { vm: "active", host: "h3", migration: "completed", message: null, charged: ["web on h3"] },
  },
];

test.each(faults)("$name", ({ live, effect, ends }) => {
  cloud.failMoves({ effect });
  (live ? migrateLive : migrate)(cloud.world, web, admin, "h2");
  clock.settle();
  expect({
    vm: web.vmState,
    host: web.host,
    migration: web.migrations[0]?.status,
    message: web.actions.at(-1)?.message,
    charged: charges(),
  }).toEqual(ends);
  expect(web.taskState).toBeNull();
  expect(cloud.checkInvariants()).toEqual([]);
});

test("a failed confirmation leaves ERROR on the destination; reset and hard reboot heal it", () => {
  cloud.failMoves({ effect: { kind: "fails", at: "confirm_migration" } });
  migrate(cloud.world, web, admin, "h2");
  clock.settle();
  confirmResize(cloud.world, web, admin);
  clock.settle();
  expect([web.vmState, web.host]).toEqual(["error", "h2"]);
  expect(() => confirmResize(cloud.world, web, admin)).toThrow("while it is in vm_state error");
  resetState(cloud.world, web, "active");
  rebootHard(cloud.world, web, admin);
  clock.settle();
  expect([web.vmState, charges()]).toEqual(["active", ["web on h2"]]);
});

test("a fault strikes as often as told, and only whom it names", () => {
  begin({
    instances: [
      { name: "web", project: "shop", host: "h1" },
      { name: "db", project: "shop", host: "h1" },
    ],
  });
  cloud.failMoves({ instance: "web", times: 2, effect: { kind: "fails", at: "schedule" } });
  const db = cloud.instance("db");
  migrateLive(cloud.world, db, admin, "h2");
  for (const round of [1, 2, 3]) {
    migrateLive(cloud.world, web, admin, "h2");
    clock.settle();
    expect(web.host).toBe(round === 3 ? "h2" : "h1");
  }
  expect(db.host).toBe("h2");
});

test("a live migration that hangs can be aborted", () => {
  cloud.failMoves({ effect: { kind: "hangs", seconds: null } });
  migrateLive(cloud.world, web, admin, "h2");
  clock.settle();
  const [migration] = web.migrations;
  expect([web.taskState, migration?.status]).toEqual(["migrating", "running"]);
  abortLiveMigration(cloud.world, web, migration!, admin);
  clock.settle();
  expect([web.taskState, web.host, migration?.status, charges()]).toEqual([null, "h1", "cancelled", ["web on h1"]]);
});

test("a live migration that hangs can be forced to its end", () => {
  cloud.failMoves({ effect: { kind: "hangs", seconds: 600 } });
  migrateLive(cloud.world, web, admin, "h2");
  clock.advance(5);
  forceCompleteLiveMigration(cloud.world, web, web.migrations[0]!, admin);
  clock.advance(1);
  expect([web.host, web.migrations[0]?.status]).toEqual(["h2", "completed"]);
});

test("one live migration leaves a host at a time, the others are queued", () => {
  begin({
    instances: ["web", "db", "mail"].map((name) => ({ name, project: "shop", host: "h1" })),
    times: { liveCopy: 2 },
  });
  const statuses = (): (string | undefined)[] =>
    ["web", "db", "mail"].map((name) => cloud.instance(name).migrations[0]?.status);
  for (const name of ["web", "db", "mail"]) migrateLive(cloud.world, cloud.instance(name), admin, null);
  clock.advance(2);
  expect(statuses()).toEqual(["running", "queued", "queued"]);
  abortLiveMigration(cloud.world, cloud.instance("db"), cloud.instance("db").migrations[0]!, admin);
  clock.advance(2);
  expect(statuses()).toEqual(["completed", "cancelled", "running"]);
  clock.settle();
  expect(statuses()).toEqual(["completed", "cancelled", "completed"]);
});

test.each([
  { name: "disabled", close: () => cloud.disable("h2") },
  { name: "down", close: () => (cloud.crash("h2"), clock.advance(61)) },
  { name: "its own", close: () => undefined, asked: "h1" },
])("no live migration goes to a host that is $name", ({ close, asked = "h2" }) => {
  close();
  migrateLive(cloud.world, web, admin, asked);
  clock.settle();
  expect([web.host, web.vmState, web.migrations[0]?.status]).toEqual(["h1", "active", "error"]);
});

test("members of an anti-affinity group never meet, not even on their way", () => {
  begin({
    instances: [
      { name: "web", project: "shop", group: "apart", host: "h1" },
      { name: "db", project: "shop", group: "apart", host: "h2" },
    ],
  });
  const db = cloud.instance("db");
  migrate(cloud.world, web, admin, "h3");
  migrateLive(cloud.world, db, admin, "h3");
  clock.settle();
  expect([web.host, db.host, db.migrations[0]?.status]).toEqual(["h3", "h2", "error"]);
  expect(cloud.checkInvariants()).toEqual([]);
});

test("a full cloud has no valid host", () => {
  begin({ hosts: ["h1", "h2"].map((name) => ({ name, vcpus: 1 })) });
  cloud.asTenant("shop").boot({ name: "db" });
  clock.settle();
  expect(cloud.instance("db").host).toBe("h2");
  migrate(cloud.world, web, admin, null);
  clock.settle();
  expect([web.host, web.vmState, web.migrations[0]?.status]).toEqual(["h1", "active", "error"]);
  cloud.asTenant("shop").delete("db");
  clock.settle();
  migrate(cloud.world, web, admin, null);
  clock.settle();
  expect(web.host).toBe("h2");
});

test("a boot that finds no host ends in ERROR on none", () => {
  for (const host of ["h1", "h2", "h3"]) cloud.disable(host);
  const db = cloud.asTenant("shop").boot({ name: "db" });
  clock.settle();
  expect([db.vmState, db.host]).toEqual(["error", null]);
  expect(db.fault?.message).toBe("No valid host was found. There are not enough hosts available.");
});

test("a delete while a confirmation is at work breaks the instance; the second one works", () => {
  migrate(cloud.world, web, admin, null);
  clock.settle();
  confirmResize(cloud.world, web, admin);
  expect(() => deleteInstance(cloud.world, web, admin)).toThrow("Unexpected API Error");
  clock.settle();
  expect(web.vmState).toBe("error");
  deleteInstance(cloud.world, web, admin);
  clock.settle();
  expect([cloud.world.instances, charges()]).toEqual([[], []]);
});

test.each([
  { name: "live", begin: () => migrateLive(cloud.world, web, admin, "h2") },
  { name: "cold", begin: () => migrate(cloud.world, web, admin, "h2") },
])("an instance deleted during its $name migration leaves nothing behind", ({ begin: start }) => {
  start();
  clock.advance(3);
  deleteInstance(cloud.world, web, admin);
  clock.settle();
  expect([cloud.world.instances, charges(), cloud.host("h2").arriving.size]).toEqual([[], [], 0]);
});

test("a source that just died keeps a live migration waiting until it is back", () => {
  cloud.crash("h1");
  migrateLive(cloud.world, web, admin, "h2");
  clock.settle();
  expect([web.taskState, web.migrations[0]?.status]).toEqual(["migrating", "accepted"]);
  cloud.comeBack("h1");
  clock.settle();
  expect([web.host, web.taskState]).toEqual(["h2", null]);
});

test("a source that dies while copying and returns: the migration lies, the host of the server does not", () => {
  migrateLive(cloud.world, web, admin, "h2");
  clock.advance(2);
  cloud.crash("h1");
  clock.advance(300);
  expect(web.taskState).toBe("migrating");
  cloud.comeBack("h1");
  clock.settle();
  expect([web.vmState, web.taskState, web.host]).toEqual(["active", null, "h1"]);
  expect(web.migrations[0]).toMatchObject({ status: "completed", destination: "h2" });
  expect(charges()).toEqual(["web on h2"]);
  expect(cloud.checkInvariants().map(({ kind }) => kind)).toEqual(["allocation_astray"]);
  // Moving it again sets it right.
  migrateLive(cloud.world, web, admin, "h3");
  clock.settle();
  expect([web.host, charges(), cloud.checkInvariants()]).toEqual(["h3", ["web on h3"], []]);
});

test("a destination that dies while a live migration runs: rolled back", () => {
  migrateLive(cloud.world, web, admin, "h2");
  clock.advance(2);
  cloud.crash("h2");
  clock.settle();
  expect([web.host, web.taskState, web.migrations[0]?.status, charges()]).toEqual([
    "h1",
    null,
    "failed",
    ["web on h1"],
  ]);
});

test("a destination that dies while a cold migration copies: ERROR on the source", () => {
  migrate(cloud.world, web, admin, "h2");
  clock.advance(3);
  cloud.crash("h2");
  clock.settle();
  expect([web.host, web.vmState, charges()]).toEqual(["h1", "error", ["web on h1"]]);
});

test("from a host that is down an instance is evacuated", () => {
  cloud.crash("h1");
  clock.advance(61);
  evacuate(cloud.world, web, admin, null);
  clock.settle();
  expect([web.host, web.vmState, web.migrations[0]?.type]).toEqual(["h2", "active", "evacuation"]);
});

test("the log tells who was on a host and when", () => {
  const from = new Date(clock.now() + 1000);
  clock.advance(2);
  migrate(cloud.world, web, admin, "h2");
  clock.settle();
  const verify = new Date(clock.now());
  clock.advance(60);
  confirmResize(cloud.world, web, admin);
  clock.settle();
  const gone = new Date(clock.now());
  clock.advance(60);
  const events = cloud.log.events();
  const who = (start: Date, end: Date): string[] =>
    occupants(events, "h1", { from: start, until: end }).map(({ as }) => as);
  expect(who(from, verify)).toEqual(["charge", "guest", "charge"]);
  expect(who(verify, new Date(verify.getTime() + 1000))).toEqual(["charge"]);
  expect(who(gone, new Date(clock.now()))).toEqual([]);
});
