import { describe, expect, test } from "vitest";
import type { HostName } from "../../../src/domain/ids.ts";
import type { HostStatus, SessionHost } from "../../../src/domain/session.ts";
import { etaOf } from "../../../src/planner/eta/eta.ts";
import { expectedOf, type Pace, type Progress, type Visit } from "../../../src/planner/eta/pace.ts";
import { aSessionHost, host, later, NOON } from "../../support/a-view.ts";
import { aPlan, aSnapshot } from "../check/a-plan.ts";

const hosts = (count: number, status: HostStatus = { kind: "waiting" }, prefix = "left"): readonly SessionHost[] =>
  Array.from({ length: count }, (_, n) => aSessionHost(`${prefix}-${n}`, { status }));

const maintained = (count: number): readonly SessionHost[] => hosts(count, { kind: "maintained", at: NOON }, "done");

/** With two moves off each; seconds before noon at which the drain began, the host was empty, and its maintenance was done. */
const visited = (...times: readonly (readonly [number | null, number | null, number | null])[]): Pace["visits"] =>
  new Map(
    times.map(([drain, empty, done], n): [HostName, Visit] => {
      const at = (before: number | null) => (before === null ? null : later(-before));
      return [host(`done-${n}`), { drainingAt: at(drain), emptyAt: at(empty), maintainedAt: at(done), moves: 2 }];
    }),
  );

/** Hosts that were visited are computes that are done, unless the test says otherwise. */
function progress({
  pace,
  hosts: given = hosts(1),
  ...changes
}: Partial<Omit<Progress, "pace">> & { readonly pace?: Partial<Pace> } = {}): Progress {
  const named = new Set(given.map(({ name }) => name));
  const visits = pace?.visits ?? new Map<HostName, Visit>();
  const done = [...visits.keys()].filter((name) => !named.has(name));
  return {
    now: NOON,
    maintenanceAt: later(-3_600),
    instances: [],
    options: { hosts_at_once: 1, moves_at_once: 1 },
    ...changes,
    hosts: [...given, ...done.map((name) => aSessionHost(name, { status: { kind: "maintained", at: NOON } }))],
    pace: { moves: { count: 0, meanSeconds: 0 }, expected: null, ...pace, visits },
  };
}

/** Ten hosts, each drained in 60 s and worked on for 240 s, one after another. */
const tenAlike = visited(
  ...Array.from({ length: 10 }, (_, n) => [300 * (n + 1), 300 * (n + 1) - 60, 300 * n] as const),
);
const near = (seconds: number, percent: number) => ({
  from: seconds * (1 - percent / 100),
  to: seconds * (1 + percent / 100),
});

describe("how long a host takes", () => {
  test.each<{
    readonly what: string;
    readonly given: Partial<Parameters<typeof progress>[0]>;
    readonly drain: object;
    readonly action: object;
  }>([
    {
      what: "nothing is known: half an hour for the actions, 30 s for each of the instances that are left",
      given: {
        hosts: [...hosts(2), ...maintained(1)],
        instances: ["left-0", "left-0", "left-1", "done-0"].map((name) => ({ host: host(name) })),
      },
      drain: { seconds: 45, basis: "assumed", count: 0 },
      action: { seconds: 1_800, basis: "assumed", count: 0 },
    },
    {
      what: "several moves at once",
      given: {
        instances: Array.from({ length: 8 }, () => ({ host: host("left-0") })),
        options: { hosts_at_once: 1, moves_at_once: 4 },
      },
      drain: { seconds: 60, basis: "assumed" },
      action: { seconds: 1_800, basis: "assumed" },
    },
    {
      what: "the plan says it",
      given: { pace: { expected: { hostsAtOnce: 1, drainSeconds: 70, actionSeconds: 100 } } },
      drain: { seconds: 70, basis: "plan", count: 0 },
      action: { seconds: 100, basis: "plan", count: 0 },
    },
    {
      what: "moves were measured, which are newer than the plan",
      given: {
        instances: [{ host: host("left-0") }, { host: host("left-0") }, { host: null }],
        pace: {
          moves: { count: 3, meanSeconds: 12 },
          expected: { hostsAtOnce: 1, drainSeconds: 70, actionSeconds: 100 },
        },
      },
      drain: { seconds: 24, basis: "moves" },
      action: { seconds: 100, basis: "plan" },
    },
    {
      what: "a host is empty and another is done",
      given: { pace: { visits: visited([300, 240, 40], [100, 20, null]) } },
      drain: { seconds: 70, basis: "measured", count: 2 },
      action: { seconds: 200, basis: "measured", count: 1 },
    },
    {
      what: "an empty host, which is not drained",
      given: { pace: { visits: visited([null, 240, 40]) } },
      drain: { seconds: 0, basis: "assumed" },
      action: { seconds: 200, basis: "measured", count: 1 },
    },
    {
      what: "hosts that are left have more instances than those that were drained had",
      given: {
        instances: Array.from({ length: 5 }, () => ({ host: host("left-0") })),
        pace: { visits: visited([300, 240, 40]), moves: { count: 2, meanSeconds: 20 } },
      },
      drain: { seconds: 60 + 3 * 20, basis: "measured", count: 1 },
      action: { seconds: 200, basis: "measured" },
    },
    {
      what: "hosts that are left have so little that it would take less than nothing",
      given: { pace: { visits: visited([300, 240, 40]), moves: { count: 2, meanSeconds: 40 } } },
      drain: { seconds: 6, basis: "measured", count: 1 },
      action: { seconds: 200, basis: "measured" },
    },
    {
      what: "a controller has come back, whose actions are its own",
      given: {
        hosts: [
          ...hosts(1),
          aSessionHost("done-0", { roles: ["controller"], status: { kind: "maintained", at: NOON } }),
        ],
        pace: { visits: visited([null, 240, 40]) },
      },
      drain: { seconds: 0, basis: "assumed" },
      action: { seconds: 1_800, basis: "assumed" },
    },
    {
      what: "a host is visited again, so its old marks tell nothing",
      given: { pace: { visits: visited([50, 240, 40], [600, 540, 340]) } },
      drain: { seconds: 60, basis: "measured", count: 1 },
      action: { seconds: 200, basis: "measured", count: 2 },
    },
  ])("$what", ({ given, drain, action }) => {
    expect(etaOf(progress(given))).toMatchObject({ drain, action });
  });
});

