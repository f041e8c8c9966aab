/** A plan for a cloud that speaks OpenStack: from the first request to a plan that keeps every rule. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { openStackCloud, type OpenStackCloud } from "../../../src/adapters/openstack/cloud.ts";
import { planMaintenance } from "../../../src/engine/commands/plan-maintenance.ts";
import { check } from "../../../src/planner/check/check.ts";
import { demoCloud } from "../../../src/simulator/scenarios.ts";
import { startSimulator, type Simulator } from "../../../src/simulator/simulator.ts";

let simulator: Simulator;
let cloud: OpenStackCloud;

beforeAll(async () => {
  simulator = await startSimulator(demoCloud());
  cloud = openStackCloud(simulator.env);
});
afterAll(async () => {
  await cloud?.disconnect();
  await simulator?.close();
});

test("every enabled compute is planned or blocked with a reason, and the plan keeps every rule", async () => {
  const { plan, cloud: seen } = await planMaintenance({ session: { objective: "balanced" } }, { cloud });
  expect(check(seen, plan).violations).toEqual([]);
  expect(seen.hosts.filter(({ type, enabled }) => type === "compute" && enabled).length).toBeGreaterThan(5);
  expect(seen.instances.length).toBeGreaterThan(5);
  expect(seen.instances.every(({ demand }) => (demand["vcpus"] ?? 0) > 0)).toBe(true);
});

test("only the hosts that are named", async () => {
  const { plan } = await planMaintenance({ session: { hosts: ["compute-1"] } }, { cloud });
  expect([...plan.hosts, ...plan.blocked].map(({ host }) => host)).toEqual(["compute-1"]);
});
