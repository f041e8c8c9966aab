import { expect, test } from "vitest";
import { check } from "../../../src/planner/check/check.ts";
import { aPlan, aSnapshot, type CloudSketch, sealed } from "./a-plan.ts";

/** Plans every host of the session for the end of time: only which ones counts for the bounds. */
function boundsOf(cloud: CloudSketch, planned = ["a", "b"]) {
  const snapshot = aSnapshot({ ...cloud, session: { hosts: planned, ...cloud.session } });
  const hosts = Object.fromEntries(planned.map((host) => [host, {}]));
  return check(snapshot, aPlan(snapshot, { hosts, moves: [] })).summary.lower_bound;
}

const instances = {
  w1: { host: "a", move_seconds: 20 },
  w2: { host: "a", move_seconds: 10, lead_seconds: 50 },
  w3: { host: "b" },
};
// Slack: 24 − 6 = 18 vcpus. Closed room: 2 hosts × 8 vcpus × 100 s = 1600. Moves: 2 × (20 + 10 + 10) = 80.
// a can be empty at max(0 + 30, 50 + 10) = 60 s, b at 10 s.

test.each<{ name: string; cloud: CloudSketch; planned?: string[]; bounds: Record<string, number> }>([
  {
    name: "two hosts",
    cloud: { instances },
    bounds: {
      capacity_time: 10 + 1600 / 18,
      capacity_time_closed: (8 * (100 + 30) + 8 * (100 + 10)) / 18,
      host_chain: 160,
      group_chain: 20,
      operator_limit: 0,
      best: 160,
    },
  },
  {
    name: "more moves at once make a host empty sooner, and no sooner than its longest move",
    cloud: {
      instances: { w1: { host: "a", move_seconds: 20 }, w2: { host: "a" } },
      hosts: { a: { outbound_moves: 4 } },
    },
    planned: ["a"],
    bounds: { host_chain: 120, capacity_time_closed: (8 * (100 + 20)) / 20, capacity_time: 20 + 800 / 20 },
  },
  {
    name: "where moves take most of the room, they bound the time",
    cloud: {
      instances: { w1: { host: "a", move_seconds: 5_000, demand: { vcpus: 8 } } },
      hosts: { b: { action_seconds: 0 } },
    },
    // One host is empty, so t0 is 0 and the moves add to the actions: (800 + 40000) / 16.
    bounds: { capacity_time: 2_550 },
  },
  {
    name: "the scarcest resource counts, less what is to be kept",
    cloud: {
      instances,
      hosts: {
        a: { capacity: { vcpus: 8, memory_mb: 100 } },
        b: { capacity: { vcpus: 8, memory_mb: 100 } },
        c: { capacity: { vcpus: 8, memory_mb: 20 } },
      },
      session: { reserve: { memory_mb: 180 } },
    },
    bounds: { capacity_time: 10 + (200 * 100) / 40 },
  },
  {
    name: "a resource that some enabled host does not limit bounds nothing",
    cloud: { instances, hosts: { a: { capacity: { vcpus: 8, gpus: 1 } } } },
    bounds: { capacity_time: 10 + 1600 / 18 },
  },
  {
    name: "a disabled host has no slack to give",
    cloud: { instances, hosts: { c: { enabled: false } } },
    bounds: { capacity_time: 10 + 1600 / 10 },
  },
  {
    name: "members of a group one after another, with their recovery",
    cloud: {
      instances: {
        w1: { host: "a", group: "g" },
        w2: { host: "a", group: "g", move_seconds: 40 },
        w3: { host: "b", group: "g" },
        w4: { host: "c", group: "g" },
      },
      groups: { g: { max_impacted_members: 2, recovery_seconds: 100 } },
    },
    // n = 3 on planned hosts, m = 2: ⌈3/2⌉ (10 + 100) − 100 = 120; (140 + 110 + 110)/2 − 100 = 80.
    bounds: { group_chain: 120 },
  },
  {
    name: "long moves of a group fill its budget",
    cloud: {
      instances: { w1: { host: "a", group: "g" }, w2: { host: "a", group: "g", move_seconds: 40 } },
      groups: { g: { recovery_seconds: 5 } },
    },
    // ⌈2/1⌉ (10 + 5) − 5 = 25; (15 + 45)/1 − 5 = 55.
    bounds: { group_chain: 55 },
  },
  {
    name: "hosts one at a time",
    cloud: { instances, session: { max_hosts_at_once: 1 } },
    bounds: { operator_limit: 200, best: 200 },
  },
  {
    name: "two hosts of a zone at a time, in the zone that takes longest",
    cloud: {
      instances,
      hosts: { a: { action_seconds: 700 }, c: { zone: "z2" } },
      session: { max_hosts_at_once_per_zone: 2, max_hosts_at_once: 3 },
    },
    planned: ["a", "b", "c"],
    bounds: { operator_limit: 400 },
  },
  {
    name: "nothing planned",
    cloud: { instances },
    planned: [],
    bounds: { capacity_time: 0, capacity_time_closed: 0, host_chain: 0, group_chain: 0, operator_limit: 0, best: 0 },
  },
])("$name", ({ cloud, planned, bounds }) => {
  const found = boundsOf(cloud, planned);
  for (const [name, seconds] of Object.entries(bounds))
    expect(found, name).toHaveProperty(name, expect.closeTo(seconds, 6));
});

test.each(["capacity_time", "capacity_time_closed", "host_chain", "group_chain", "operator_limit", "best"] as const)(
  "a wrong %s is found, and one that is rounded is not",
  (name) => {
    const snapshot = aSnapshot();
    const plan = aPlan(snapshot);
    const off = (by: number) => {
      const lower_bound = { ...plan.lower_bound, [name]: plan.lower_bound[name] + by };
      return check(snapshot, sealed({ ...plan, lower_bound })).violations.filter(({ rule }) => rule === "bounds");
    };
    expect(off(2)).toHaveLength(1);
    expect(off(0.9)).toEqual([]);
  },
);
