import { afterAll, expect, test } from "vitest";
import { openStackCloud } from "../../../src/adapters/openstack/cloud.ts";
import { GroupId, InstanceId } from "../../../src/domain/ids.ts";
import { startSimulator } from "../../../src/simulator/simulator.ts";

const simulator = await startSimulator({
  hosts: ["compute-1"],
  projects: ["shop", "bank"],
  instances: [{ name: "web", project: "shop", host: "compute-1" }],
});
const cloud = openStackCloud(simulator.env);
afterAll(async () => {
  await cloud.disconnect();
  await simulator.close();
});

const call = { signal: AbortSignal.timeout(10_000) };
const shop = simulator.cloud.asTenant("shop");

test("an instance and a server group are their project's; what the cloud does not know is nobody's", async () => {
  const web = InstanceId.parse(simulator.cloud.instance("web").id);
  const group = GroupId.parse(shop.createGroup("pair").id);
  expect(await cloud.ownership.instance(web, call)).toBe(shop.project.id);
  expect(await cloud.ownership.group(group, call)).toBe(shop.project.id);
  const unknown = "11111111-2222-4333-8444-555555555555";
  expect(await cloud.ownership.instance(InstanceId.parse(unknown), call)).toBeNull();
  expect(await cloud.ownership.group(GroupId.parse(unknown), call)).toBeNull();
});

test("a cloud that cannot be asked says nothing about owners", async () => {
  simulator.cloud.requestFaults.cutOff(null);
  const web = InstanceId.parse(simulator.cloud.instance("web").id);
  await expect(cloud.ownership.instance(web, { signal: AbortSignal.timeout(500) })).rejects.toThrow();
  simulator.cloud.requestFaults.restore();
});
