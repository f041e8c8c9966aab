/** Random small clouds, projects, faults and surprises: every session comes to its end, and nothing is broken on the way. */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { HostName, InstanceId } from "../../../src/domain/ids.ts";
import type { PlannedCourse } from "../../../src/domain/planned-course.ts";
import type { InstanceAction } from "../../../src/domain/session.ts";
import { host, instance } from "../../support/a-view.ts";
import { type Manager, type Played, play, type Script } from "../play.ts";
import type { World } from "../world.ts";

const policy = fc.constantFrom("fail" as const, "proceed" as const, "skip_host" as const);
const orSkip = fc.constantFrom("fail" as const, "skip_host" as const);

const options = fc.record({
  on_no_manager: policy,
  on_silence: policy,
  on_nack: policy,
  on_failed_move: orSkip,
  on_failed_action: orSkip,
  failed_host: fc.constantFrom("enable" as const, "keep_disabled" as const),
  default_action: fc.constantFrom("MIGRATE" as const, "LIVE_MIGRATE" as const),
  move_retries: fc.integer({ min: 0, max: 2 }),
  hosts_at_once: fc.constantFrom(1, 2, 5),
  moves_at_once: fc.integer({ min: 1, max: 3 }),
  scale_in_rounds: fc.integer({ min: 1, max: 3 }),
});

/** How a project behaves: one habit per question it gets, the last one for all that follow. */
const habit = fc.record({
  answer: fc.constantFrom("ACK" as const, "ACK" as const, "ACK" as const, "NACK" as const, "silence" as const),
  action: fc.constantFrom<InstanceAction>("MIGRATE", "LIVE_MIGRATE", "OWN_ACTION"),
  afterSeconds: fc.integer({ min: 1, max: 60 }),
  frees: fc.integer({ min: 0, max: 2 }),
  keepsItsWord: fc.boolean(),
});
type Habit = typeof habit extends fc.Arbitrary<infer T> ? T : never;

const manager = (habits: readonly Habit[]): Manager => {
  let asked = 0;
  return (question, world) => {
    const now = habits[Math.min(asked++, habits.length - 1)];
    if (!now || now.answer === "silence") return null;
    const own = now.action === "OWN_ACTION" && now.keepsItsWord ? question.instances : [];
    const freed = question.state === "SCALE_IN" ? question.instances.slice(0, now.frees) : own;
    return {
      answer: now.answer,
      action: now.action,
      afterSeconds: now.afterSeconds,
      does: () => world.remove(...freed),
    };
  };
};

const surprise = fc.record({
  atSeconds: fc.integer({ min: 0, max: 600 }),
  kind: fc.constantFrom(
    "appears",
    "vanishes",
    "stops",
    "breaks",
    "busy",
    "host down",
    "host up",
    "closed by others",
    "opened",
    "lost",
    "ghost",
    "no ghost",
  ),
  at: fc.nat(3),
});

function happen({ kind, at }: { kind: string; at: number }, world: World): void {
  const host = world.computes[at % Math.max(1, world.computes.length)];
  const instance = world.instances[at % Math.max(1, world.instances.length)];
  const still = instance && !world.moving.has(instance.id) ? instance : undefined;
  if (!host) return;
  switch (kind) {
    case "appears": {
      const id = `late-${world.instances.length}-${at}`;
      const room =
        (host.capacity["VCPU"] ?? 0) -
        (world.facts().computes.find(({ name }) => name === host.name)?.used["VCPU"] ?? 0);
      if (room >= 1 && host.door.kind === "open" && host.up)
        world.add({ [id]: { on: host.name, project: at % 2 === 0 ? "shop" : "late" } });
      return;
    }
    case "vanishes":
      return still && world.remove(still.id);
    case "stops":
      return still && world.change(still.id, { status: "SHUTOFF" });
    case "breaks":
      return still && world.change(still.id, { status: "ERROR" });
    case "busy":
      return still && world.change(still.id, { taskState: "image_snapshot" });
    case "host down":
      return world.setHost(host.name, { up: false });
    case "host up":
      return world.setHost(host.name, { up: true });
    case "closed by others":
      return host.door.kind === "open"
        ? world.setHost(host.name, { door: { kind: "closed", reason: "disk" } })
        : undefined;
    case "opened":
      return host.door.kind === "closed" && host.door.reason === "disk"
        ? world.setHost(host.name, { door: { kind: "open" } })
        : undefined;
    case "lost":
      if (world.on(host.name).length === 0 && ![...world.moving.values()].includes(host.name))
        world.computes = world.computes.filter((one) => one !== host);
      return;
    case "ghost":
      // What a deletion leaves in Placement is left before the host is closed and found empty.
      if (host.door.kind === "open") world.ghosts.set(host.name, ["ghost"]);
      return;
    case "no ghost":
      world.ghosts.clear();
  }
}

