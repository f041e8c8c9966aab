import { expect, test } from "vitest";
import { check } from "../../src/planner/check/check.ts";
import type { CloudSnapshot } from "../../src/planner/format/snapshot.ts";
import { plan } from "../../src/planner/parallel/plan.ts";
import { whatIf } from "../../src/planner/what-if.ts";
import { aPlan, aSnapshot } from "./check/a-plan.ts";

/** Keeps what would be planned. */
function planned(snapshot: CloudSnapshot) {
  const clouds: CloudSnapshot[] = [];
  const prices = whatIf(snapshot, (cloud) => {
    clouds.push(cloud);
    return aPlan(cloud, { hosts: {}, moves: [], blocked: ["a"] });
  });
  const of = (change: string) => clouds[prices.findIndex((price) => price.change === change)];
  return { prices, clouds, of };
}

const instances = Object.fromEntries(
  Array.from({ length: 20 }, (_, n) => [`i${String(n).padStart(2, "0")}`, { host: "a" }]),
);

test("one thing is different at a time", () => {
  const snapshot = aSnapshot({
    instances,
    groups: { web: { max_impacted_members: 3 } },
    hosts: { b: { outbound_moves: 3 } },
  });
  const { prices, of } = planned(snapshot);
  expect(prices.map(({ change }) => change)).toEqual([
    ...["as it is", "1 spare host", "2 spare hosts"],
    ...["5 % of the instances scaled in", "10 % of the instances scaled in", "20 % of the instances scaled in"],
    ...["2 × max impacted members", "4 × max impacted members"],
    ...["0.5 × moves at once per host", "2 × moves at once per host", "4 × moves at once per host"],
  ]);
  expect(of("as it is")).toEqual(snapshot);
  expect(of("10 % of the instances scaled in")?.instances).toHaveLength(18);
  expect(of("2 × max impacted members")?.groups[0]?.max_impacted_members).toBe(6);
  const wider = of("2 × moves at once per host");
  expect([wider?.defaults.outbound_moves, wider?.hosts[1]?.outbound_moves, wider?.hosts[0]?.outbound_moves]).toEqual([
    2,
    6,
    undefined,
  ]);
  expect(of("0.5 × moves at once per host")?.defaults.outbound_moves).toBe(1);
});

test("spare hosts are empty, like the largest one, and not maintained", () => {
  const snapshot = aSnapshot({
    hosts: { b: { capacity: { vcpus: 99 } }, "spare-1": {}, d: { enabled: false, capacity: { vcpus: 500 } } },
    instances: { web: { host: "a", allowed_hosts: ["a"] } },
    session: { hosts: [] },
  });
  const changed = planned(snapshot).of("1 spare host");
  expect(changed?.hosts.at(-1)).toMatchObject({ host: "spare-2", capacity: { vcpus: 99 }, enabled: true });
  expect(changed?.session.hosts).toEqual(["a", "b", "c", "spare-1"]);
  expect(changed?.instances[0]?.allowed_hosts).toEqual(["a", "spare-2"]);
});

test("prices are of real plans, and none is dearer for more room", () => {
  const full = Object.fromEntries(["a", "b", "c"].flatMap((host) => [1, 2].map((n) => [`${host}${n}`, { host }])));
  const snapshot = aSnapshot({ instances: full, session: { hosts: [], objective: "makespan" } });
  const clouds: CloudSnapshot[] = [];
  const prices = whatIf(snapshot, (cloud) => {
    clouds.push(cloud);
    const made = plan(cloud);
    expect(check(cloud, made).violations).toEqual([]);
    return made;
  });
  const [asItIs, spare] = prices;
  expect(asItIs).toMatchObject({ change: "as it is", difference_seconds: 0, blocked: 0 });
  expect(spare?.makespan_seconds).toBeLessThan(asItIs?.makespan_seconds ?? 0);
  expect(spare?.difference_seconds).toBe((spare?.makespan_seconds ?? 0) - (asItIs?.makespan_seconds ?? 0));
});
