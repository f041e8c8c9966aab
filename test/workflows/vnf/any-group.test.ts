/**
 * Random small clouds with declared groups, under the workflow vnf: pairs that are kept apart, recovery times, members
 * that stop and start, own actions that are kept, broken, or done by a successor, and moves of other sessions. The player
 * counts I2 and I9 by itself; every session comes to its end (L1).
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  constraintsFrom,
  type GroupConstraints,
  GroupId,
  type InstanceAction,
  type InstanceConstraints,
  InstanceId,
  ProjectId,
} from "#sdk";
import { later } from "../../support/a-view.ts";
import { type Manager, play, type Script } from "../play.ts";
import type { World } from "../world.ts";

const orSkip = fc.constantFrom("fail" as const, "skip_host" as const);
const policy = fc.constantFrom("fail" as const, "proceed" as const, "skip_host" as const);

const options = fc.record({
  on_silence: policy,
  on_nack: policy,
  on_failed_move: orSkip,
  on_no_spare_room: fc.constantFrom("proceed" as const, "scale_in" as const),
  own_action_seconds: fc.constantFrom(60, 200),
  move_retries: fc.integer({ min: 0, max: 2 }),
  hosts_at_once: fc.constantFrom(1, 2, 5),
  moves_at_once: fc.integer({ min: 1, max: 4 }),
  scale_in_rounds: fc.integer({ min: 1, max: 3 }),
});

const group = fc.record({
  members: fc.integer({ min: 1, max: 4 }),
  max: fc.integer({ min: 1, max: 3 }),
  recovery: fc.constantFrom(0, 7, 90),
  apart: fc.boolean(),
  mitigation: fc.boolean(),
  migrationType: fc.constantFrom<InstanceAction>("MIGRATE", "OWN_ACTION"),
});

const habit = fc.record({
  answer: fc.constantFrom(
    "ACK" as const,
    "ACK" as const,
    "ACK" as const,
    "ACK" as const,
    "NACK" as const,
    "silence" as const,
  ),
  action: fc.constantFrom<InstanceAction>("MIGRATE", "LIVE_MIGRATE", "OWN_ACTION"),
  afterSeconds: fc.integer({ min: 1, max: 60 }),
  /** What becomes of a promise: done before the reply, done later, done by a successor, or not at all. */
  own: fc.constantFrom("at once", "later", "successor", "never"),
  frees: fc.integer({ min: 0, max: 2 }),
  changesItsMind: fc.boolean(),
});
type Habit = typeof habit extends fc.Arbitrary<infer T> ? T : never;

const surprise = fc.record({
  atSeconds: fc.integer({ min: 0, max: 900 }),
  kind: fc.constantFrom("stops", "breaks", "starts", "host down", "host up"),
  at: fc.nat(9),
});

const sketch = fc.record({
  rooms: fc.array(fc.integer({ min: 2, max: 6 }), { minLength: 2, maxLength: 5 }),
  groups: fc.array(group, { minLength: 1, maxLength: 3 }),
  alone: fc.integer({ min: 0, max: 2 }),
  outside: fc.boolean(),
  options,
  habits: fc.array(habit, { minLength: 1, maxLength: 8 }),
  moveFaults: fc.array(fc.boolean(), { maxLength: 4 }),
  others: fc.array(fc.record({ member: fc.nat(9), from: fc.nat(400), takes: fc.integer({ min: 1, max: 200 }) }), {
    maxLength: 2,
  }),
  surprises: fc.array(surprise, { maxLength: 4 }),
});
type Sketch = typeof sketch extends fc.Arbitrary<infer T> ? T : never;

function happen({ kind, at }: { kind: string; at: number }, world: World): void {
  const host = world.computes[at % Math.max(1, world.computes.length)];
  const instance = world.instances[at % Math.max(1, world.instances.length)];
  if (!host || !instance) return;
  const isStill = !world.moving.has(instance.id);
  if (kind === "stops" && isStill) world.change(instance.id, { status: "SHUTOFF" });
  if (kind === "breaks" && isStill) world.change(instance.id, { status: "ERROR" });
  if (kind === "starts" && isStill) world.change(instance.id, { status: "ACTIVE" });
  if (kind === "host down") world.setHost(host.name, { up: false });
  if (kind === "host up") world.setHost(host.name, { up: true });
}

interface Playable {
  readonly script: Script;
  /** Declared by managers for successors, as the session goes. */
  readonly successors: InstanceConstraints[];
}

