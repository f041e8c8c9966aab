import { describe, expect, test } from "vitest";
import { end, enter, fail, perform, wait } from "../../src/domain/decision.ts";
import type { Effect } from "../../src/domain/effect.ts";
import { changesOf } from "../../src/engine/turn.ts";
import { aQuestion, aSessionHost, aView, host, instance, later, NOON, project, recorded } from "../support/a-view.ts";

const changes = (decision: Parameters<typeof changesOf>[1], view = aView()) =>
  changesOf(view, decision, "MAINTENANCE_FAILED");

test("entering a state is told to admins and due at once", () => {
  const hosts = [
    aSessionHost("c1", { status: { kind: "maintained", at: NOON } }),
    aSessionHost("c2"),
    aSessionHost("c3"),
  ];
  expect(changes(enter("SCALE_IN", "no room"), aView({ hosts }))).toMatchObject({
    enter: { state: "SCALE_IN" },
    wakeAt: NOON,
    waiting: null,
    notifications: [{ type: "maintenance.session", state: "SCALE_IN", percentDone: 33 }],
    journal: [{ kind: "state_entered", text: "SCALE_IN: no room" }],
  });
});

test("failing keeps the reason and cancels what has not begun", () => {
  expect(changes(fail("no room", "add a host"))).toMatchObject({
    enter: { state: "MAINTENANCE_FAILED" },
    failure: { reason: "no room", advice: "add a host" },
    cancelPending: true,
    journal: [{ kind: "session_failed" }, { kind: "state_entered" }],
  });
});

test("ending releases everything and is due nevermore", () => {
  const report = { maintained: [host("c1")], notMaintained: [], stillClosed: [] };
  expect(changes(end(report))).toMatchObject({ ended: report, wakeAt: null, journal: [{ kind: "session_ended" }] });
});

describe("waiting", () => {
  test("is named in the timeline once, however often it is decided", () => {
    expect(changes(wait("replies", later(9)))).toMatchObject({
      waiting: { for: "replies", until: later(9) },
      wakeAt: later(9),
      journal: [{ kind: "waiting" }],
    });
    const again = aView({ waiting: { for: "replies", until: later(9) } });
    expect(changes(wait("replies", later(9)), again).journal).toEqual([]);
  });

  test("says what holds an effect up", () => {
    const look: Effect = { kind: "observe", occasion: "arrival" };
    const view = aView({ effects: [recorded(look, { kind: "pending", lastError: "Nova does not answer" })] });
    expect(changes(wait("a look at the cloud", later(9)), view).waiting?.for).toBe(
      "a look at the cloud (tried in vain so far: Nova does not answer)",
    );
  });
});

describe("performing", () => {
  test("what was recorded before is not recorded again", () => {
    const close: Effect = { kind: "close_host", host: host("c1") };
    const other: Effect = { kind: "close_host", host: host("c2") };
    const view = aView({ effects: [recorded(close, { kind: "running", since: NOON })] });
    expect(changes(perform([close, other], "drain"), view).effects).toEqual([{ effect: other, performed: true }]);
  });

  test("a question stands from the decision on, and its notification is in the same transaction", () => {
    const question = aQuestion({ state: "SCALE_IN", missing: { VCPU: 4 } });
    const { reply: _reply, ...asked } = question;
    const made = changes(perform([{ kind: "ask", question: asked }], "no room"));
    expect(made.effects).toEqual([{ effect: { kind: "ask", question: asked }, performed: false }]);
    expect(made.questions).toEqual([asked]);
    expect(made.notifications).toMatchObject([
      {
        type: "maintenance.scheduled",
        project: "shop",
        state: "SCALE_IN",
        missing: { VCPU: 4 },
        metadata: { release: "Zed" },
      },
    ]);
    expect(made.journal[0]?.text).toContain("missing 4 VCPU");
  });

  test("a moved instance is told with nothing to answer", () => {
    const made = changes(
      perform([{ kind: "tell_moved", project: project("shop"), instance: instance("web-1"), attempt: 1 }], "moved"),
    );
    expect(made.notifications).toEqual([
      {
        type: "maintenance.scheduled",
        project: "shop",
        state: "INSTANCE_ACTION_DONE",
        instance: null,
        instances: ["web-1"],
        allowedActions: [],
        replyBy: null,
        actionsAt: null,
        missing: null,
        metadata: {},
      },
    ]);
  });

  test.each([
    { status: { kind: "in_maintenance", since: NOON } as const, told: ["maintenance.host IN_MAINTENANCE"] },
    {
      status: { kind: "maintained", at: NOON } as const,
      told: ["maintenance.host MAINTENANCE_COMPLETE", "maintenance.session MAINTENANCE"],
    },
    { status: { kind: "failed", reason: "exit code 1" } as const, told: ["maintenance.host MAINTENANCE_COMPLETE"] },
    { status: { kind: "draining", since: NOON } as const, told: [] },
    { status: { kind: "skipped", reason: "shop said no" } as const, told: [] },
  ])("a host marked $status.kind is announced as $told", ({ status, told }) => {
    const view = aView({ hosts: [aSessionHost("c1")] });
    const made = changes(perform([{ kind: "mark_host", host: host("c1"), status }], "its turn"), view);
    expect(made.hosts).toEqual([{ host: "c1", status }]);
    expect(made.notifications.map((news) => `${news.type} ${"state" in news ? news.state : ""}`)).toEqual(told);
  });

  test("the last host makes it 100 percent", () => {
    const view = aView({
      hosts: [aSessionHost("c1", { status: { kind: "maintained", at: NOON } }), aSessionHost("c2")],
    });
    const made = changes(
      perform([{ kind: "mark_host", host: host("c2"), status: { kind: "maintained", at: NOON } }], "done"),
      view,
    );
    expect(made.notifications).toContainEqual({ type: "maintenance.session", state: "MAINTENANCE", percentDone: 100 });
  });
});
