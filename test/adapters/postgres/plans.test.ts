import { afterAll, beforeEach, expect, test } from "vitest";
import { connect } from "../../../src/adapters/postgres/connect.ts";
import { postgresStore } from "../../../src/adapters/postgres/store.ts";
import { aPlan, aSnapshot } from "../../planner/check/a-plan.ts";
import { testDatabase } from "../../support/database.ts";
import { aNewSession, aSession, later, LIMITS, NOON, record } from "./support.ts";

const { url } = await testDatabase();
const { db, close } = connect({ url, applicationName: "plans", onIdleError: () => {} });
afterAll(close);
beforeEach(async () => void (await db.deleteFrom("plan").execute()));
const store = postgresStore(db);
const { plans } = store;

const DAY = 86_400;
const cloud = aSnapshot();
const plan = aPlan(cloud);
const named = (name: string) => ({ plan: { ...plan, digest: name }, cloud });
const keptNames = async () =>
  (await db.selectFrom("plan").select("digest").orderBy("digest").execute()).map(({ digest }) => digest);

test("a plan is found by its digest, with its cloud", async () => {
  await plans.keep({ plan, cloud }, NOON);
  expect(await plans.find(plan.digest)).toEqual({ plan, cloud });
  expect(await plans.find("sha256:other")).toBeUndefined();
});

test("made again, it is kept with the newer cloud", async () => {
  const newer = aSnapshot({ hosts: { d: {} } });
  await plans.keep({ plan, cloud }, NOON);
  await plans.keep({ plan, cloud: newer }, later(60));
  expect(await plans.find(plan.digest)).toEqual({ plan, cloud: newer });
});

test("what is older than a week goes when another is made", async () => {
  await plans.keep(named("old"), NOON);
  await plans.keep(named("young"), later(DAY));
  await plans.keep(named("new"), later(7 * DAY + 1));
  expect(await keptNames()).toEqual(["new", "young"]);
});

test("a hundred are kept", async () => {
  const names = Array.from({ length: 102 }, (_, n) => `plan ${String(n).padStart(3, "0")}`);
  for (const [n, name] of names.entries()) await plans.keep(named(name), later(n));
  expect(await keptNames()).toEqual(names.slice(2));
});

test("an old plan stays until the session that goes by it has ended, which sees its cloud", async () => {
  await plans.keep(named("used"), NOON);
  const session = aSession({ planDigest: "used" });
  await store.sessions.create(aNewSession({ session }), LIMITS);
  await plans.keep(named("new"), later(8 * DAY));
  expect(await keptNames()).toEqual(["new", "used"]);
  await store.sessions.inTurn(session.id, NOON, async (open) => {
    expect((await open.snapshot()).session.planDigest).toBe("used");
    expect(await open.plannedCloud()).toEqual(cloud);
  });
  const report = { maintained: [], notMaintained: [], stillClosed: [] };
  await record(store, session, { ended: report, wakeAt: null });
  await plans.keep(named("newer"), later(8 * DAY));
  expect(await keptNames()).toEqual(["new", "newer"]);
});