function scriptOf(given: Sketch): Playable {
  const shop = ProjectId.parse("shop");
  const names = given.rooms.map((_, n) => `c${n}`);
  const used = new Map<string, number>();
  const instances: Record<string, { on: string; project: string }> = {};
  const groups: GroupConstraints[] = [];
  const members: InstanceConstraints[] = [];
  const put = (name: string, taken: ReadonlySet<string>): string | null => {
    const on = names.find((host, at) => (used.get(host) ?? 0) < (given.rooms[at] ?? 0) && !taken.has(host));
    if (on === undefined) return null;
    used.set(on, (used.get(on) ?? 0) + 1);
    instances[name] = { on, project: "shop" };
    return on;
  };
  for (const [n, one] of given.groups.entries()) {
    const id = GroupId.parse(`g${n}`);
    const recoveryTimeSeconds = one.recovery;
    groups.push({
      ...{ group: id, project: shop, name: id, antiAffinity: one.apart, maxInstancesPerHost: one.apart ? 1 : 0 },
      ...{ maxImpactedMembers: one.max, recoveryTimeSeconds, resourceMitigation: one.mitigation },
    });
    const taken = new Set<string>();
    for (let m = 0; m < one.members; m++) {
      const name = `g${n}m${m}`;
      const on = put(name, one.apart ? taken : new Set());
      if (on === null) continue;
      taken.add(on);
      members.push({
        ...{ instance: InstanceId.parse(name), project: shop, group: id, name, maxInterruptionSeconds: 0 },
        ...{
          migrationType: one.migrationType,
          resourceMitigation: false,
          leadTimeSeconds: n * 20,
          declaredAt: later(-10),
        },
      });
    }
  }
  for (let n = 0; n < given.alone; n++) put(`x${n}`, new Set());
  const successors: InstanceConstraints[] = [];
  let declared = constraintsFrom(members, groups);
  /** With the time at which they were declared. */
  const known: InstanceConstraints[] = [];
  const faults = [...given.moveFaults];
  return {
    successors,
    script: {
      workflow: "vnf",
      cloud: {
        hosts: Object.fromEntries(names.map((name, n) => [name, { vcpus: given.rooms[n] ?? 0 }])),
        instances,
      },
      hosts: names.slice(given.outside ? 1 : 0),
      options: given.options,
      constraints: (seconds) => {
        if (successors.length === known.length) return declared;
        known.push(...successors.slice(known.length).map((one) => ({ ...one, declaredAt: later(seconds) })));
        declared = constraintsFrom([...members, ...known], groups);
        return declared;
      },
      managers: { shop: managerOf(given.habits, members, successors) },
      moveFails: () => (faults.shift() ? "the hypervisor said no" : null),
      otherMoves: given.others.flatMap(({ member, from, takes }) => {
        const one = members[member % Math.max(1, members.length)];
        return one ? [{ instance: one.instance, from, to: from + takes }] : [];
      }),
      events: given.surprises.map((one) => ({ atSeconds: one.atSeconds, happens: (world) => happen(one, world) })),
    },
  };
}

/** One habit for each question, and none for ever: the last one is a plain yes. */
function managerOf(
  habits: readonly Habit[],
  members: readonly InstanceConstraints[],
  successors: InstanceConstraints[],
): Manager {
  let asked = 0;
  return (question, world) => {
    const habit = habits[asked++];
    const action = "MIGRATE" as const;
    if (!habit) return { answer: "ACK", action };
    if (habit.answer === "silence") return null;
    const own = habit.answer === "ACK" && habit.action === "OWN_ACTION" && question.instance !== null;
    const leave = () => {
      if (question.state === "SCALE_IN") world.remove(...question.instances.slice(0, habit.frees));
      if (!own || question.instance === null || world.moving.has(question.instance)) return;
      if (habit.own === "at once") world.remove(question.instance);
      if (habit.own === "successor") succeed(world, question.instance);
    };
    const later =
      own && habit.own === "later" ? { answer: "ACK" as const, action: habit.action, afterSeconds: 30 } : null;
    const gone = later && { ...later, does: () => question.instance !== null && world.remove(question.instance) };
    const mind = habit.changesItsMind ? { answer: "ACK" as const, action, afterSeconds: 3 } : null;
    const afterwards = gone ?? mind;
    return {
      ...{ answer: habit.answer, action: habit.action, afterSeconds: habit.afterSeconds, does: leave },
      ...(afterwards
        ? { afterwards: { ...afterwards, does: () => void (gone?.does as (() => unknown) | undefined)?.() } }
        : {}),
    };
  };

  /** A new instance, declared to take the place of the old one, which goes. */
  function succeed(world: World, old: InstanceId): void {
    const known = [...members, ...successors].find(({ instance }) => instance === old);
    const from = world.instances.find(({ id }) => id === old);
    const group = known?.group;
    const shared = [...members, ...successors].filter((one) => one.group === group && group !== undefined);
    const goal = world.computes.find(
      ({ name, up, door, capacity }) =>
        name !== from?.host &&
        up &&
        door.kind === "open" &&
        (capacity["VCPU"] ?? 0) >
          world.on(name).length + [...world.moving.values()].filter((to) => to === name).length &&
        !shared.some(
          ({ instance }) => world.moving.get(instance) === name || world.on(name).some(({ id }) => id === instance),
        ),
    );
    world.remove(old);
    if (!goal) return;
    // It takes room that the session's last look showed as free; who is sent there is refused, and goes elsewhere.
    world.surprised = true;
    const name = `${old}+`;
    world.add({ [name]: { on: goal.name } });
    if (known) successors.push({ ...known, instance: InstanceId.parse(name), replaces: old });
  }
}

test("any session over any small cloud with declared groups ends, and no group is short of more members than it allows", () => {
  fc.assert(
    fc.property(sketch, (given) => {
      const { script } = scriptOf(given);
      const played = play(script);
      const story = `${played.timeline.join("\n")}\n${played.failure?.reason ?? ""}`;
      expect(played.world.breaches, story).toEqual([]);
      expect(["MAINTENANCE_DONE", "MAINTENANCE_FAILED"], story).toContain(played.state);
      expect(played.failure === null, story).toBe(played.state === "MAINTENANCE_DONE");
    }),
    { numRuns: Number(process.env["FENIX_PROPERTY_RUNS"] ?? 150) },
  );
}, 600_000);
