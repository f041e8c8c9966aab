import { expect, test } from "vitest";
import { fitAway } from "../../src/planner/fit.ts";
import { isSpareRoom, spareRoomOn, withSpareRoom } from "../../src/planner/spare-room.ts";
import { aCloud, host, others, vcpus } from "./cloud.ts";

const two = { a: { on: "c1", vcpus: 1 }, b: { on: "c1", vcpus: 2 }, c: { on: "c2", vcpus: 1 } };
const facts = aCloud({ hosts: { c1: {}, c2: { vcpus: 5 } }, instances: two });

test("one place more is wanted on each host where an instance asks, as large as the largest of these", () => {
  const wanted = withSpareRoom(facts, [host("c1"), host("c2")], ({ id }) => id !== "c");
  const spares = wanted.instances.filter(({ id }) => isSpareRoom(id));
  expect(spares.map(({ id, host: on, demand }) => [id, on, demand])).toEqual([
    [spareRoomOn(host("c1")), "c1", vcpus(2)],
  ]);
});

test("nothing changes where nobody asks", () => {
  expect(withSpareRoom(facts, [host("c1")], () => false)).toBe(facts);
});

test.each([
  { free: 5, kind: "fits" },
  { free: 4, kind: "does_not_fit" },
])("a host with $free vCPUs left: $kind", ({ free, kind }) => {
  const cloud = aCloud({ hosts: { c1: {}, c2: { vcpus: free + 1 } }, instances: two });
  const wanted = withSpareRoom(cloud, [host("c1")], () => true);
  expect(fitAway(wanted, [host("c1")], others(cloud, "c1")).kind).toBe(kind);
});

test("a replacement keeps apart like the one it replaces", () => {
  const groups = { web: { members: ["b", "c"] } };
  const cloud = aCloud({ hosts: { c1: {}, c2: { vcpus: 9 }, c3: { vcpus: 9 } }, instances: two, groups });
  const only = new Set([spareRoomOn(host("c1"))]);
  const fit = fitAway(
    withSpareRoom(cloud, [host("c1")], () => true),
    [host("c1")],
    others(cloud, "c1"),
    { only },
  );
  expect(fit.placements.map(({ to }) => to)).toEqual(["c3"]);
});