const sketch = fc.record({
  rooms: fc.array(fc.integer({ min: 2, max: 6 }), { minLength: 0, maxLength: 4 }),
  sizes: fc.array(
    fc.record({
      size: fc.integer({ min: 1, max: 3 }),
      project: fc.constantFrom("shop", "bank", "nobody"),
      apart: fc.boolean(),
    }),
    { maxLength: 7 },
  ),
  controllers: fc.subarray(["c0", "k1"]),
  outside: fc.boolean(),
  options,
  shop: fc.array(habit, { minLength: 1, maxLength: 5 }),
  bank: fc.array(habit, { minLength: 1, maxLength: 5 }),
  actions: fc.array(
    fc.constantFrom("pre" as const, "host" as const, "compute" as const, "controller" as const, "post" as const),
    { maxLength: 4 },
  ),
  moveFaults: fc.array(fc.boolean(), { maxLength: 6 }),
  actionFaults: fc.array(fc.boolean(), { maxLength: 6 }),
  surprises: fc.array(surprise, { maxLength: 4 }),
  plan: fc.option(
    fc.record({
      order: fc.shuffledSubarray([0, 1, 2, 3]),
      goals: fc.array(fc.tuple(fc.nat(6), fc.nat(3), fc.nat(3)), { maxLength: 8 }),
    }),
  ),
});
type Sketch = typeof sketch extends fc.Arbitrary<infer T> ? T : never;

/** As wrong as can be: the hosts in any order, the instances to anywhere. */
function courseOf({ order, goals }: NonNullable<Sketch["plan"]>): PlannedCourse {
  const bySource = new Map<InstanceId, Map<HostName, HostName>>();
  for (const [id, from, to] of goals) {
    const known = bySource.get(instance(`i${id}`)) ?? new Map<HostName, HostName>();
    bySource.set(instance(`i${id}`), known.set(host(`c${from}`), host(`c${to}`)));
  }
  return {
    visits: new Map(order.map((name, place) => [host(`c${name}`), { from: 100 * place, until: 100 * place + 100 }])),
    goals: bySource,
  };
}

/** Faults and habits are used up as a session goes, so each session gets its own. */
function scriptOf(given: Sketch): Script {
  const names = given.rooms.map((_, n) => `c${n}`);
  const used = new Map<string, number>();
  const members = new Set<string>();
  const grouped: string[] = [];
  const instances = Object.fromEntries(
    given.sizes.flatMap(({ size, project, apart }, n) => {
      const on = names.find(
        (name, at) => (used.get(name) ?? 0) + size <= (given.rooms[at] ?? 0) && !(apart && members.has(name)),
      );
      if (on === undefined) return [];
      used.set(on, (used.get(on) ?? 0) + size);
      if (apart) members.add(on);
      if (apart) grouped.push(`i${n}`);
      return [[`i${n}`, { on, vcpus: size, project }] as const];
    }),
  );
  const hosts = Object.fromEntries(names.map((name, n) => [name, { vcpus: given.rooms[n] ?? 0 }]));
  const inSession = [...new Set([...names, ...given.controllers])].slice(given.outside ? 1 : 0);
  const fails = { move: [...given.moveFaults], action: [...given.actionFaults] };
  return {
    cloud: {
      hosts,
      instances,
      groups: { web: { members: grouped } },
      controllers: given.controllers,
    },
    hosts: inSession,
    options: given.options,
    ...(given.plan && { plan: courseOf(given.plan) }),
    actions: given.actions.map((phase) => ({ plugin: phase, phase })),
    managers: { shop: manager(given.shop), bank: manager(given.bank) },
    moveFails: () => (fails.move.shift() ? "the hypervisor said no" : null),
    actionFails: () => (fails.action.shift() ? "exit code 1" : null),
    events: given.surprises.map((one) => ({ atSeconds: one.atSeconds, happens: (world) => happen(one, world) })),
  };
}

function expectWellEnded(played: Played): void {
  const story = `${played.timeline.join("\n")}\n${played.failure?.reason ?? ""}`;
  expect(played.world.breaches, story).toEqual([]);
  expect(["MAINTENANCE_DONE", "MAINTENANCE_FAILED"], story).toContain(played.state);
  expect(played.failure === null, story).toBe(played.state === "MAINTENANCE_DONE");
  const { maintained, notMaintained } = played.report;
  for (const { reason } of [...notMaintained, ...played.report.stillClosed]) expect(reason, story).not.toBe("");
  expect(new Set([...maintained, ...notMaintained.map(({ host }) => host)]).size, story).toBe(
    maintained.length + notMaintained.length,
  );
}

test("any session over any small cloud ends well or with a reason, and so does its continuation", () => {
  fc.assert(
    fc.property(
      sketch,
      fc.option(
        fc.constantFrom(
          "MAINTENANCE",
          "SCALE_IN",
          "PREPARE_MAINTENANCE",
          "START_MAINTENANCE",
          "PLANNED_MAINTENANCE",
          "MAINTENANCE_COMPLETE",
        ),
      ),
      (given, again) => {
        const played = play(scriptOf(given));
        expectWellEnded(played);
        if (played.state === "MAINTENANCE_FAILED") expectWellEnded(played.resume(again ?? undefined));
      },
    ),
    { numRuns: Number(process.env["FENIX_PROPERTY_RUNS"] ?? 150) },
  );
}, 600_000);
