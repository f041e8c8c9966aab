/** Whole sessions of the workflow vnf under constraints. The player counts I2 and I9 by itself after every turn. */
import { describe, expect, test } from "vitest";
import {
  constraintsFrom,
  type GroupConstraints,
  GroupId,
  HostName,
  type InstanceConstraints,
  InstanceId,
  ProjectId,
} from "#sdk";
import { later } from "../../support/a-view.ts";
import { done, failed } from "../outcomes.ts";
import { agree, type Manager, play, type Played, type Script } from "../play.ts";
import type { World } from "../world.ts";

const shop = ProjectId.parse("shop");
const web = GroupId.parse("web");

const declared = (
  names: readonly string[],
  group: Partial<GroupConstraints> = {},
  each: Partial<InstanceConstraints> = {},
) =>
  constraintsFrom(
    names.map((name) => ({
      instance: InstanceId.parse(name),
      project: shop,
      group: web,
      name,
      maxInterruptionSeconds: 120,
      migrationType: "MIGRATE" as const,
      resourceMitigation: true,
      leadTimeSeconds: 10,
      ...each,
    })),
    [
      {
        group: web,
        project: shop,
        name: "web",
        antiAffinity: false,
        maxInstancesPerHost: 0,
        maxImpactedMembers: 1,
        recoveryTimeSeconds: 60,
        resourceMitigation: true,
        ...group,
      },
    ],
  );

const names = ["a", "b", "c", "d"];
const onOneHost = Object.fromEntries(names.map((name) => [name, { on: "c1" }]));
const script = (changes: Partial<Script> = {}): Script => ({
  workflow: "vnf",
  cloud: { hosts: { c1: {}, c2: {}, c3: {} }, instances: onOneHost },
  hosts: ["c1"],
  managers: { shop: agree },
  ...changes,
});

/** When the moves began, in seconds. */
const movesAt = ({ timeline }: Played): readonly number[] =>
  timeline.filter((line) => line.includes("MIGRATE ")).map((line) => Number.parseInt(line, 10));

