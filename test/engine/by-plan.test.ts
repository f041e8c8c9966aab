import { afterAll, expect, test } from "vitest";
import { connect } from "../../src/adapters/postgres/connect.ts";
import { postgresPlans } from "../../src/adapters/postgres/plans.ts";
import { PluginName } from "../../src/domain/ids.ts";
import { SessionOptions } from "../../src/domain/session.ts";
import { byPlan } from "../../src/engine/commands/by-plan.ts";
import type { SessionRequest } from "../../src/engine/commands/create-session.ts";
import { aPlan, aSnapshot } from "../planner/check/a-plan.ts";
import { testDatabase } from "../support/database.ts";
import { host, NOON } from "../support/a-view.ts";

const { url } = await testDatabase();
const { db, close } = connect({ url, applicationName: "by-plan", onIdleError: () => {} });
afterAll(close);
const plans = postgresPlans(db);

const request = (changes: Partial<SessionRequest> = {}): SessionRequest => ({
  hosts: [],
  maintenanceAt: NOON,
  metadata: {},
  workflow: PluginName.parse("default"),
  actions: [],
  options: SessionOptions.parse({ moves_at_once: 8, reply_seconds: 7 }),
  planDigest: null,
  ...changes,
});

/** `a` and `b` are away together, `c` goes when `a` is back. */
const cloud = aSnapshot({ session: { hosts: ["a", "b", "c"] } });
const plan = aPlan(cloud, {
  hosts: {
    a: { drain_start: 0, empty_at: 10, action_start: 10, action_end: 110 },
    b: { drain_start: 50, empty_at: 60, action_start: 60, action_end: 160 },
    c: { drain_start: 110, empty_at: 120, action_start: 120, action_end: 220 },
  },
});

test("a request without a plan stays as it is", async () => {
  const wanted = request({ hosts: [host("x")] });
  expect(await byPlan(wanted, plans)).toBe(wanted);
});

test("hosts and limits are the plan's, the rest is the admin's", async () => {
  await plans.keep({ plan, cloud }, NOON);
  const { hosts, options } = await byPlan(request({ planDigest: plan.digest }), plans);
  expect(hosts).toEqual(["a", "b", "c"]);
  expect(options).toMatchObject({ hosts_at_once: 2, moves_at_once: 1, reply_seconds: 7 });
});

test("a limit that was given when it was planned holds, even where the plan does not reach it", async () => {
  const limited = aSnapshot({ session: { hosts: ["a"], max_hosts_at_once: 3 } });
  const made = aPlan(limited);
  await plans.keep({ plan: made, cloud: limited }, NOON);
  expect(await byPlan(request({ planDigest: made.digest }), plans)).toMatchObject({ options: { hosts_at_once: 3 } });
});

test.each([
  ["a plan that nobody made", { planDigest: `sha256:${"0".repeat(64)}` }, "PLAN_UNKNOWN", "plan_digest"],
  ["hosts beside a plan", { planDigest: plan.digest, hosts: [host("a")] }, "BODY_INVALID", "hosts"],
])("refused: %s", async (_, changes, code, field) => {
  await plans.keep({ plan, cloud }, NOON);
  await expect(byPlan(request(changes), plans)).rejects.toMatchObject({ code, field });
});

test("refused: a plan that visits no host", async () => {
  const nothing = { ...plan, digest: `sha256:${"1".repeat(64)}`, hosts: [] };
  await plans.keep({ plan: nothing, cloud }, NOON);
  await expect(byPlan(request({ planDigest: nothing.digest }), plans)).rejects.toMatchObject({ field: "plan_digest" });
});

test("the operator's limits are the plan's; where it has none, the admin's", async () => {
  const limited = aSnapshot({
    session: { hosts: ["a", "b", "c"], max_moves_at_once: 3, reserve: { vcpus: 8 }, window_seconds: 3_600 },
  });
  const again = { ...plan, digest: `sha256:${"1".repeat(64)}` };
  await plans.keep({ plan: again, cloud: limited }, NOON);
  const asked = SessionOptions.parse({ max_moves_at_once: 9, max_hosts_at_once_per_zone: 2, reserve: { disk_gb: 5 } });
  const { options } = await byPlan(request({ planDigest: again.digest, options: asked }), plans);
  expect(options).toMatchObject({
    max_moves_at_once: 3,
    max_hosts_at_once_per_zone: 2,
    reserve: { vcpus: 8, disk_gb: 5 },
    window_seconds: 3_600,
  });
});
