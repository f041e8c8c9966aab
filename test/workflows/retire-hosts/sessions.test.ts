/** Whole sessions of the workflow retire-hosts. Times are seconds since the POST. */
import { describe, expect, test } from "vitest";
import { constraintsFrom, GroupId, InstanceId, ProjectId, type SessionOptions } from "#sdk";
import { done, failed, scalesIn } from "../outcomes.ts";
import { agree, play, type Script } from "../play.ts";

const hosts = { c1: {}, c2: {}, c3: {}, c4: {} };
const instances = { a: { on: "c1", vcpus: 2 }, b: { on: "c2", vcpus: 2 }, c: { on: "c3", vcpus: 2 } };

const retiring = (options: Partial<SessionOptions> = {}, script: Partial<Script> = {}): Script => ({
  workflow: "retire-hosts",
  cloud: { hosts, instances },
  hosts: ["c1", "c2"],
  managers: { shop: agree },
  options,
  ...script,
});

describe("timelines", () => {
  test("two hosts are emptied in conversation and their services deleted", async () => {
    const played = done(retiring({ retired_host: "delete_service" }));
    await expect(played.timeline.join("\n")).toMatchFileSnapshot("timelines/deleted.txt");
    expect(played.world.computes.map(({ name }) => name)).toEqual(["c3", "c4"]);
    expect(played.report.maintained).toEqual(["c1", "c2"]);
    expect(played.report.stillClosed.map(({ host }) => host)).toEqual(["c1", "c2"]);
  });

  test("a full cloud: the project becomes smaller, and the host stays disabled", async () => {
    const full = { a: { on: "c1", vcpus: 4 }, b: { on: "c2", vcpus: 4 } };
    const played = done(
      retiring(
        {},
        { cloud: { hosts: { c1: {}, c2: {} }, instances: full }, hosts: ["c1"], managers: { shop: scalesIn } },
      ),
    );
    await expect(played.timeline.join("\n")).toMatchFileSnapshot("timelines/kept-disabled.txt");
    expect(played.count("remove_host")).toBe(0);
    expect(played.world.computes.map(({ door }) => door.kind)).toEqual(["closed", "open"]);
    expect(played.report.stillClosed).toEqual([{ host: "c1", reason: expect.stringContaining("stays disabled") }]);
  });
});

test.each([1, 2])("what left a host never comes to one that leaves too, %i at once", (atOnce) => {
  const played = done(retiring({ hosts_at_once: atOnce, retired_host: "delete_service" }));
  expect(played.world.instances.map(({ host }) => host).filter((host) => host === "c1" || host === "c2")).toEqual([]);
  expect(played.timeline.filter((line) => /MIGRATE \w+ c/.test(line))).toHaveLength(2);
});

test("each instance is asked about by itself, and what was declared for it holds", () => {
  const group = GroupId.parse("6f3c1f0e-2b7b-4a53-9a36-0d2a5f0d9b10");
  const shop = ProjectId.parse("shop");
  const member = (id: string) => ({
    ...{ instance: InstanceId.parse(id), project: shop, group, name: id, maxInterruptionSeconds: 120 },
    ...({ migrationType: "MIGRATE", resourceMitigation: false, leadTimeSeconds: 0 } as const),
  });
  const constraints = constraintsFrom(
    [member("a"), member("b")],
    [
      {
        ...{ group, project: shop, name: "pair", antiAffinity: true, maxInstancesPerHost: 1 },
        ...{ maxImpactedMembers: 1, recoveryTimeSeconds: 60, resourceMitigation: false },
      },
    ],
  );
  const played = done(retiring({ hosts_at_once: 2 }, { constraints }));
  expect(played.mostImpacted).toBe(1);
  const about = played.asked.filter(({ state }) => state === "PLANNED_MAINTENANCE");
  expect(new Set(about.map(({ instance }) => instance))).toEqual(new Set(["a", "b"]));
  expect(about).toHaveLength(2);
});

test("host actions run on the empty host before it leaves", () => {
  const played = done(
    retiring({ retired_host: "delete_service" }, { hosts: ["c4"], actions: [{ plugin: "stop", phase: "compute" }] }),
  );
  const order = played.timeline.map((line) => line.trim()).filter((line) => / c4 (in_|removed)|on c4/.test(line));
  expect(order.map((line) => line.replace(/^\d+ +/, ""))).toEqual([
    "c4 in_maintenance",
    "stop (compute) on c4",
    "c4 removed",
  ]);
});

describe("a service that cannot be deleted", () => {
  const refused = (effect: { kind: string }) => (effect.kind === "remove_host" ? "a migration is in progress" : null);

  test("ends the session with the reason, and its host is open as before", () => {
    const played = failed(retiring({ retired_host: "delete_service" }, { effectFails: refused }));
    expect(played.failure?.reason).toContain("could not be deleted: a migration is in progress");
  });

  test("continued, the host leaves all the same", () => {
    const played = play(retiring({ retired_host: "delete_service" }, { effectFails: refused }));
    const again = played.resume("START_MAINTENANCE", { effectFails: () => null });
    expect(again.state).toBe("MAINTENANCE_DONE");
    expect(again.world.computes.map(({ name }) => name)).toEqual(["c3", "c4"]);
    expect(again.world.breaches).toEqual([]);
  });

  test("or leaves it out, where the policy says so", () => {
    const options = { retired_host: "delete_service", on_failed_action: "skip_host" } as const;
    const played = done(retiring(options, { effectFails: refused }));
    expect(played.report.notMaintained.map(({ host }) => host)).toEqual(["c1", "c2"]);
  });
});
