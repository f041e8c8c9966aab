/** Sessions that maintain several hosts at the same time. Times are seconds since the POST. */
import { describe, expect, test } from "vitest";
import { agree, type Manager, type Script } from "../play.ts";
import { done, expectSound, failed, refuses, scalesIn, silentIn } from "../outcomes.ts";

const hosts = { c1: {}, c2: {}, c3: {}, c4: {}, c5: {}, c6: {} };
/** Half full: two or three hosts can be away at a time. */
const half = Object.fromEntries(Object.keys(hosts).map((on, n) => [`i${n + 1}`, { on, vcpus: 2 }]));
const rolling = (script: Script): Script => ({ ...script, options: { hosts_at_once: 6, ...script.options } });
const indexIn = (timeline: readonly string[], part: string): number => {
  const found = timeline.findIndex((line) => line.includes(part));
  expect(found, `${part} in\n${timeline.join("\n")}`).toBeGreaterThanOrEqual(0);
  return found;
};

test("as many hosts as find room are emptied together, and the next ones follow as these come back", async () => {
  const played = done(rolling({ cloud: { hosts, instances: half }, managers: { shop: agree } }));
  await expect(played.timeline.join("\n")).toMatchFileSnapshot("timelines/rolling.txt");
  expect(played.report.maintained).toHaveLength(6);
  const oneAtATime = done({ cloud: { hosts, instances: half }, managers: { shop: agree } });
  expect(played.seconds - 60).toBeLessThan((oneAtATime.seconds - 60) * 0.6);
});

test("a host whose action takes longer keeps nobody else from going on", () => {
  const played = done(
    rolling({
      cloud: { hosts: { ...hosts, spare: { vcpus: 8 } }, instances: half },
      hosts: Object.keys(hosts),
      options: { hosts_at_once: 2 },
      managers: { shop: agree },
      actionSeconds: ({ host }) => (host === "c1" ? 600 : 30),
    }),
  );
  const { timeline } = played;
  for (const host of ["c2", "c3", "c4", "c5", "c6"])
    expect(indexIn(timeline, `${host} maintained`)).toBeLessThan(indexIn(timeline, "c1 maintained"));
});

test("a host that has come back takes instances at once, though the last look saw it closed", () => {
  const full = Object.fromEntries(Object.keys(hosts).map((on, n) => [`i${n + 1}`, { on, vcpus: 4 }]));
  const { timeline } = done(
    rolling({
      cloud: { hosts: { ...hosts, spare: {}, other: {} }, instances: full },
      hosts: Object.keys(hosts),
      managers: { shop: agree },
      // While c2 is closed, the last look becomes too old for choosing hosts, and there is a new one.
      actionSeconds: ({ host }) => (host === "c2" ? 60 : 5),
    }),
  );
  expect(indexIn(timeline, "c6 draining")).toBeLessThan(indexIn(timeline, "c5 maintained"));
});

describe("the projects", () => {
  test("are asked about all their instances on hosts that are begun together, in one question", () => {
    const { asked } = done(rolling({ cloud: { hosts, instances: half }, managers: { shop: agree } }));
    const planned = asked.filter(({ state }) => state === "PLANNED_MAINTENANCE");
    expect(planned[0]?.instances.length).toBeGreaterThan(1);
    expect(new Set(planned.map(({ round }) => round)).size).toBe(planned.length);
  });

  test("a question is not overtaken by the next one", () => {
    let open = 0;
    const slow: Manager = (question) => {
      expect((open += 1)).toBe(1);
      return { answer: "ACK", action: "MIGRATE", afterSeconds: 20, does: () => void (open -= 1), ...question };
    };
    done(rolling({ cloud: { hosts, instances: half }, managers: { shop: slow } }));
  });

  test("a no skips the hosts with its instances, and no others", () => {
    const played = done(
      rolling({
        cloud: { hosts, instances: { ...half, theirs: { on: "c2", vcpus: 1, project: "bank" } } },
        options: { on_nack: "skip_host" },
        managers: { shop: agree, bank: refuses("PLANNED_MAINTENANCE") },
      }),
    );
    expect(played.report.notMaintained).toEqual([
      { host: "c2", reason: "project bank said no to PLANNED_MAINTENANCE: not now" },
    ]);
    expect(played.report.maintained).toEqual(["c1", "c3", "c4", "c5", "c6"]);
  });

  test("a silent one fails the session where that is the policy", () => {
    const played = failed(
      rolling({ cloud: { hosts, instances: half }, managers: { shop: silentIn("PLANNED_MAINTENANCE") } }),
    );
    expect(played.failure?.reason).toBe("project shop did not answer PLANNED_MAINTENANCE in time");
  });
});

