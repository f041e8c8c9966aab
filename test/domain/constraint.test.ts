import { describe, expect, test } from "vitest";
import type { CloudFacts, ServerGroup } from "../../src/domain/cloud.ts";
import {
  constraintsFrom,
  type GroupConstraints,
  groupOf,
  impactedBy,
  type InstanceConstraints,
  leadSeconds,
  maxImpacted,
  maxInterruptionSeconds,
  maxPerHost,
  migrationType,
  recoverySeconds,
  withoutStrangers,
} from "../../src/domain/constraint.ts";
import { GroupId } from "../../src/domain/ids.ts";
import { aCloud, type GroupSketch } from "../planner/cloud.ts";
import { instance, later, NOON, project } from "../support/a-view.ts";

const web = GroupId.parse("web");

const aGroup = (changes: Partial<GroupConstraints> = {}): GroupConstraints => ({
  group: web,
  project: project("shop"),
  name: "web",
  antiAffinity: false,
  maxInstancesPerHost: 0,
  maxImpactedMembers: 2,
  recoveryTimeSeconds: 60,
  resourceMitigation: true,
  ...changes,
});

const anInstance = (name: string, changes: Partial<InstanceConstraints> = {}): InstanceConstraints => ({
  instance: instance(name),
  project: project("shop"),
  group: web,
  name,
  maxInterruptionSeconds: 120,
  migrationType: "OWN_ACTION",
  resourceMitigation: true,
  leadTimeSeconds: 40,
  ...changes,
});

const cloud = (instances: readonly string[], groups: Readonly<Record<string, GroupSketch>> = {}): CloudFacts =>
  aCloud({ hosts: { h: {} }, instances: Object.fromEntries(instances.map((id) => [id, { on: "h" }])), groups });

const declared = constraintsFrom([anInstance("a"), anInstance("b"), anInstance("gone")], [aGroup()]);
const nothing = constraintsFrom([], []);

describe("the group of an instance", () => {
  test.each([
    ["the declared one, with the members the cloud has", declared, cloud(["a", "b", "c"]), "declared", "a b"],
    ["the declared one, as it was declared before the first look", declared, null, "declared", "a b gone"],
    ["its server group", nothing, cloud(["a", "b"], { s: { members: ["a", "b", "gone"] } }), "server_group", "a b"],
    ["itself alone", nothing, cloud(["a"], { s: { members: ["b"] } }), "alone", "a"],
    ["itself alone, before the first look", nothing, null, "alone", "a"],
    [
      "itself alone, when it was declared without a group",
      constraintsFrom([anInstance("a", { group: null })], [aGroup()]),
      cloud(["a"]),
      "alone",
      "a",
    ],
    [
      "the declared one rather than a server group",
      declared,
      cloud(["a", "b", "c"], { s: { members: ["a", "c"] } }),
      "declared",
      "a b",
    ],
    [
      "the declared one, with the members of the server group of the same id",
      declared,
      cloud(["a", "b", "c"], { web: { members: ["a", "c"] } }),
      "declared",
      "a b c",
    ],
    [
      "the declared one, without the members of another project's server group of the same id",
      declared,
      cloud(["a", "b", "c"], { web: { members: ["c"], project: project("rival") } }),
      "declared",
      "a b",
    ],
    ["itself, even where the look did not find it yet", declared, cloud(["b"]), "declared", "a b"],
  ])("is %s", (_which, constraints, facts, kind, members) => {
    const group = groupOf({ constraints, facts }, instance("a"));
    expect([group.kind, group.members.join(" ")]).toEqual([kind, members]);
  });
});

describe("what holds for a group", () => {
  const declaredAs = (changes: Partial<GroupConstraints>) => constraintsFrom([anInstance("a")], [aGroup(changes)]);
  const grouped = (id: string, changes: Partial<ServerGroup> = {}) =>
    cloud(["a", "b", "c"], { [id]: { members: ["a", "b", "c"], ...changes } });
  const rules = [
    ["declared", declaredAs({}), cloud(["a"]), 2, 60, null],
    ["declared with anti-affinity", declaredAs({ antiAffinity: true }), cloud(["a"]), 2, 60, 1],
    ["… of two", declaredAs({ antiAffinity: true, maxInstancesPerHost: 2 }), cloud(["a"]), 2, 60, 2],
    ["… without it, whatever its number says", declaredAs({ maxInstancesPerHost: 2 }), cloud(["a"]), 2, 60, null],
    ["declared, and stricter in Nova", declaredAs({}), grouped("web", { maxPerHost: 3 }), 2, 60, 3],
    [
      "declared stricter than in Nova",
      declaredAs({ antiAffinity: true, maxInstancesPerHost: 1 }),
      grouped("web", { maxPerHost: 3 }),
      2,
      60,
      1,
    ],
    ["Nova's with anti-affinity", nothing, grouped("s"), 1, 0, 1],
    ["Nova's with soft anti-affinity", nothing, grouped("s", { policy: "soft-anti-affinity" }), 1, 0, null],
    ["Nova's with affinity", nothing, grouped("s", { policy: "affinity" }), 3, 0, null],
    ["none", nothing, cloud(["a"]), 1, 0, null],
  ] as const;

  test.each(rules)("%s", (_which, constraints, facts, impacted, recovery, perHost) => {
    const group = groupOf({ constraints, facts }, instance("a"));
    expect([maxImpacted(group), recoverySeconds(group), maxPerHost(group)]).toEqual([impacted, recovery, perHost]);
  });
});

