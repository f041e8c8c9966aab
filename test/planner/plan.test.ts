import { expect, test } from "vitest";
import { check } from "../../src/planner/check/check.ts";
import { CloudSnapshot, type CloudSnapshotInput } from "../../src/planner/format/snapshot.ts";
import { plan } from "../../src/planner/parallel/plan.ts";

type HostInput = CloudSnapshotInput["hosts"][number];
type InstanceInput = NonNullable<CloudSnapshotInput["instances"]>[number];

const host = (name: string, vcpus = 8, more: Partial<HostInput> = {}): HostInput => ({
  ...{ host: name, capacity: { vcpus }, action_seconds: 100, ...more },
});
const on = (name: string, vcpus: number, more: Partial<InstanceInput> = {}): InstanceInput => ({
  ...{ instance: `${name}-${vcpus}`, project: "shop", host: name, demand: { vcpus }, move_seconds: 10, ...more },
});

const planFor = (input: Omit<CloudSnapshotInput, "version">) => {
  const cloud = CloudSnapshot.parse({ version: 1, ...input });
  const made = plan(cloud);
  expect(check(cloud, made).violations).toEqual([]);
  return made;
};

test("an empty host goes at once, and takes what the next one has", () => {
  const made = planFor({ hosts: [host("a"), host("b")], instances: [on("a", 6), on("a", 2)] });
  expect(made.hosts.map(({ host: name, drain_start }) => [name, drain_start])).toEqual([
    ["b", 0],
    ["a", 100],
  ]);
  expect(made).toMatchObject({ feasible: true, makespan_seconds: 210, moves: [{ to: "b" }, { to: "b" }] });
});

test("nothing to maintain is a plan without hosts", () => {
  expect(planFor({ hosts: [host("a", 8, { enabled: false })] })).toMatchObject({
    ...{ feasible: true, makespan_seconds: 0, hosts: [], blocked: [], ratio: null },
  });
});

test.each<[string, Omit<CloudSnapshotInput, "version">, string, string[]]>([
  ["one host", { hosts: [host("a")], instances: [on("a", 4)] }, "a", ["no_other_host"]],
  [
    "an instance larger than any other host",
    { hosts: [host("a", 16), host("b")], instances: [on("a", 12)] },
    "a",
    ["instance_larger_than_any_host"],
  ],
  [
    "an instance that is allowed on its own host only",
    { hosts: [host("a"), host("b")], instances: [on("a", 1, { allowed_hosts: ["a"] })] },
    "a",
    ["instance_has_no_other_host"],
  ],
  [
    "a group that nobody may touch, and a window that is too short",
    {
      hosts: [host("a"), host("b")],
      instances: [on("a", 1, { group: "db" })],
      groups: [{ group: "db", project: "shop", max_impacted_members: 0 }],
      session: { window_seconds: 105 },
    },
    "a",
    ["group_allows_no_move", "window_too_short"],
  ],
  [
    "a group with a member on every host",
    {
      hosts: [host("a"), host("b")],
      instances: [on("a", 1, { group: "db" }), on("b", 1, { group: "db" })],
      groups: [{ group: "db", project: "shop", max_impacted_members: 1, anti_affinity: true }],
    },
    "b",
    ["group_has_no_other_host"],
  ],
  ["a full cloud", { hosts: [host("a"), host("b")], instances: [on("a", 8), on("b", 8)] }, "a", ["no_room"]],
  [
    "a reserve that would be used",
    { hosts: [host("a"), host("b")], instances: [on("a", 2)], session: { reserve: { vcpus: 7 } } },
    "a",
    ["no_room"],
  ],
])("%s blocks a host, with every reason", (_, input, name, kinds) => {
  const made = planFor(input);
  expect(made.feasible).toBe(false);
  expect(made.blocked.find((one) => one.host === name)?.reasons.map(({ kind }) => kind)).toEqual(kinds);
});

test("a smaller instance makes way for one that fits nowhere", () => {
  const made = planFor({
    hosts: [host("a"), host("b"), host("c")],
    instances: [on("a", 5), on("b", 3), on("b", 2), on("c", 4)],
    session: { hosts: ["a"] },
  });
  expect(made.feasible).toBe(true);
  expect(made.moves).toHaveLength(2);
  expect(made.moves.at(-1)).toMatchObject({ instance: "a-5", start: 10 });
});

test("when nothing helps, the cheapest host says what a project would have to give up", () => {
  const made = planFor({
    hosts: [host("a"), host("b")],
    instances: [on("a", 6), on("a", 1), on("b", 7), on("b", 1, { project: "bank" })],
  });
  expect(made.scale_in).toEqual([
    { project: "shop", vcpus: 7, instances: 2, why: "with this much less, a can be emptied" },
  ]);
});

test.each(["makespan", "balanced", "moves"] as const)("the objective %s keeps to its moves", (objective) => {
  const hosts = Array.from({ length: 20 }, (_, number) => host(`h${number}`));
  const instances = hosts.flatMap(({ host: name }) => [1, 2].map((vcpus) => on(name, vcpus)));
  const { moves } = planFor({ hosts, instances, session: { objective } });
  const most = { makespan: 80, balanced: 44, moves: 42 }[objective];
  expect(moves.length).toBeGreaterThanOrEqual(40);
  expect(moves.length).toBeLessThanOrEqual(most);
});
