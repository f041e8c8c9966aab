/** Allocations in Placement that a crash in mid-move left behind. */
import { afterEach, describe, expect, test } from "vitest";
import { openStackCloud, type OpenStackCloud } from "../../../src/adapters/openstack/cloud.ts";
import { rightAllocations } from "../../../src/adapters/openstack/heal.ts";
import { HostName, InstanceId } from "../../../src/domain/ids.ts";
import { startSimulator, type Simulator } from "../../../src/simulator/simulator.ts";

const one = { resources: { VCPU: 1 } };
const two = { resources: { VCPU: 2 } };

describe("what a server shall hold", () => {
  test.each([
    { name: "nothing here: nothing to be done", held: { home: one }, here: ["here"], home: ["home"], right: null },
    {
      name: "here and at home: only home stays",
      held: { home: one, here: one },
      here: ["here"],
      home: ["home"],
      right: { home: one },
    },
    {
      name: "only here: it is booked at home",
      held: { here: one },
      here: ["here"],
      home: ["home"],
      right: { home: one },
    },
    {
      name: "what it holds elsewhere, such as shared storage, stays",
      held: { here: one, storage: two },
      here: ["here"],
      home: ["home"],
      right: { home: one, storage: two },
    },
    {
      name: "here in a tree, and at home: only home stays",
      held: { here: one, gpu: two, home: one },
      here: ["here", "gpu"],
      home: ["home", "its-gpu"],
      right: { home: one },
    },
    {
      name: "only here, in a tree: which part is which is not ours to say",
      held: { here: one, gpu: two },
      here: ["here", "gpu"],
      home: ["home", "its-gpu"],
      right: null,
    },
    { name: "its own host is no provider: left alone", held: { here: one }, here: ["here"], home: [], right: null },
  ])("$name", ({ held, here, home, right }) => {
    expect(rightAllocations({ allocations: held }, here, home)).toEqual(right);
  });
});

describe("a migration that died", () => {
  let simulator: Simulator;
  let cloud: OpenStackCloud;
  const { signal } = new AbortController();
  const old = HostName.parse("compute-1");
  afterEach(async () => {
    await cloud.disconnect();
    await simulator.close();
  });
  const start = async () => {
    simulator = await startSimulator({
      hosts: ["compute-1", "compute-2"],
      controllers: ["controller-1"],
      projects: ["shop"],
      instances: [{ name: "web", project: "shop", host: "compute-2" }],
      speed: 20,
    });
    cloud = openStackCloud(simulator.env);
    simulator.cloud.leaveAllocation("web", "compute-1");
    const [migration = ""] = (await cloud.occupants(old, { signal })).allocations;
    return { migration, web: simulator.cloud.instance("web").id };
  };

  test("gives its place back when its server is elsewhere", async () => {
    const { migration, web } = await start();
    expect(await cloud.healAllocations(old, { signal })).toEqual([
      `the allocation of migration ${migration} was taken off compute-1: its server ${web} is on compute-2`,
    ]);
    expect(await cloud.occupants(old, { signal })).toEqual({ instances: [], allocations: [], arriving: [] });
    expect(simulator.cloud.checkInvariants()).toEqual([]);
  });

  test("and keeps it when its server is gone: Nova tells nothing of it any more, so whose it was is not certain", async () => {
    const { migration } = await start();
    simulator.cloud.leaveAllocation("web", "compute-1"); // With the server, Nova tidies up behind its last migration only.
    simulator.cloud.asTenant("shop").delete("web");
    await expect.poll(() => simulator.cloud.world.instances).toEqual([]);
    expect(await cloud.healAllocations(old, { signal })).toEqual([]);
    expect((await cloud.occupants(old, { signal })).allocations).toEqual([migration]);
  });

  test("or while its server is on the way", async () => {
    const { migration, web } = await start();
    const id = InstanceId.parse(web);
    simulator.cloud.failMoves({ instance: id, effect: { kind: "hangs", seconds: null } });
    await cloud.startMove(id, "MIGRATE", null, { signal });
    expect(await cloud.healAllocations(old, { signal })).toEqual([]);
    expect((await cloud.occupants(old, { signal })).allocations).toContain(migration);
  });

  test("what somebody else changes meanwhile is left as it is", async () => {
    const { migration } = await start();
    simulator.cloud.requestFaults.add({
      method: "PUT",
      path: "/allocations/",
      effect: { kind: "answers", status: 409, message: "consumer generation conflict" },
    });
    expect(await cloud.healAllocations(old, { signal })).toEqual([]);
    expect((await cloud.occupants(old, { signal })).allocations).toEqual([migration]);
  });
});
