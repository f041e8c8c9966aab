import { expect, test } from "vitest";
import { CloudSnapshot } from "../../src/planner/format/snapshot.ts";
import { snapshotOf, type Wanted } from "../../src/planner/live-snapshot.ts";
import { aCloud } from "./cloud.ts";

const taken = (sketch: Parameters<typeof aCloud>[0], wanted?: Wanted) =>
  CloudSnapshot.parse(snapshotOf(aCloud(sketch), wanted));

test("hosts with what they have, instances with what they need", () => {
  const { hosts, instances, groups, session, defaults } = taken({
    hosts: { a: { zone: "z1" }, b: { zone: "z2" } },
    instances: { web: { on: "a", vcpus: 2 }, off: { on: "b", status: "SHUTOFF", zone: "" } },
    controllers: ["c"],
  });
  expect(hosts).toEqual([
    { host: "a", type: "compute", zone: "z1", enabled: true, capacity: { vcpus: 4, memory_mb: 4096 } },
    { host: "b", type: "compute", zone: "z2", enabled: true, capacity: { vcpus: 4, memory_mb: 4096 } },
    { host: "c", type: "controller", enabled: true, capacity: {} },
  ]);
  expect(instances).toEqual([
    {
      ...{ instance: "web", project: "shop", host: "a", demand: { vcpus: 2, memory_mb: 2048 } },
      ...{ migration_type: "LIVE_MIGRATE", move_seconds: 7, lead_seconds: 0, allowed_hosts: ["a"] },
    },
    {
      ...{ instance: "off", project: "shop", host: "b", demand: { vcpus: 1, memory_mb: 1024 } },
      ...{ migration_type: "MIGRATE", move_seconds: 6, lead_seconds: 0 },
    },
  ]);
  expect([groups, session.hosts, defaults.action_seconds]).toEqual([[], [], 1_800]);
});

test("a host that is closed or does not report takes no instances", () => {
  const { hosts } = taken({
    hosts: { a: { door: { kind: "closed", reason: "x" } }, b: { up: false }, c: {} },
  });
  expect(hosts.map(({ host, enabled }) => [host, enabled])).toEqual([
    ["a", false],
    ["b", false],
    ["c", true],
  ]);
});

test("what Placement books beyond the instances is not there to be given", () => {
  const used = { VCPU: 3, MEMORY_MB: 1024 };
  const { hosts } = taken({ hosts: { a: { used } }, instances: { web: { on: "a" } } });
  expect(hosts[0]?.capacity).toEqual({ vcpus: 2, memory_mb: 4096 });
});

test("a resource that a host does not list is not there", () => {
  const { hosts } = taken({
    hosts: { a: { capacity: { VCPU: 4, MEMORY_MB: 4096, CUSTOM_FPGA: 1 } }, b: {} },
    instances: { web: { on: "a", demand: { VCPU: 1, CUSTOM_FPGA: 1 } } },
  });
  expect(hosts.map(({ capacity }) => capacity)).toEqual([
    { vcpus: 4, memory_mb: 4096, CUSTOM_FPGA: 1 },
    { vcpus: 4, memory_mb: 4096, CUSTOM_FPGA: 0 },
  ]);
});

test("anti-affinity is kept, by the group's id; softer rules are not", () => {
  const { instances, groups } = taken({
    hosts: { a: {}, b: {}, c: {} },
    instances: { w1: { on: "a" }, w2: { on: "b" }, d1: { on: "c" } },
    groups: { g: { members: ["w1", "w2"], maxPerHost: 2 }, soft: { members: ["d1"], policy: "soft-anti-affinity" } },
  });
  expect(instances.map(({ instance, group }) => [instance, group])).toEqual([
    ["w1", "g"],
    ["w2", "g"],
    ["d1", undefined],
  ]);
  expect(groups).toEqual([
    {
      ...{ group: "g", project: "shop", max_impacted_members: 1, recovery_seconds: 0 },
      ...{ anti_affinity: true, max_instances_per_host: 2 },
    },
  ]);
});

test("zones and aggregates say where an instance may go", () => {
  const ssd = { name: "ssd", metadata: { ssd: "true" } };
  const { instances } = taken({
    hosts: { a: { aggregates: [ssd] }, b: {}, c: { aggregates: [ssd] } },
    instances: { web: { on: "a", aggregateSpecs: { ssd: "true" } }, any: { on: "b" } },
  });
  expect(instances.map(({ allowed_hosts }) => allowed_hosts)).toEqual([["a", "c"], undefined]);
});

test("an instance on no host, or on one that is gone, is not in it", () => {
  const { instances } = taken({ hosts: { a: {} }, instances: { lost: { on: null }, web: { on: "a" } } });
  expect(instances.map(({ instance }) => instance)).toEqual(["web"]);
});

test("the session is what was wanted", () => {
  const wanted = { session: { hosts: ["a"], max_hosts_at_once: 2 }, defaults: { action_seconds: 60 } };
  expect(taken({ hosts: { a: {} } }, wanted)).toMatchObject(wanted);
});
