import { describe, expect, test } from "vitest";
import { type Effect, subjectOf } from "../../src/domain/effect.ts";
import { type HostStatus, type SessionHost, SessionOptions } from "../../src/domain/session.ts";
import type { Snapshot } from "../../src/domain/view.ts";
import { windUp } from "../../src/domain/wind-up.ts";
import { aSessionHost, aSnapshot, aView, host, instance, later, NOON, recorded } from "../support/a-view.ts";

const failed = { state: "MAINTENANCE_FAILED", number: 2, since: NOON };
const running = { kind: "running", since: NOON } as const;

const decide = (changes: Partial<Snapshot>) => windUp(aView({ entry: failed, ...changes }));
const effectsOf = (changes: Partial<Snapshot>): readonly string[] => {
  const decision = decide(changes);
  return decision.kind === "perform" ? decision.effects.map((effect) => `${effect.kind} ${subjectOf(effect)}`) : [];
};
const withOptions = (options: Partial<SessionOptions>): Partial<Snapshot> => ({
  session: { ...aSnapshot().session, options: SessionOptions.parse(options) },
});

const kinds = {
  waiting: { kind: "waiting" },
  draining: { kind: "draining", since: NOON },
  in_maintenance: { kind: "in_maintenance", since: NOON },
  maintained: { kind: "maintained", at: NOON },
  skipped: { kind: "skipped", reason: "its project said no" },
  failed: { kind: "failed", reason: "exit code 1" },
} as const satisfies Record<HostStatus["kind"], HostStatus>;

describe("where a host stood when the session ended", () => {
  test.each<{ status: HostStatus["kind"]; closure: SessionHost["closure"]; keep: boolean; does: readonly string[] }>([
    { status: "waiting", closure: "open", keep: false, does: [] },
    { status: "waiting", closure: "closed_by_session", keep: false, does: ["open_host c1"] },
    { status: "waiting", closure: "closed_by_others", keep: false, does: [] },
    { status: "draining", closure: "closed_by_session", keep: true, does: ["mark_host c1/waiting", "open_host c1"] },
    {
      status: "in_maintenance",
      closure: "closed_by_session",
      keep: false,
      does: ["mark_host c1/failed", "open_host c1"],
    },
    { status: "in_maintenance", closure: "closed_by_session", keep: true, does: ["mark_host c1/failed"] },
    { status: "maintained", closure: "closed_by_session", keep: true, does: ["open_host c1"] },
    { status: "skipped", closure: "closed_by_session", keep: true, does: ["open_host c1"] },
    { status: "failed", closure: "closed_by_session", keep: false, does: ["open_host c1"] },
    { status: "failed", closure: "closed_by_session", keep: true, does: [] },
  ])("$status and $closure (keep disabled: $keep): $does", ({ status, closure, keep, does }) => {
    const hosts = [aSessionHost("c1", { status: kinds[status], closure })];
    expect(effectsOf({ hosts, ...withOptions({ failed_host: keep ? "keep_disabled" : "enable" }) })).toEqual(does);
  });
});

describe("what is under way", () => {
  const closed = [
    aSessionHost("c1", { closure: "closed_by_session" }),
    aSessionHost("c2", { closure: "closed_by_session" }),
  ];
  const run = {
    kind: "run_action",
    plugin: aSnapshot().session.workflow,
    phase: "host",
    host: host("c1"),
    index: 0,
  } satisfies Effect;
  const move = {
    kind: "move_instance",
    instance: instance("i"),
    from: host("c1"),
    to: null,
    how: "MIGRATE",
    attempt: 1,
  } satisfies Effect;

  test("a host under a running action stays closed, the others open at once", () => {
    expect(effectsOf({ hosts: closed, effects: [recorded(run, running, 1)] })).toEqual(["open_host c2"]);
  });

  test("nothing ends while a move goes on, and the wait says until when (I15)", () => {
    expect(decide({ effects: [recorded(move, running, 1)] })).toEqual({
      kind: "wait",
      for: "what is under way to come to rest: 1 move_instance",
      until: later(1_800),
    });
  });

  test("one that outlives every estimate is waited for again", () => {
    const decision = windUp(aView({ entry: failed, effects: [recorded(move, running, 1)] }, later(9_000)));
    expect(decision).toMatchObject({ kind: "wait", until: later(9_060) });
  });
});

test.each([
  { retired_host: "keep_disabled", reason: "it was taken out of the cloud: its nova-compute service stays disabled" },
  { retired_host: "delete_service", reason: "it was taken out of the cloud: its nova-compute service is deleted" },
] as const)("a host that was taken out is never opened, and named ($retired_host)", ({ retired_host, reason }) => {
  const status = { kind: "maintained", at: NOON, as: "removed" } as const;
  const hosts = [aSessionHost("c1", { status, closure: "closed_by_session" })];
  expect(decide({ hosts, ...withOptions({ retired_host }) })).toEqual({
    kind: "end",
    report: { maintained: ["c1"], notMaintained: [], stillClosed: [{ host: "c1", reason }] },
  });
});

test("the report names every host that was not maintained or stays closed, with the reason (I4)", () => {
  const hosts = [
    aSessionHost("c1", { status: kinds.maintained }),
    aSessionHost("c2", { status: kinds.failed, closure: "closed_by_session" }),
    aSessionHost("c3", { status: kinds.skipped, closure: "closed_by_others" }),
    aSessionHost("c4", { closure: "closed_by_session" }),
  ];
  const opening = { kind: "open_host", host: host("c4") } as const;
  const effects = [recorded(opening, { kind: "failed", at: NOON, reason: "403" }, 2)];
  expect(decide({ hosts, effects, ...withOptions({ failed_host: "keep_disabled" }) })).toEqual({
    kind: "end",
    report: {
      maintained: ["c1"],
      notMaintained: [
        { host: "c2", reason: "exit code 1" },
        { host: "c3", reason: "its project said no" },
        { host: "c4", reason: "the session ended before it was maintained" },
      ],
      stillClosed: [
        { host: "c2", reason: "its host action failed, and the session keeps such hosts disabled" },
        { host: "c3", reason: "it was closed by somebody else, who has to open it" },
        { host: "c4", reason: "it could not be opened (403): enable its nova-compute service by hand" },
      ],
    },
  });
});