describe("max impacted members and recovery time (I2)", () => {
  test("one at a time: the next move begins when the member before has recovered", () => {
    const played = done(script({ constraints: declared(names) }));
    const times = movesAt(played);
    expect(times).toHaveLength(4);
    // Ten seconds of moving and sixty of recovering; then a look at the others, since the last one is a minute old.
    expect(times.slice(1).map((at, index) => at - (times[index] ?? 0))).toEqual([71, 71, 71]);
    expect(played.mostImpacted).toBe(1);
  });

  test.each([
    { max: 2, most: 2 },
    { max: 3, most: 3 },
    { max: 9, most: 4 },
  ])("at most $max: $most are impacted at once, and each recovers by itself", ({ max, most }) => {
    const played = done(script({ constraints: declared(names, { maxImpactedMembers: max }) }));
    expect(played.mostImpacted).toBe(most);
  });

  test("the recovery time holds beyond the host: the next host's move waits too", () => {
    const played = done(
      script({
        cloud: { hosts: { c1: {}, c2: {}, c3: {} }, instances: { a: { on: "c1" }, b: { on: "c2" } } },
        hosts: ["c1", "c2"],
        constraints: declared(["a", "b"], { recoveryTimeSeconds: 200 }),
      }),
    );
    const [first = 0, second = 0] = movesAt(played);
    expect(second - first).toBeGreaterThanOrEqual(210);
  });

  test("a member that another session moves counts, until it has recovered there", () => {
    const played = done(
      script({ constraints: declared([...names, "far"]), otherMoves: [{ instance: "far", from: 0, to: 300 }] }),
    );
    expect(movesAt(played)[0]).toBeGreaterThanOrEqual(360);
    expect(played.mostImpacted).toBe(1);
  });

  test("several hosts at a time are held to it as well", () => {
    const spread = Object.fromEntries(names.map((name, index) => [name, { on: `c${index + 1}` }]));
    const played = done(
      script({
        cloud: { hosts: { c1: {}, c2: {}, c3: {}, c4: {}, c5: {} }, instances: spread },
        hosts: ["c1", "c2", "c3", "c4"],
        options: { hosts_at_once: 4 },
        constraints: declared(names),
      }),
    );
    expect(played.report.maintained).toHaveLength(4);
    expect(played.mostImpacted).toBe(1);
  });

  test("while a project moves a member itself, no other is moved", () => {
    const own: Manager = (question, world) =>
      question.instance === "a" ? { answer: "ACK", action: "OWN_ACTION" } : agree(question, world);
    const played = done(
      script({
        managers: { shop: own },
        constraints: declared(names, { recoveryTimeSeconds: 0 }),
        events: [{ atSeconds: 200, happens: (world) => world.remove("a") }],
      }),
    );
    expect(movesAt(played)[0]).toBeGreaterThanOrEqual(200);
  });

  test.each([1, 2])("a promise that is not kept holds no place beyond its time (%i hosts at once)", (hosts_at_once) => {
    const own: Manager = (question, world) =>
      question.instance === "a" ? { answer: "ACK", action: "OWN_ACTION" } : agree(question, world);
    const played = done(
      script({
        cloud: { hosts: { c1: {}, c2: {}, c3: {} }, instances: { a: { on: "c1" }, b: { on: "c2" } } },
        hosts: ["c1", "c2"],
        options: { hosts_at_once, on_silence: "skip_host", own_action_seconds: 200 },
        managers: { shop: own },
        constraints: declared(["a", "b"]),
      }),
    );
    expect(played.statusOf("c1")).toBe("skipped");
    expect(played.statusOf("c2")).toBe("maintained");
  });

  test("an instance that its project moved to a host that is emptied later is asked about again", () => {
    const own: Manager = (question, world) =>
      question.instance === "a" && world.instances.some(({ id, host }) => id === "a" && host === "c1")
        ? { answer: "ACK", action: "OWN_ACTION", does: () => world.change("a", { host: HostName.parse("c3") }) }
        : agree(question, world);
    const instances = { a: { on: "c1" }, b: { on: "c2" }, d: { on: "c3" }, e: { on: "c3" } };
    const played = done(
      script({
        cloud: { hosts: { c1: {}, c2: {}, c3: {}, c4: {} }, instances },
        hosts: ["c1", "c2", "c3"],
        options: { hosts_at_once: 2 },
        managers: { shop: own },
        constraints: declared(["a", "b"], { recoveryTimeSeconds: 5 }),
      }),
    );
    expect(played.report.maintained).toEqual(["c1", "c2", "c3"]);
    expect(played.asked.filter(({ instance }) => instance === "a")).toHaveLength(2);
    expect(played.timeline.some((line) => line.includes(" MIGRATE a c3"))).toBe(true);
  });

  test.each([1, 2])("what a project moved itself has to recover like any other (%i hosts at once)", (hosts_at_once) => {
    const own: Manager = (question, world) =>
      question.instance === "a" ? { answer: "ACK", action: "OWN_ACTION" } : agree(question, world);
    const played = done(
      script({
        options: { hosts_at_once },
        managers: { shop: own },
        constraints: declared(names, { recoveryTimeSeconds: 60 }),
        events: [{ atSeconds: 200, happens: (world) => world.change("a", { host: HostName.parse("c2") }) }],
      }),
    );
    const noted = played.timeline.findIndex((line) => line.includes("has done its OWN_ACTION for a"));
    const at = Number.parseInt(played.timeline[noted] ?? "", 10);
    expect(at).toBeGreaterThanOrEqual(200);
    expect(movesAt(played)[0]).toBeGreaterThanOrEqual(at + 60);
    expect(played.count("note_own_action")).toBe(1);
  });

  describe("declared to be its project's own doing (migration_type OWN_ACTION)", () => {
    /** Like Tacker, which heals as soon as it is asked: each answer is followed by the deed. */
    const heals: Manager = ({ instance }, world) => ({
      answer: "ACK",
      action: "OWN_ACTION",
      does: () => world.change(instance ?? "", { host: HostName.parse("c3") }),
    });
    const many = ["a", "b", "c", "d", "e", "f", "g"];
    const healed = (hosts_at_once: number, changes: Partial<Script> = {}) =>
      done(
        script({
          cloud: {
            hosts: { c1: { vcpus: 8 }, c2: { vcpus: 8 }, c3: { vcpus: 8 } },
            instances: Object.fromEntries(many.map((name) => [name, { on: name === "g" ? "c2" : "c1" }])),
          },
          hosts: ["c1", "c2"],
          options: { hosts_at_once },
          managers: { shop: heals },
          constraints: declared([...many, "far"], { recoveryTimeSeconds: 60 }, { migrationType: "OWN_ACTION" }),
          ...changes,
        }),
      );
    const secondsOf = ({ timeline }: Played, what: RegExp) =>
      timeline.filter((line) => what.test(line)).map((line) => Number.parseInt(line, 10));
    const asked = /is asked P\w+_MAINTENANCE about \w$/;

    test.each([1, 2])("one is asked about when the one before has recovered (%i hosts at once)", (hosts_at_once) => {
      const played = healed(hosts_at_once);
      const noted = secondsOf(played, /has done its OWN_ACTION/);
      expect(secondsOf(played, asked)).toHaveLength(7);
      expect(noted).toHaveLength(7);
      for (const [at, seconds] of secondsOf(played, asked).slice(1).entries())
        expect(seconds).toBeGreaterThanOrEqual((noted[at] ?? Infinity) + 60);
      expect(played.report.maintained).toHaveLength(2);
    });

    test.each([1, 2])("none is asked about while another session moves one (%i hosts at once)", (hosts_at_once) => {
      const played = healed(hosts_at_once, { otherMoves: [{ instance: "far", from: 0, to: 300 }] });
      expect(secondsOf(played, asked)[0]).toBeGreaterThanOrEqual(360);
    });

    test.each([1, 2])(
      "whoever is asked and stays silent holds no place beyond its time (%i hosts at once)",
      (hosts) => {
        const silent: Manager = (question, world) => (question.instance === "g" ? null : heals(question, world));
        const played = healed(hosts, {
          managers: { shop: silent },
          options: { hosts_at_once: hosts, on_silence: "skip_host" },
        });
        expect([played.statusOf("c1"), played.statusOf("c2")]).toEqual(["maintained", "skipped"]);
      },
    );

    test("those who are not in the group are asked about at once", () => {
      const constraints = declared(["a"], {}, { migrationType: "OWN_ACTION" });
      // The host with one instance is emptied first.
      expect(new Set(secondsOf(healed(1, { constraints }), asked).slice(1)).size).toBe(1);
    });
  });

  test("its recovery holds in the states after the one in which it was moved", () => {
    const own: Manager = (question, world) =>
      question.instance === "a"
        ? { answer: "ACK", action: "OWN_ACTION", does: () => world.change("a", { host: HostName.parse("c3") }) }
        : agree(question, world);
    const played = done(
      script({
        cloud: { hosts: { c1: {}, c2: {}, c3: {} }, instances: { a: { on: "c1" }, b: { on: "c2" } } },
        hosts: ["c1", "c2"],
        managers: { shop: own },
        constraints: declared(["a", "b"], { recoveryTimeSeconds: 600 }),
      }),
    );
    const noted = played.timeline.find((line) => line.includes("has done its OWN_ACTION for a")) ?? "";
    expect(movesAt(played)[0]).toBeGreaterThanOrEqual(Number.parseInt(noted, 10) + 600);
  });
});

