/** A plan for a cloud that speaks OpenStack: from the first request to a plan that keeps every rule. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { openStackCloud, type OpenStackCloud } from "../../../src/adapters/openstack/cloud.ts";
import { connect } from "../../../src/adapters/postgres/connect.ts";
import { postgresPlans } from "../../../src/adapters/postgres/plans.ts";
import { systemClock as clock } from "../../../src/adapters/system-clock.ts";
import { planMaintenance } from "../../../src/engine/commands/plan-maintenance.ts";
import { check } from "../../../src/planner/check/check.ts";
import type { CloudSnapshot } from "../../../src/planner/format/snapshot.ts";
import { plan } from "../../../src/planner/parallel/plan.ts";
import { demoCloud } from "../../../src/simulator/scenarios.ts";
import { startSimulator, type Simulator } from "../../../src/simulator/simulator.ts";
import { testDatabase } from "../../support/database.ts";

const { url } = await testDatabase();
const database = connect({ url, applicationName: "plan-live", onIdleError: () => {} });
const plans = postgresPlans(database.db);
const planner = async (seen: CloudSnapshot) => plan(seen);

let simulator: Simulator;
let cloud: OpenStackCloud;

beforeAll(async () => {
  simulator = await startSimulator(demoCloud());
  cloud = openStackCloud(simulator.env);
});
afterAll(async () => {
  await cloud?.disconnect();
  await simulator?.close();
  await database.close();
});

test("every enabled compute is planned or blocked with a reason, and the plan keeps every rule", async () => {
  const { plan: made, cloud: seen } = await planMaintenance(
    { session: { objective: "balanced" } },
    { cloud, planner, plans, clock },
  );
  expect(check(seen, made).violations).toEqual([]);
  expect(seen.hosts.filter(({ type, enabled }) => type === "compute" && enabled).length).toBeGreaterThan(5);
  expect(seen.instances.length).toBeGreaterThan(5);
  expect(seen.instances.every(({ demand }) => (demand["vcpus"] ?? 0) > 0)).toBe(true);
});

test("only the hosts that are named", async () => {
  const { plan: made } = await planMaintenance({ session: { hosts: ["compute-1"] } }, { cloud, planner, plans, clock });
  expect(await plans.find(made.digest)).toMatchObject({ plan: made });
  expect([...made.hosts, ...made.blocked].map(({ host }) => host)).toEqual(["compute-1"]);
});
