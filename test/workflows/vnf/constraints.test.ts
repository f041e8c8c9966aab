/** Whole sessions of the workflow vnf under constraints. The player counts I2 and I9 by itself after every turn. */
import { describe, expect, test } from "vitest";
import { constraintsFrom, type GroupConstraints, GroupId, type InstanceConstraints, InstanceId, ProjectId } from "#sdk";
import { done } from "../outcomes.ts";
import { agree, type Manager, type Played, type Script } from "../play.ts";

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
    // Ten seconds of moving and sixty of recovering.
    expect(times.slice(1).map((at, index) => at - (times[index] ?? 0))).toEqual([70, 70, 70]);
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