describe("an instance that its project re-creates as its OWN_ACTION", () => {
  const own: Manager = (question, world) =>
    question.instance === "a" ? { answer: "ACK", action: "OWN_ACTION" } : agree(question, world);
  /** The manager starts a successor at 100, declares it at 110, and removes the old one at 200; it serves from 250 on. */
  const recreating = (each: Partial<InstanceConstraints>, group: Partial<GroupConstraints> = {}): Script => {
    const before = declared(["a", "b"], group);
    const successor = { ...declared(["a2"], group).instances.values().next().value, ...each } as InstanceConstraints;
    const after = constraintsFrom([...before.instances.values(), successor], [...before.groups.values()]);
    return script({
      cloud: { hosts: { c1: {}, c2: {}, c3: {} }, instances: { a: { on: "c1" }, b: { on: "c1" } } },
      managers: { shop: own },
      constraints: (seconds) => (seconds < 110 ? before : after),
      events: [
        { atSeconds: 100, happens: (world) => world.add({ a2: { on: "c2", status: "BUILD" } }) },
        { atSeconds: 200, happens: (world) => world.remove("a") },
        { atSeconds: 250, happens: (world) => world.change("a2", { status: "ACTIVE" }) },
      ],
    });
  };
  const noted = ({ timeline }: Played) => timeline.find((line) => line.includes("has done its OWN_ACTION")) ?? "";

  test.each([
    { said: "its manager says so", each: { replaces: InstanceId.parse("a") } },
    { said: "it is the one new member of the group", each: { declaredAt: later(110) } },
  ])("its successor is known since $said, and recovers in its place", ({ each }) => {
    const played = done(recreating(each));
    expect(noted(played)).toMatch(/for a, replaced by a2$/);
    const at = Number.parseInt(noted(played), 10);
    expect(at).toBeGreaterThanOrEqual(200);
    expect(movesAt(played)).toHaveLength(1);
    expect(movesAt(played)[0]).toBeGreaterThanOrEqual(at + 60);
    expect(played.asked.filter(({ instance }) => instance === "a2")).toEqual([]);
  });

  test("old and new are one member: the place beside them is free for another one", () => {
    const group = { maxImpactedMembers: 2, recoveryTimeSeconds: 0 };
    const linked = done(recreating({ replaces: InstanceId.parse("a") }, group));
    expect(movesAt(linked)[0]).toBeLessThan(200);
  });

  test("a successor that does not serve yet keeps the others waiting beyond the recovery", () => {
    const played = done(recreating({ replaces: InstanceId.parse("a") }, { recoveryTimeSeconds: 1 }));
    expect(movesAt(played)[0]).toBeGreaterThanOrEqual(250);
  });

  test("a namesake that its manager declared in no group took nobody's place", () => {
    const played = done(recreating({ name: "a", group: null, declaredAt: later(110) }));
    expect(noted(played)).toMatch(/for a$/);
  });
});

