import { describe, expect, test } from "vitest";
import { constraintsFrom, type GroupConstraints, noConstraints } from "../../src/domain/constraint.ts";
import { GroupId, InstanceId, ProjectId } from "../../src/domain/ids.ts";
import { ledgerChanges, ledgerOf, tellingInWords } from "../../src/domain/ledger.ts";
import { aCloud } from "../planner/cloud.ts";

const group = (id: string, changes: Partial<GroupConstraints> = {}): GroupConstraints => ({
  group: GroupId.parse(id),
  project: ProjectId.parse("shop"),
  name: id,
  antiAffinity: false,
  maxInstancesPerHost: 0,
  maxImpactedMembers: 1,
  recoveryTimeSeconds: 30,
  resourceMitigation: false,
  ...changes,
});

const declared = (members: Readonly<Record<string, string>>, groups: readonly GroupConstraints[]) =>
  constraintsFrom(
    Object.entries(members).map(([id, of]) => ({
      instance: InstanceId.parse(id),
      project: ProjectId.parse("shop"),
      group: GroupId.parse(of),
      name: id,
      maxInterruptionSeconds: 10,
      migrationType: "MIGRATE",
      resourceMitigation: false,
      leadTimeSeconds: 0,
    })),
    groups,
  );

const hosts = { a: {}, b: {}, c: { up: false }, d: { door: { kind: "closed", reason: null } } } as const;
const instances = { web: { on: "a" }, db: { on: "b" }, far: { on: "c" } };

describe("what is told of a cloud", () => {
  test("capacity and use of every host, and whether it takes instances", () => {
    const { hosts: told, budgets, apart, places, down } = ledgerOf(aCloud({ hosts, instances }), noConstraints);
    expect(told).toMatchObject({
      a: { takes: true, zone: "nova", used: { VCPU: 1 } },
      c: { takes: false },
      d: { takes: false },
    });
    expect(told).toMatchObject({ b: { capacity: { VCPU: 4 } } });
    expect({ budgets, apart, places, down }).toEqual({ budgets: {}, apart: {}, places: {}, down: [] });
  });

  test("of a server group that keeps its members apart: one may be away, one may be on a host, and where they are", () => {
    const facts = aCloud({ hosts, instances, groups: { g: { members: ["web", "db", "gone"] } } });
    const { budgets, apart, places } = ledgerOf(facts, noConstraints);
    expect({ budgets, apart, places }).toEqual({
      budgets: { g: { max: 1, recoverySeconds: 0, members: ["web", "db"] } },
      apart: { g: { max: 1, members: ["web", "db"] } },
      places: { web: "a", db: "b" },
    });
  });

  test.each([
    { policy: "soft-anti-affinity", budgets: ["g"], apart: [] },
    { policy: "affinity", budgets: [], apart: [] },
    { policy: "soft-affinity", budgets: [], apart: [] },
  ] as const)("of a group of $policy: budgets $budgets, apart $apart", ({ policy, budgets, apart }) => {
    const told = ledgerOf(
      aCloud({ hosts, instances, groups: { g: { policy, members: ["web", "db"] } } }),
      noConstraints,
    );
    expect([Object.keys(told.budgets), Object.keys(told.apart)]).toEqual([budgets, apart]);
  });

  test("of a declared group: its own limits, the stricter of two on one host, and members that do not serve", () => {
    const constraints = declared({ web: "g", db: "g", far: "g" }, [
      group("g", { antiAffinity: true, maxInstancesPerHost: 2, maxImpactedMembers: 2 }),
    ]);
    const facts = aCloud({ hosts, instances, groups: { g: { members: ["web", "db"] } } });
    const { budgets, apart, down } = ledgerOf(facts, constraints);
    const members = ["web", "db", "far"];
    expect({ budgets, apart, down }).toEqual({
      budgets: { g: { max: 2, recoverySeconds: 30, members } },
      apart: { g: { max: 1, members } },
      down: ["far"],
    });
  });

  test("members of a declared group go by its budget, and by Nova's anti-affinity too", () => {
    const constraints = declared({ web: "own" }, [group("own")]);
    const facts = aCloud({ hosts, instances, groups: { g: { members: ["web", "db", "far"] } } });
    const { budgets, apart } = ledgerOf(facts, constraints);
    expect(budgets).toEqual({ g: { max: 1, recoverySeconds: 0, members: ["db", "far"] } });
    expect(apart).toMatchObject({ g: { members: ["web", "db", "far"] } });
  });
});

describe("what is told after it", () => {
  const groups = { g: { members: ["web", "db"] } };
  const before = ledgerOf(aCloud({ hosts, instances, groups }), noConstraints);

  test("all of it where nothing was told yet", () => {
    expect(ledgerChanges(null, before)).toBe(before);
    expect(tellingInWords(null, before)).toBe(
      "as it is known at the begin: 4 hosts, 1 budget, 1 anti-affinity group, 2 places",
    );
  });

  test("nothing where nothing has changed", () => {
    const changes = ledgerChanges(before, ledgerOf(aCloud({ hosts, instances, groups }), noConstraints));
    expect(changes).toEqual({});
    expect(tellingInWords(before, changes)).toBe("as it was known before");
  });

  test("a move changes two hosts and a place; what is gone is null", () => {
    const moved = aCloud({ hosts, instances: { ...instances, web: { on: "b" } }, groups });
    const changes = ledgerChanges(before, ledgerOf(moved, noConstraints));
    expect(Object.keys(changes.hosts ?? {})).toEqual(["a", "b"]);
    expect(changes).toMatchObject({ places: { web: "b" } });
    expect(tellingInWords(before, changes)).toBe("known anew: 2 hosts, 1 place");
    const { a: _, ...left } = hosts;
    const gone = ledgerOf(aCloud({ hosts: left, instances: { db: { on: "b" } }, groups }), noConstraints);
    expect(ledgerChanges(before, gone)).toMatchObject({
      hosts: { a: null },
      budgets: { g: null },
      apart: { g: null },
      places: { web: null, db: null },
    });
  });
});
