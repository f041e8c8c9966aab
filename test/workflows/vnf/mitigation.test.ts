/** Whole sessions of the workflow vnf with instances whose manager asked for impact mitigation (resource_mitigation). */
import { describe, expect, test } from "vitest";
import { constraintsFrom, GroupId, InstanceId, ProjectId } from "#sdk";
import { done, failed, scalesIn } from "../outcomes.ts";
import { agree, type Played, type Script } from "../play.ts";

const shop = ProjectId.parse("shop");
const web = GroupId.parse("web");

const declared = (names: readonly string[], asking: { readonly instance?: boolean; readonly group?: boolean }) =>
  constraintsFrom(
    names.map((name) => ({
      ...{ instance: InstanceId.parse(name), project: shop, group: web, name, maxInterruptionSeconds: 120 },
      ...{ migrationType: "MIGRATE" as const, resourceMitigation: asking.instance ?? false, leadTimeSeconds: 0 },
    })),
    [
      {
        ...{ group: web, project: shop, name: "web", antiAffinity: false, maxInstancesPerHost: 0 },
        ...{ maxImpactedMembers: 1, recoveryTimeSeconds: 5, resourceMitigation: asking.group ?? false },
      },
    ],
  );

/** Two of two vCPUs have to leave c1; c2 has room for these two and nobody else, c3 is full. */
const tight = (free: number): Script["cloud"] => ({
  hosts: { c1: { vcpus: 4 }, c2: { vcpus: free }, c3: { vcpus: 4 } },
  instances: {
    a: { on: "c1", vcpus: 2 },
    b: { on: "c1", vcpus: 2 },
    other: { on: "c3", vcpus: 2 },
    another: { on: "c3", vcpus: 2 },
  },
});

const script = (changes: Partial<Script>): Script => ({
  workflow: "vnf",
  cloud: tight(4),
  hosts: ["c1"],
  constraints: declared(["a", "b"], { instance: true }),
  managers: { shop: scalesIn },
  ...changes,
});

const wasAsked = ({ asked }: Played) => asked.filter(({ state }) => state === "SCALE_IN");
const insisting = { on_no_spare_room: "scale_in" } as const;

describe.each([1, 2])("with %i hosts at once", (hosts_at_once) => {
  test("without room for a replacement they move all the same, as is usual", () => {
    const played = done(script({ options: { hosts_at_once } }));
    expect(wasAsked(played)).toEqual([]);
    expect(played.report.maintained).toEqual(["c1"]);
  });

  test.each([
    { of: "the instances", asking: { instance: true } },
    { of: "their group", asking: { group: true } },
  ])("the room is asked for first where the session insists, by the word of $of", ({ asking }) => {
    const constraints = declared(["a", "b"], asking);
    const played = done(script({ constraints, options: { ...insisting, hosts_at_once } }));
    expect(wasAsked(played).map(({ missing }) => missing?.["VCPU"])).toEqual([2]);
    const scaledIn = played.timeline.findIndex((line) => line.includes("ACK_SCALE_IN"));
    const moved = played.timeline.findIndex((line) => line.includes(" MIGRATE "));
    expect(scaledIn).toBeGreaterThan(0);
    expect(moved === -1 || moved > scaledIn).toBe(true);
  });

  test.each([
    { what: "there is room beside the places that they take", changes: { cloud: tight(6) } },
    { what: "nobody asked for it", changes: { constraints: declared(["a", "b"], {}) } },
  ])("nothing is asked for where $what", ({ changes }) => {
    const played = done(script({ ...changes, options: { ...insisting, hosts_at_once } }));
    expect(wasAsked(played)).toEqual([]);
  });

  test("where nobody makes the room, the session ends and says what is missing", () => {
    const managers = { shop: agree };
    const played = failed(script({ managers, options: { ...insisting, hosts_at_once, scale_in_rounds: 2 } }));
    expect(played.failure?.reason).toContain("spare room on c1");
    expect(played.timeline.some((line) => line.includes(" MIGRATE "))).toBe(false);
  });
});