describe("a member that does not serve for another reason takes a place (I2)", () => {
  const two = { a: { on: "c1" }, b: { on: "c4", status: "ERROR" } };
  const broken = (changes: Partial<Script> = {}): Script =>
    script({
      cloud: { hosts: { c1: {}, c2: {}, c3: {}, c4: {} }, instances: two },
      constraints: declared(["a", "b"], { recoveryTimeSeconds: 0 }),
      ...changes,
    });
  const mended = { atSeconds: 200, happens: (world: World) => world.change("b", { status: "ACTIVE" }) };

  test.each([1, 2])("in ERROR: the others are moved when it is mended (%i hosts at once)", (hosts_at_once) => {
    const played = done(broken({ options: { hosts_at_once }, events: [mended] }));
    const [first] = movesAt(played);
    expect(first).toBeGreaterThanOrEqual(200);
    expect(first).toBeLessThan(220);
    expect(played.waits.some((text) => text.includes("b of project shop") && text.includes("ERROR"))).toBe(true);
  });

  test("on a host that does not report", () => {
    const back = { atSeconds: 200, happens: (world: World) => world.setHost("c4", { up: true }) };
    const played = done(
      broken({
        cloud: { hosts: { c1: {}, c2: {}, c4: { up: false } }, instances: { a: { on: "c1" }, b: { on: "c4" } } },
        events: [back],
      }),
    );
    expect(movesAt(played)[0]).toBeGreaterThanOrEqual(200);
  });

  test.each([1, 2])("nobody mends it: the session says so and ends (%i hosts at once)", (hosts_at_once) => {
    const played = failed(broken({ options: { hosts_at_once, own_action_seconds: 120 } }));
    expect(played.failure?.reason).toContain("b of project shop, a member of the group of a, does not serve (ERROR)");
    expect(movesAt(played)).toEqual([]);
  });

  test("or leaves the host out, where the policy says so", () => {
    const played = done(broken({ options: { on_failed_move: "skip_host", own_action_seconds: 120 } }));
    expect(played.report.notMaintained.map(({ host }) => host)).toEqual(["c1"]);
  });

  test.each(["fail", "skip_host"] as const)(
    "two in ERROR on two hosts at once: the session comes to its end (%s)",
    (on_failed_move) => {
      const played = play(
        script({
          cloud: {
            hosts: { c1: {}, c2: {}, c3: {} },
            instances: { a: { on: "c1", status: "ERROR" }, b: { on: "c2", status: "ERROR" } },
          },
          hosts: ["c1", "c2"],
          options: { hosts_at_once: 2, own_action_seconds: 120, on_failed_move },
          constraints: declared(["a", "b"]),
        }),
      );
      expect(played.state).toBe(on_failed_move === "fail" ? "MAINTENANCE_FAILED" : "MAINTENANCE_DONE");
      expect(played.count("observe")).toBeLessThan(30);
    },
  );

  test("where the group allows more, the others move all the same", () => {
    const constraints = declared(["a", "b"], { maxImpactedMembers: 2 });
    expect(movesAt(done(broken({ constraints })))[0]).toBeLessThan(100);
  });

  test.each(["SHUTOFF", "PAUSED", "SUSPENDED", "SHELVED_OFFLOADED", "RESCUE", "BUILD"])(
    "one that is %s takes a place until it is ACTIVE again",
    (status) => {
      const instances = { a: { on: "c1" }, b: { on: "c4", status } };
      const played = done(
        broken({ cloud: { hosts: { c1: {}, c2: {}, c3: {}, c4: {} }, instances }, events: [mended] }),
      );
      expect(movesAt(played)[0]).toBeGreaterThanOrEqual(200);
      expect(played.waits.some((text) => text.includes(`does not serve (${status})`))).toBe(true);
    },
  );

  test("a member that is stopped in the middle of a long drain is seen before the next move", () => {
    const played = done(
      script({
        constraints: declared([...names, "far"]),
        cloud: { hosts: { c1: {}, c2: {}, c3: {} }, instances: { ...onOneHost, far: { on: "c2" } } },
        options: { own_action_seconds: 600 },
        events: [
          { atSeconds: 100, happens: (world) => world.change("far", { status: "SHUTOFF" }) },
          { atSeconds: 400, happens: (world) => world.change("far", { status: "ACTIVE" }) },
        ],
      }),
    );
    const times = movesAt(played);
    expect(times).toHaveLength(4);
    expect(times.filter((at) => at > 100 && at < 400)).toEqual([]);
  });

  test("a stopped member leaves its host as the one that is away anyway, and the others follow when it is started", () => {
    const instances = { a: { on: "c1", status: "SHUTOFF" }, b: { on: "c1" } };
    const played = done(
      broken({
        cloud: { hosts: { c1: {}, c2: {}, c3: {} }, instances },
        events: [{ atSeconds: 200, happens: (world) => world.change("a", { status: "ACTIVE" }) }],
      }),
    );
    const [first, second] = movesAt(played);
    expect(first).toBeLessThan(100);
    expect(second).toBeGreaterThanOrEqual(200);
  });

  test("where Nova alone knows the group, nobody promised that the others serve: it goes on", () => {
    const instances = { a: { on: "c1" }, b: { on: "c4", status: "SHUTOFF" } };
    const hosts = { c1: {}, c2: {}, c4: {} };
    const played = done(
      script({ cloud: { hosts, instances, groups: { web: { members: ["a", "b"] } } }, hosts: ["c1"] }),
    );
    expect(movesAt(played)[0]).toBeLessThan(100);
  });
});