test("one member of a server group is on its way at a time, whatever host it leaves", () => {
  const played = done(
    rolling({
      cloud: { hosts, instances: half, groups: { web: { members: ["i1", "i2", "i3", "i4"] } } },
      managers: { shop: agree },
    }),
  );
  expect(played.count("move_instance")).toBeGreaterThanOrEqual(6); // The world itself complains of two at once.
});

test("a full cloud: the projects are asked for room, and then hosts go together", () => {
  const fullOf = Object.fromEntries(Object.keys(hosts).map((on, n) => [`i${n + 1}`, { on, vcpus: 4 }]));
  const played = done(rolling({ cloud: { hosts, instances: fullOf }, managers: { shop: scalesIn } }));
  expect(played.states).toContain("SCALE_IN");
  expect(played.report.maintained).toHaveLength(6);
});

test("when all hosts that may be away find no room any more, the projects are asked for it", () => {
  const played = failed(
    rolling({
      cloud: {
        hosts: { c1: {}, c2: {}, spare: { vcpus: 8 } },
        instances: { a: { on: "c1", vcpus: 4 }, b: { on: "c2", vcpus: 4 } },
      },
      hosts: ["c1", "c2"],
      options: { hosts_at_once: 2, scale_in_rounds: 1 },
      managers: { shop: agree, late: agree },
      events: [{ atSeconds: 65, happens: (world) => world.add({ big: { on: "spare", vcpus: 8, project: "late" } }) }],
    }),
  );
  expect(played.states).toContain("SCALE_IN");
  expect(played.failure?.reason).toMatch(/^no host can be emptied/);
  expect(played.seconds).toBeLessThan(600);
});

test("controllers have their turn before any compute host", () => {
  const { timeline } = done(
    rolling({ cloud: { hosts, instances: half, controllers: ["k1"] }, managers: { shop: agree } }),
  );
  expect(indexIn(timeline, "k1 maintained")).toBeLessThan(indexIn(timeline, "c1 draining"));
});

test("a failed action leaves its host out, and the others go on", () => {
  const played = done(
    rolling({
      cloud: { hosts, instances: half },
      options: { on_failed_action: "skip_host" },
      managers: { shop: agree },
      actionFails: ({ host }) => (host === "c3" ? "exit code 1" : null),
    }),
  );
  expect(played.report.notMaintained.map(({ host }) => host)).toEqual(["c3"]);
  expect(played.report.maintained).toHaveLength(5);
});

test("continued after a failure, a host that was being worked on is looked at again before it is worked on", () => {
  let fails = 1;
  const played = failed(
    rolling({
      cloud: { hosts, instances: half },
      managers: { shop: agree },
      actionFails: () => (fails-- > 0 ? "exit code 1" : null),
    }),
  );
  played.world.add({ late: { on: "c1", vcpus: 1 } });
  const again = played.resume();
  expectSound(again);
  expect(again.state, again.failure?.reason).toBe("MAINTENANCE_DONE");
  expect(again.report.maintained).toHaveLength(6);
});

test.each([
  { sizes: [1, 2, 1, 2, 2, 2, 2, 2, 2, 2], on: 5 },
  { sizes: [1, 1, 1, 2, 2, 1, 2, 1, 2, 2, 2, 2], on: 6 },
  { sizes: [1, 2, 2, 1, 2, 1, 2, 2, 2, 2, 1, 1], on: 6 },
])("an instance that moves twice between two looks is where its last move took it: $sizes", ({ sizes, on }) => {
  const roomy = Object.fromEntries(Array.from({ length: on }, (_, n) => [`c${n + 1}`, { vcpus: 8 }]));
  const instances = Object.fromEntries(sizes.map((vcpus, n) => [`i${n + 1}`, { on: `c${(n % on) + 1}`, vcpus }]));
  // Looks are a minute apart, so hosts come back and take instances before the next one; the world complains of what it must not take.
  done(
    rolling({
      cloud: { hosts: roomy, instances, groups: { web: { members: ["i1", "i2", "i3"] } } },
      options: { hosts_at_once: 2, moves_at_once: 2 },
      managers: { shop: agree },
      moveSeconds: () => 1,
      actionSeconds: () => 1,
    }),
  );
});