test("what is declared for an instance counts, and nothing is invented where nothing is", () => {
  const of = (name: string) => [
    leadSeconds({ constraints: declared }, instance(name)),
    maxInterruptionSeconds({ constraints: declared }, instance(name)),
    migrationType({ constraints: declared }, instance(name)),
  ];
  expect(of("a")).toEqual([40, 120, "OWN_ACTION"]);
  expect(of("c")).toEqual([0, null, null]);
});

describe("who is impacted", () => {
  const moved = (name: string, endedAgo: number | null) => ({
    instance: instance(name),
    endedAt: endedAgo === null ? null : later(-endedAgo),
  });
  test.each([
    ["nobody without moves", [], []],
    ["one that is moving", [moved("a", null)], ["a moving"]],
    ["one that recovers", [moved("a", 59)], ["a until 1"]],
    ["one no longer, once its recovery time has passed", [moved("a", 60)], []],
    ["one that moves again, whatever came before", [moved("a", 10), moved("a", null)], ["a moving"]],
    ["one that moves, whatever is told of it after", [moved("a", null), moved("a", 10)], ["a moving"]],
    ["one that moved twice, by its last move", [moved("a", 10), moved("a", 30)], ["a until 50"]],
    ["each member", [moved("b", null), moved("a", 10)], ["b moving", "a until 50"]],
    ["nobody who has not been declared", [moved("c", null)], []],
  ])("%s", (_who, moves, expected) => {
    const impacted = impactedBy(moves, declared, NOON);
    const told = (impacted.get(web) ?? []).map((member) =>
      member.kind === "moving"
        ? `${member.instance} moving`
        : `${member.instance} until ${(member.until.getTime() - NOON.getTime()) / 1_000}`,
    );
    expect(told).toEqual(expected);
    expect(impacted.size).toBe(expected.length === 0 ? 0 : 1);
  });

  describe("when a member was re-created", () => {
    const bank = project("bank");
    const other = GroupId.parse("other");
    const done = { instance: instance("a"), endedAt: later(-10), group: web };
    const x = { ...anInstance("x"), replaces: instance("a") };
    const until = later(50);
    const groups = [aGroup(), aGroup({ group: other, project: bank })];
    test.each([
      ["the new one, which says so", [anInstance("a"), x], done, "web x"],
      ["the new one, though the old one is declared no more", [x], done, "web x"],
      [
        "the new one, which the session has recognised",
        [anInstance("x")],
        { ...done, replacement: instance("x") },
        "web x",
      ],
      ["the old one, though it is declared no more and nobody took its place", [anInstance("b")], done, "web a"],
      [
        "the old one, where another project claims its place",
        [anInstance("a"), { ...x, project: bank, group: other }],
        done,
        "web a",
      ],
      ["the old one, where another group's member claims its place", [{ ...x, group: other }], done, "web a"],
    ])("%s recovers", (_who, instances, move, expected) => {
      const impacted = impactedBy([move], constraintsFrom(instances, groups), NOON);
      const [group = "", member = ""] = expected.split(" ");
      expect([...impacted]).toEqual([[group, [{ kind: "recovering", instance: member, until }]]]);
    });
  });
});

describe("what a stranger declared about an instance of another project", () => {
  const theirs = constraintsFrom([anInstance("a", { project: project("rival") }), anInstance("b")], [aGroup()]);

  test("is left out, and out of its group", () => {
    const own = withoutStrangers(theirs, [{ id: instance("a"), project: project("shop") }]);
    expect([...own.instances.keys()]).toEqual([instance("b")]);
    expect(own.members.get(web)).toEqual([instance("b")]);
    expect(migrationType({ constraints: own }, instance("a"))).toBeNull();
  });

  test("where there is none the declarations stay the very same", () => {
    expect(withoutStrangers(theirs, [{ id: instance("b"), project: project("shop") }])).toBe(theirs);
  });
});