describe("declared anti-affinity (I9)", () => {
  const apart = { a: { on: "c1" }, b: { on: "c2" } };

  test("holds at every step, though Nova knows of no such group", () => {
    const played = done(
      script({
        cloud: { hosts: { c1: {}, c2: {}, c3: {} }, instances: apart },
        hosts: ["c1", "c2"],
        constraints: declared(["a", "b"], { antiAffinity: true, maxInstancesPerHost: 1, recoveryTimeSeconds: 5 }),
      }),
    );
    expect(played.report.maintained).toEqual(["c1", "c2"]);
  });
});

describe("what is declared for one instance", () => {
  test("its lead time is the time it has to answer, and a yes ends the wait", () => {
    const slow: Manager = (question, world) =>
      question.instance === null ? agree(question, world) : { answer: "ACK", afterSeconds: 250 };
    const played = done(
      script({
        managers: { shop: slow },
        constraints: declared(["a"], {}, { leadTimeSeconds: 300 }),
        cloud: { hosts: { c1: {}, c2: {} }, instances: { a: { on: "c1" } } },
      }),
    );
    const asked = played.asked.find(({ instance }) => instance === "a");
    expect(asked?.actionsAt).toEqual(asked?.replyBy);
    expect(movesAt(played)).toHaveLength(1);
  });

  test("its migration type serves where its project says nothing and the policy is to go on", () => {
    const silent: Manager = (question, world) => (question.instance === "a" ? null : agree(question, world));
    const played = done(
      script({
        managers: { shop: silent },
        options: { on_silence: "proceed" },
        constraints: declared(names, { recoveryTimeSeconds: 1 }, { migrationType: "LIVE_MIGRATE" }),
      }),
    );
    expect(played.timeline.some((line) => line.includes("LIVE_MIGRATE a c1"))).toBe(true);
  });
});
