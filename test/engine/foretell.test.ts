import { expect, test } from "vitest";
import { enter, fail, perform } from "../../src/domain/decision.ts";
import type { MaintenanceSession } from "../../src/domain/notification.ts";
import { makeView, type Snapshot } from "../../src/domain/view.ts";
import { foretold } from "../../src/engine/foretell.ts";
import { changesOf } from "../../src/engine/turn.ts";
import type { Pace } from "../../src/planner/eta/pace.ts";
import { aSessionHost, aSnapshot, host, later, NOON } from "../support/a-view.ts";

const pace: Pace = {
  visits: new Map(),
  moves: { count: 0, meanSeconds: 0 },
  expected: { hostsAtOnce: 1, drainSeconds: 60, actionSeconds: 600 },
};

const maintained = { kind: "maintained", at: NOON } as const;
const fleet = (count: number, done = 0) =>
  Array.from({ length: count }, (_, index) => aSessionHost(`c${index}`, index < done ? { status: maintained } : {}));

async function newsOf(snapshot: Partial<Snapshot>, decision: Parameters<typeof changesOf>[1]) {
  const view = makeView(aSnapshot(snapshot), NOON);
  const { notifications } = await foretold(view, changesOf(view, decision, "MAINTENANCE_FAILED"), async () => pace);
  return notifications.find((one): one is MaintenanceSession => one.type === "maintenance.session");
}

const second = { state: "START_MAINTENANCE", number: 2, since: NOON };
const doneWith = (name: string) =>
  perform([{ kind: "mark_host", host: host(name), status: maintained }], "its actions are done");

test("the news says when the hosts that are left will be done", async () => {
  const two = await newsOf({ hosts: fleet(2) }, enter("SCALE_IN", "so"));
  const one = await newsOf({ hosts: fleet(2) }, doneWith("c0"));
  const [both, last] = [two?.eta?.p50 ?? NOON, one?.eta?.p50 ?? NOON];
  // Two hosts of eleven minutes each, one of them; not before the maintenance begins.
  expect(both.getTime()).toBeGreaterThan(later(900).getTime());
  expect(last.getTime()).toBeGreaterThan(later(300).getTime());
  expect(last.getTime()).toBeLessThan(both.getTime());
  expect(two?.eta?.p95.getTime()).toBeGreaterThan(both.getTime());
});

test.each([
  { name: "a session that fails", hosts: fleet(2), decision: fail("no", "go on") },
  { name: "the last host", hosts: fleet(2, 1), decision: doneWith("c1") },
  { name: "the same percentage as before, of many hosts", hosts: fleet(250), entry: second, decision: doneWith("c0") },
])("nothing is foretold of $name", async ({ hosts, entry, decision }) => {
  const news = await newsOf({ hosts, ...(entry && { entry }) }, decision);
  expect(news).toBeDefined();
  expect(news?.eta).toBeUndefined();
});

test("of many hosts it is foretold whenever the percentage moves", async () => {
  const news = await newsOf({ hosts: fleet(250, 2), entry: second }, doneWith("c2"));
  expect(news).toMatchObject({ percentDone: 1, eta: { p50: expect.any(Date) as Date } });
});