describe("the operator's limits", () => {
  const most = (timeline: readonly string[], begins: RegExp, ends: RegExp): number => {
    let now = 0;
    return timeline.reduce((highest, line) => {
      if (begins.test(line)) now += 1;
      if (ends.test(line)) now -= 1;
      return Math.max(highest, now);
    }, 0);
  };
  const zones = Object.fromEntries(
    Object.keys(hosts).map((name, n) => [name, { zone: n < 3 ? "east" : "west", vcpus: 8 }]),
  );
  const light = Object.fromEntries(Object.keys(hosts).map((on, n) => [`i${n + 1}`, { on, vcpus: 2, zone: "" }]));

  test("so many hosts of one zone are away at once, and others of other zones", () => {
    const { timeline, report } = done(
      rolling({
        cloud: { hosts: zones, instances: light },
        options: { max_hosts_at_once_per_zone: 1 },
        managers: { shop: agree },
      }),
    );
    expect(report.maintained).toHaveLength(6);
    expect(most(timeline, /c[1-3] draining/, /c[1-3] maintained/)).toBe(1);
    expect(most(timeline, /c[1-6] draining/, /c[1-6] maintained/)).toBe(2);
  });

  test.each([1, 2])("%i moves in the whole cloud at once", (max_moves_at_once) => {
    let most = 0;
    const played = done(
      rolling({
        cloud: { hosts: zones, instances: light },
        options: { max_moves_at_once },
        managers: { shop: agree },
        moveFails: (_, world) => {
          most = Math.max(most, world.moving.size);
          return null;
        },
      }),
    );
    expect(played.report.maintained).toHaveLength(6);
    expect(most).toBeLessThanOrEqual(max_moves_at_once);
  });

  test.each([1, 6])("the reserve stays free, with %i hosts at once", (hosts_at_once) => {
    const free: number[] = [];
    const played = done({
      cloud: { hosts: zones, instances: light },
      options: { hosts_at_once, reserve: { vcpus: 24 } },
      managers: { shop: agree },
      moveFails: (_, world) => {
        const open = world.computes.filter(({ door }) => door.kind === "open");
        const used = open
          .flatMap(({ name }) => world.on(name))
          .reduce((sum, { demand }) => sum + (demand["VCPU"] ?? 0), 0);
        free.push(open.length * 8 - used);
        return null;
      },
    });
    expect(played.report.maintained).toHaveLength(6);
    expect(Math.min(...free)).toBeGreaterThanOrEqual(24);
  });

  test.each([1, 6])(
    "a reserve that leaves no room asks the projects for what is missing of it, with %i at once",
    (hosts_at_once) => {
      const played = failed({
        cloud: { hosts: zones, instances: light },
        options: { hosts_at_once, reserve: { vcpus: 30 }, scale_in_rounds: 1 },
        managers: { shop: agree },
      });
      expect(played.states).toContain("SCALE_IN");
      // Six hosts of 8, one away, hold 12: 28 are free, and 30 are reserved.
      expect(played.asked.find(({ state }) => state === "SCALE_IN")?.missing).toEqual({ VCPU: 2 });
      expect(played.count("move_instance")).toBe(0);
    },
  );

  test.each([
    // Six hosts of 8, one away.
    { reserve: { vcpus: 41 }, missing: "1 VCPU" },
    { reserve: { vcpu: 1 }, missing: "1 vcpu" },
  ])(
    "a reserve that no cloud of this size keeps, $missing, ends the session before anybody is asked",
    ({ reserve, missing }) => {
      const played = failed({
        cloud: { hosts: zones, instances: light },
        options: { reserve },
        managers: { shop: agree },
      });
      expect(played.failure?.reason).toBe(
        `the reserve is more than the cloud has without c1, even if it were empty: ${missing} are missing`,
      );
      expect(played.asked).toEqual([]);
    },
  );

  test("nobody is asked to scale in for a reserve that is out of reach now", () => {
    const played = failed({
      cloud: { hosts: { ...zones, c6: { vcpus: 8, up: false } }, instances: { a: { on: "c1", vcpus: 2, zone: "" } } },
      hosts: ["c1"],
      options: { reserve: { vcpus: 40 } },
      managers: { shop: agree },
    });
    expect(played.failure?.reason).toContain("in the way: the operator's reserve; no project can be asked to scale in");
    expect(played.asked.map(({ state }) => state)).toEqual(["MAINTENANCE"]);
  });

  test.each([1, 2])(
    "past the window no host is begun with, and those left are named, with %i at once",
    (hosts_at_once) => {
      const played = done({
        cloud: { hosts: zones, instances: light },
        options: { hosts_at_once, window_seconds: 120 },
        managers: { shop: agree },
        actionSeconds: () => 100,
      });
      const { maintained, notMaintained } = played.report;
      expect(maintained.length).toBeGreaterThan(0);
      expect(maintained.length + notMaintained.length).toBe(6);
      expect(new Set(notMaintained.map(({ reason }) => reason.slice(0, 28)))).toEqual(
        new Set(["the maintenance window ended"]),
      );
    },
  );
});
