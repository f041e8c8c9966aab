import { expect, test } from "vitest";
import { threadedPlanner } from "../../../src/adapters/local/plan-in-thread.ts";
import { plan } from "../../../src/planner/parallel/plan.ts";
import { aSnapshot } from "../../planner/check/a-plan.ts";

const cloud = aSnapshot({ instances: { web: { host: "a" }, db: { host: "b" } }, session: { hosts: ["a", "b"] } });

test("a thread plans as this one does, and one request after another", async () => {
  const planner = threadedPlanner();
  const plans = await Promise.all([planner(cloud), planner(cloud)]);
  expect(plans).toEqual([plan(cloud), plan(cloud)]);
});

test("what goes wrong in the thread is told, and the next plan is made all the same", async () => {
  const planner = threadedPlanner();
  const broken = planner({ ...cloud, hosts: null as never });
  await expect(broken).rejects.toThrow(/null/);
  expect(await planner(cloud)).toEqual(plan(cloud));
});

test("a thread that does not come to an end is ended", async () => {
  await expect(threadedPlanner({ withinMs: 1 })(cloud)).rejects.toThrow("no plan within 0.001 s");
});
