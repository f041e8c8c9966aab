import { expect, test } from "vitest";
import { type Decision, enter, perform, wait } from "../../src/domain/decision.ts";
import { PluginName } from "../../src/domain/ids.ts";
import { LOCALHOST } from "../../src/sdk/index.ts";
import { SessionOptions } from "../../src/domain/session.ts";
import type { Snapshot } from "../../src/domain/view.ts";
import { heldToPlan } from "../../src/engine/held-to-plan.ts";
import { CloudSnapshot } from "../../src/planner/format/snapshot.ts";
import { snapshotOf } from "../../src/planner/live-snapshot.ts";
import { aCloud } from "../planner/cloud.ts";
import { aSnapshot, aView, later, NOON, recorded } from "../support/a-view.ts";

const ten = Object.fromEntries(Array.from({ length: 10 }, (_, n) => [`i${n}`, { on: n < 5 ? "a" : "b" }]));
const planned = aCloud({ hosts: { a: { vcpus: 16 }, b: { vcpus: 16 } }, instances: ten });
const { i0: _, ...nine } = ten;
const changed = aCloud({ hosts: { a: { vcpus: 16 }, b: { vcpus: 16 } }, instances: nine });

const view = ({ tolerance = 0.05, ...changes }: Partial<Snapshot> & { readonly tolerance?: number } = {}) =>
  aView({
    facts: changed,
    session: {
      ...aSnapshot().session,
      planDigest: "sha256:1",
      options: SessionOptions.parse({ plan_tolerance: tolerance }),
    },
    ...changes,
  });

const pre = {
  kind: "run_action",
  plugin: PluginName.parse("dummy"),
  phase: "pre",
  host: LOCALHOST,
  index: 0,
} as const;
const start = enter("START_MAINTENANCE", "time has come");
const begin = perform([pre], "pre actions");
const kept = async () => CloudSnapshot.parse(snapshotOf(planned));

test.each<{ readonly what: string; readonly view: ReturnType<typeof view>; readonly decision: Decision }>([
  { what: "a cloud that is as it was", view: view({ facts: planned }), decision: start },
  { what: "a change within the tolerance", view: view({ tolerance: 0.1 }), decision: start },
  { what: "a wait, which begins nothing", view: view(), decision: wait("replies", later(40)) },
  {
    what: "a look, which touches nothing",
    view: view(),
    decision: perform([{ kind: "observe", occasion: "start" }], "right before the start"),
  },
  { what: "a session without a plan", view: view({ session: aSnapshot().session }), decision: start },
  {
    what: "a session that was continued",
    view: view({ entry: { state: "MAINTENANCE", number: 3, since: NOON } }),
    decision: start,
  },
  {
    what: "a session whose pre actions have begun",
    view: view({ effects: [recorded(pre, { kind: "done", at: NOON, outcome: { output: "" } })] }),
    decision: start,
  },
])("$what is let through", async ({ view, decision }) => {
  expect(await heldToPlan(view, decision, kept)).toBe(decision);
});

test.each([
  { what: "leaving the first state", decision: start },
  { what: "a host action", decision: begin },
])("$what fails when too much has changed, with what it is", async ({ decision }) => {
  expect(await heldToPlan(view(), decision, kept)).toMatchObject({
    kind: "fail",
    reason: "the cloud has changed by 10 % since it was planned, and 5 % are tolerated: 1 instance deleted (i0)",
  });
});

test("a workflow that has not looked at the cloud begins nothing by a plan", async () => {
  expect(await heldToPlan(view({ facts: null }), start, kept)).toMatchObject({ kind: "fail" });
});

test("a plan that is not kept any more begins nothing", async () => {
  expect(await heldToPlan(view(), start, async () => null)).toMatchObject({
    kind: "fail",
    reason: "the plan sha256:1 is not kept any more",
  });
});