describe("when it is done", () => {
  test.each<{
    readonly what: string;
    readonly given: Parameters<typeof progress>[0];
    readonly p50: { readonly from: number; readonly to: number };
  }>([
    { what: "one host after another", given: { hosts: hosts(20), pace: { visits: tenAlike } }, p50: near(20 * 300, 5) },
    {
      what: "the session begins later",
      given: { hosts: hosts(20), maintenanceAt: later(3_600), pace: { visits: tenAlike } },
      p50: near(3_600 + 20 * 300, 5),
    },
    {
      what: "several at once, as planned, while none is back",
      given: { hosts: hosts(40), pace: { expected: { hostsAtOnce: 4, drainSeconds: 60, actionSeconds: 240 } } },
      p50: near(10 * 300, 20),
    },
    {
      what: "several at once, as allowed, while none is back and there is no plan",
      given: { hosts: hosts(40), options: { hosts_at_once: 4, moves_at_once: 1 } },
      p50: near(10 * 1_800, 20),
    },
    {
      what: "as many at once as were away together on average, though more are allowed",
      given: {
        hosts: hosts(20),
        options: { hosts_at_once: 100, moves_at_once: 1 },
        pace: { visits: visited([600, 540, 300], [590, 530, 290], [300, 240, 0], [290, 230, null]) },
      },
      p50: near(10 * 300, 20),
    },
    {
      what: "as many at once as planned, though one that needed no drain went alone",
      given: {
        hosts: [...hosts(40), ...maintained(1)],
        pace: {
          visits: visited([null, 240, 0]),
          expected: { hostsAtOnce: 4, drainSeconds: 60, actionSeconds: 240 },
        },
      },
      p50: near(10 * 300, 20),
    },
    {
      what: "a controller has nothing to be drained",
      given: {
        hosts: [aSessionHost("controller-1", { roles: ["controller"] })],
        pace: { visits: tenAlike, expected: { hostsAtOnce: 1, drainSeconds: 60, actionSeconds: 240 } },
      },
      p50: near(240, 25),
    },
    {
      what: "half of the action of the last host is over",
      given: { hosts: hosts(1, { kind: "in_maintenance", since: later(-120) }), pace: { visits: tenAlike } },
      p50: near(120, 25),
    },
    {
      what: "the last host is drained in a moment",
      given: { hosts: hosts(1, { kind: "draining", since: later(-50) }), pace: { visits: tenAlike } },
      p50: near(250, 10),
    },
    {
      what: "the last host is long over its time",
      given: { hosts: hosts(1, { kind: "in_maintenance", since: later(-9_000) }), pace: { visits: tenAlike } },
      p50: near(24, 25),
    },
  ])("$what", ({ given, p50 }) => {
    const eta = etaOf(progress(given));
    expect(eta?.p50Seconds).toBeGreaterThanOrEqual(p50.from);
    expect(eta?.p50Seconds).toBeLessThanOrEqual(p50.to);
    expect(eta?.p95Seconds).toBeGreaterThan(eta?.p50Seconds ?? Infinity);
  });

  test.each([
    ["no host is left", maintained(3)],
    ["there are no hosts yet", []],
  ])("nothing is foretold when %s", (_, hosts) => {
    expect(etaOf(progress({ hosts }))).toBeNull();
  });

  test("the more was measured, the nearer are p50 and p95", () => {
    const gap = (pace: Partial<Pace>) => {
      const eta = etaOf(progress({ hosts: hosts(20), pace }));
      return (eta?.p95Seconds ?? NaN) / (eta?.p50Seconds ?? NaN);
    };
    const planned = gap({ expected: { hostsAtOnce: 1, drainSeconds: 60, actionSeconds: 240 } });
    const afterOne = gap({ visits: new Map([...tenAlike].slice(0, 1)) });
    const afterTen = gap({ visits: tenAlike });
    expect(afterOne).toBeLessThan(planned);
    expect(afterTen).toBeLessThan(afterOne);
    expect(afterTen).toBeLessThan(1.2);
  });

  test("the same facts give the same answer", () => {
    const given = progress({ hosts: hosts(30), pace: { visits: tenAlike } });
    expect(etaOf(given)).toEqual(etaOf(given));
  });
});

test("a plan is expected to go as it says", () => {
  const cloud = aSnapshot({ session: { hosts: ["a", "b"] } });
  const plan = aPlan(cloud, {
    hosts: {
      a: { drain_start: 0, empty_at: 10, action_start: 20, action_end: 120 },
      b: { drain_start: 100, empty_at: 140, action_start: 140, action_end: 240 },
    },
  });
  expect(expectedOf(plan)).toEqual({ hostsAtOnce: 2, drainSeconds: 30, actionSeconds: 100 });
});
