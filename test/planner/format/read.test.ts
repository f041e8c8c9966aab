import { expect, test } from "vitest";
import { canonicalJson, digestOf } from "../../../src/planner/format/digest.ts";
import type { Plan } from "../../../src/planner/format/plan.ts";
import { readSnapshot } from "../../../src/planner/format/read.ts";
import type { CloudSnapshotInput } from "../../../src/planner/format/snapshot.ts";

const good = {
  version: 1,
  hosts: [
    { host: "a", capacity: { vcpus: 8 } },
    { host: "b", capacity: { vcpus: 8 } },
  ],
  instances: [{ instance: "i", project: "shop", host: "a", group: "web", demand: { vcpus: 4 } }],
  groups: [{ group: "web", project: "shop", max_impacted_members: 1 }],
} as const satisfies CloudSnapshotInput;
const [first, second] = good.hosts;
const [instance] = good.instances;
const [group] = good.groups;

test("what is missing has its default", () => {
  const read = readSnapshot(good);
  expect(read).toMatchObject({
    kind: "valid",
    value: {
      defaults: { action_seconds: 1_800, outbound_moves: 2, inbound_moves: 4, move_seconds: 30 },
      hosts: [{ type: "compute", enabled: true }, {}],
      groups: [{ recovery_seconds: 0, anti_affinity: false }],
      session: { hosts: [], objective: "balanced", max_hosts_at_once: null, window_seconds: null },
    },
  });
});

test.each<[string, unknown, string, RegExp]>([
  ["an unknown version", { ...good, version: 2 }, "version", /expected 1/],
  ["no hosts at all", { version: 1 }, "hosts", /expected array/],
  [
    "an instance on no host",
    { ...good, instances: [{ ...instance, host: "z" }] },
    "instances[0].host",
    /^no host z in hosts$/,
  ],
  [
    "an instance without a host",
    { ...good, instances: [{ ...instance, host: undefined }] },
    "instances[0].host",
    /expected string/,
  ],
  [
    "an unknown allowed host",
    { ...good, instances: [{ ...instance, allowed_hosts: ["a", "z"] }] },
    "instances[0].allowed_hosts[1]",
    /^no host z in hosts$/,
  ],
  ["an unknown host in the session", { ...good, session: { hosts: ["z"] } }, "session.hosts[0]", /^no host z/],
  ["a host twice", { ...good, hosts: [first, second, first] }, "hosts[2].host", /^a is already at hosts\[0\].host$/],
  ["an instance twice", { ...good, instances: [instance, instance] }, "instances[1].instance", /^i is already at/],
  ["a session host twice", { ...good, session: { hosts: ["a", "a"] } }, "session.hosts[1]", /session.hosts\[0\]/],
  [
    "a negative size",
    { ...good, instances: [{ ...instance, demand: { vcpus: -4 } }] },
    "instances[0].demand.vcpus",
    />=0/,
  ],
  [
    "a fractional size",
    { ...good, hosts: [{ ...first, capacity: { vcpus: 1.5 } }, second] },
    "hosts[0].capacity.vcpus",
    /int/,
  ],
  ["a negative time", { ...good, defaults: { action_seconds: -1 } }, "defaults.action_seconds", />=0/],
  ["no move out at once", { ...good, defaults: { outbound_moves: 0 } }, "defaults.outbound_moves", />0/],
  ["an unknown group", { ...good, groups: [] }, "instances[0].group", /^no group web of project shop in groups$/],
  [
    "two groups that contradict each other",
    { ...good, groups: [group, { ...group, max_impacted_members: 2 }] },
    "groups[1].group",
    /already at groups\[0\].group, with max_impacted_members 1 there and 2 here$/,
  ],
  ["an unknown objective", { ...good, session: { objective: "fast" } }, "session.objective", /makespan/],
])("%s is refused by path and reason", (_, json, path, reason) => {
  expect(readSnapshot(json)).toEqual({ kind: "invalid", problems: [{ path, reason: expect.stringMatching(reason) }] });
});

test.each<[string, CloudSnapshotInput]>([
  ["a host over its capacity", { ...good, hosts: [{ ...first, capacity: { vcpus: 2 } }, second] }],
  ["one host", { ...good, hosts: [first] }],
  ["an action of 0 seconds", { ...good, defaults: { action_seconds: 0 } }],
  ["an empty cloud", { version: 1, hosts: [] }],
])("%s is a cloud like others", (_, snapshot) => {
  expect(readSnapshot(snapshot).kind).toBe("valid");
});

test("canonical JSON sorts keys at every depth and keeps lists as they are", () => {
  expect(canonicalJson({ b: [2, { d: null, c: "ä\n" }], a: true })).toBe('{"a":true,"b":[2,{"c":"ä\\n","d":null}]}');
});

test("the digest covers everything but itself, in any order of keys", () => {
  const bounds = {
    capacity_time: 0,
    capacity_time_closed: 0,
    host_chain: 0,
    group_chain: 0,
    operator_limit: 0,
    best: 0,
  };
  const plan: Omit<Plan, "digest"> = {
    ...{ version: 1 as const, objective: "moves", feasible: true, makespan_seconds: 7, lower_bound: bounds },
    ...{ ratio: null, ratio_closed: null, hosts: [], moves: [], scale_in: [], blocked: [] },
  };
  const { version, ...others } = plan;
  expect(digestOf({ ...others, digest: "sha256:other", version })).toBe(digestOf(plan));
  expect(digestOf({ ...plan, makespan_seconds: 8 })).not.toBe(digestOf(plan));
});
