/** Whole sessions as scripts, with the timeline as the expected text. Times are seconds since the POST. */
import { describe, expect, test } from "vitest";
import { done, expectSound, failed, refuses, scalesIn, silentIn } from "../outcomes.ts";
import { agree, type Manager, play, type Script } from "../play.ts";

const full = { c1: {}, c2: {}, c3: {} };
const oneEach = { a: { on: "c1", vcpus: 2 }, b: { on: "c2", vcpus: 2 }, c: { on: "c3", vcpus: 2 } };
const fullOf = { a: { on: "c1", vcpus: 4 }, b: { on: "c2", vcpus: 4 }, c: { on: "c3", vcpus: 4 } };

describe("timelines", () => {
  test("room in one host: one host after the other is emptied and maintained", async () => {
    const played = done({ cloud: { hosts: full, instances: oneEach }, managers: { shop: agree } });
    await expect(played.timeline.join("\n")).toMatchFileSnapshot("timelines/room.txt");
  });

  test("a full cloud: the projects scale in, and every host is maintained", async () => {
    const played = done({ cloud: { hosts: full, instances: fullOf }, managers: { shop: scalesIn } });
    await expect(played.timeline.join("\n")).toMatchFileSnapshot("timelines/full.txt");
  });

  test("controllers, a host that is both, one that is neither, and pre and post actions", async () => {
    const played = done({
      cloud: { hosts: { c1: {}, both: {} }, instances: { a: { on: "both" } }, controllers: ["k1", "both"] },
      hosts: ["both", "c1", "k1", "rack"],
      actions: [
        { plugin: "fetch", phase: "pre", order: 2 },
        { plugin: "announce", phase: "pre", order: 1 },
        { plugin: "patch", phase: "host" },
        { plugin: "control", phase: "controller" },
        { plugin: "reboot", phase: "compute" },
        { plugin: "cable", phase: "other" },
        { plugin: "cleanup", phase: "post" },
      ],
      managers: { shop: agree },
    });
    await expect(played.timeline.join("\n")).toMatchFileSnapshot("timelines/roles.txt");
  });
});

describe("hosts without instances", () => {
  test("an empty cloud needs nobody's consent (B08)", () => {
    const played = done({ cloud: { hosts: full } });
    expect(played.report.maintained).toEqual(["c1", "c2", "c3"]);
    expect(played.asked).toEqual([]);
  });

  test("controllers alone are maintained one by one (B28)", () => {
    const played = done({ cloud: { hosts: {}, controllers: ["k1", "k2"] } });
    expect(played.report.maintained).toEqual(["k1", "k2"]);
    expect(played.states).toEqual(["MAINTENANCE", "START_MAINTENANCE", "MAINTENANCE_COMPLETE", "MAINTENANCE_DONE"]);
  });
});

describe("a project that does not cooperate", () => {
  type Case = {
    name: string;
    managers: Record<string, Manager>;
    option: "on_nack" | "on_silence" | "on_no_manager";
    reason: string;
  };
  const cases: readonly Case[] = [
    {
      name: "says no to MAINTENANCE",
      managers: { shop: agree, bank: refuses("MAINTENANCE") },
      option: "on_nack",
      reason: "project bank said no to MAINTENANCE: not now",
    },
    {
      name: "says no to its moves",
      managers: { shop: agree, bank: refuses("PREPARE_MAINTENANCE") },
      option: "on_nack",
      reason: "project bank said no to PREPARE_MAINTENANCE: not now",
    },
    {
      name: "is silent at first",
      managers: { shop: agree, bank: silentIn("MAINTENANCE") },
      option: "on_silence",
      reason: "project bank did not answer MAINTENANCE in time",
    },
    {
      name: "is silent about its moves",
      managers: { shop: agree, bank: silentIn("PREPARE_MAINTENANCE") },
      option: "on_silence",
      reason: "project bank did not answer PREPARE_MAINTENANCE in time",
    },
    {
      name: "has no manager",
      managers: { shop: agree },
      option: "on_no_manager",
      reason: "project bank has no manager that Fenix could ask",
    },
  ];
  const script = ({ managers }: Case, options: Script["options"] = {}): Script => ({
    cloud: {
      hosts: { c1: {}, c2: {}, c3: {} },
      instances: { a: { on: "c1", project: "bank" }, b: { on: "c2", vcpus: 2 }, c: { on: "c3", vcpus: 2 } },
    },
    managers,
    options,
  });

  test.each(cases)("$name: by default the session fails with the reason, and its hosts are open", (given) => {
    const played = failed(script(given));
    expect(played.failure?.reason).toBe(given.reason);
    expect(played.failure?.advice).toContain(given.option);
  });

  test.each(cases)("$name: with proceed, its instance is moved by the default action", (given) => {
    const played = done(script(given, { [given.option]: "proceed", default_action: "LIVE_MIGRATE" }));
    expect(played.report.maintained).toEqual(["c1", "c2", "c3"]);
    expect(played.timeline.some((line) => line.includes("a c1 →"))).toBe(true);
  });

  test.each(cases)("$name: with skip_host, its host is left out and open", (given) => {
    const played = done(script(given, { [given.option]: "skip_host" }));
    expect(played.report.notMaintained).toEqual([{ host: "c1", reason: given.reason }]);
    expect(played.report.maintained).toEqual(["c2", "c3"]);
  });

  test("a no is told at once, though another project has not answered (B09)", () => {
    const played = failed(
      script({ managers: { shop: () => null, bank: refuses("MAINTENANCE") }, name: "", option: "on_nack", reason: "" }),
    );
    expect(played.seconds).toBeLessThan(10);
  });

  test("with proceed, a no holds Fenix off until the announced time, and a yes does not (I10)", () => {
    const moved = (manager: Manager) => {
      const played = done(
        script(
          { managers: { shop: agree, bank: manager }, name: "", option: "on_nack", reason: "" },
          { on_nack: "proceed" },
        ),
      );
      const at = (text: string) =>
        Number(
          played.timeline
            .find((line) => line.includes(text))
            ?.trim()
            .split(" ")[0],
        );
      return at("a c1 →") - at("bank is asked PREPARE_MAINTENANCE");
    };
    expect(moved(agree)).toBe(2);
    expect(moved(refuses("PREPARE_MAINTENANCE"))).toBe(40);
  });

  test("a silent project delays the end by its window and no longer (L2)", () => {
    const managers = { shop: silentIn("MAINTENANCE_COMPLETE") };
    const played = done({ cloud: { hosts: full, instances: oneEach }, managers, options: { on_silence: "proceed" } });
    const asked = played.timeline.findIndex((line) => line.includes("is asked MAINTENANCE_COMPLETE"));
    expect(played.timeline.slice(asked).map((line) => Number(line.trim().split(" ")[0]))).toEqual(
      [203, 263].map((at) => expect.closeTo(at, -2)),
    );
  });
});

describe("the time of the maintenance", () => {
  test("nothing is touched before it, and the way on is decided then (B26)", () => {
    const played = done({
      cloud: { hosts: full, instances: fullOf },
      managers: { shop: agree },
      beginsInSeconds: 7_200,
      events: [{ atSeconds: 3_600, happens: (world) => world.remove("b") }],
    });
    expect(played.states.slice(0, 2)).toEqual(["MAINTENANCE", "START_MAINTENANCE"]);
    expect(played.timeline.find((line) => line.includes("START_MAINTENANCE"))).toMatch(/^ 72/);
  });

  test("a project that came while it was waited for is asked too (B21)", () => {
    const played = done({
      cloud: { hosts: full, instances: { a: { on: "c1" } } },
      managers: { shop: agree, late: agree },
      events: [{ atSeconds: 30, happens: (world) => world.add({ z: { on: "c2", project: "late" } }) }],
    });
    expect(played.asked.filter(({ state }) => state === "MAINTENANCE").map(({ project }) => project)).toEqual([
      "shop",
      "late",
    ]);
  });

  test("a start sooner than the reply window waits for the replies (B07)", () => {
    const slow: Manager = (question, world) => ({ ...agree(question, world), answer: "ACK", afterSeconds: 30 });
    const played = done({
      cloud: { hosts: full, instances: { a: { on: "c1" } } },
      managers: { shop: slow },
      beginsInSeconds: 1,
    });
    expect(played.timeline.find((line) => line.includes("START_MAINTENANCE"))).toMatch(/^ {3}3\d/);
    expect(played.asked.every(({ replyBy }) => replyBy.getTime() > 0)).toBe(true);
  });
});

describe("scaling in", () => {
  test("is bounded, and the failure tells what is missing and the way out (B18)", () => {
    const played = failed({
      cloud: { hosts: full, instances: fullOf },
      managers: { shop: agree },
      options: { scale_in_rounds: 3 },
    });
    expect(played.asked.filter(({ state }) => state === "SCALE_IN")).toHaveLength(3);
    expect(played.failure?.reason).toBe(
      "no host can be emptied: c1 needs the least, 4096 MEMORY_MB, 4 VCPU more; in the way: a (no room: even c2 lacks 4096 MEMORY_MB, 4 VCPU); the projects were asked 3 times to scale in",
    );
    expect(played.failure?.advice).toContain("Add a compute host");
  });

  test("goes on as soon as the cloud shows the room, though it shows it late", () => {
    const late: Manager = (question, world) => agree(question, world);
    const played = done({
      cloud: { hosts: full, instances: fullOf },
      managers: { shop: late },
      events: [{ atSeconds: 75, happens: (world) => world.remove("b") }],
    });
    expect(played.states.filter((state) => state === "SCALE_IN")).toHaveLength(1);
  });

  test("with nobody willing, the session does not ask again", () => {
    const played = failed({
      cloud: { hosts: full, instances: fullOf },
      managers: { shop: refuses("SCALE_IN") },
      options: { on_nack: "proceed" },
    });
    expect(played.asked.filter(({ state }) => state === "SCALE_IN")).toHaveLength(1);
    expect(played.failure?.reason).toContain("no project scales in");
  });

  test("with skip_host for a no, its hosts are left out", () => {
    const played = done({
      cloud: { hosts: full, instances: { ...fullOf, b: { on: "c2", vcpus: 4, project: "bank" } } },
      managers: { shop: refuses("SCALE_IN"), bank: refuses("SCALE_IN") },
      options: { on_nack: "skip_host" },
    });
    expect(played.report.maintained).toEqual([]);
    expect(played.report.notMaintained.map(({ host }) => host)).toEqual(["c1", "c2", "c3"]);
  });

  test("memory counts as vCPUs do (B14)", () => {
    const hosts = { c1: { capacity: { VCPU: 64, MEMORY_MB: 4096 } }, c2: { capacity: { VCPU: 64, MEMORY_MB: 4096 } } };
    const instances = {
      a: { on: "c1", demand: { VCPU: 1, MEMORY_MB: 3000 } },
      b: { on: "c2", demand: { VCPU: 1, MEMORY_MB: 3000 } },
    };
    const played = failed({ cloud: { hosts, instances }, managers: { shop: agree }, options: { scale_in_rounds: 1 } });
    expect(played.asked.find(({ state }) => state === "SCALE_IN")?.missing).toEqual({ MEMORY_MB: 1904 });
  });

  test("later, when the maintained hosts were filled meanwhile, room is asked for again", () => {
    const played = done({
      cloud: { hosts: { c1: {}, c2: {} }, instances: { b: { on: "c2", vcpus: 4 } } },
      managers: { shop: scalesIn, late: scalesIn },
      events: [{ atSeconds: 95, happens: (world) => world.add({ z: { on: "c1", vcpus: 3, project: "late" } }) }],
    });
    expect(played.states).toContain("SCALE_IN");
    expect(played.report.maintained).toEqual(["c1", "c2"]);
  });
});

describe("moves", () => {
  const two = {
    hosts: { c1: {}, c2: {}, c3: {} },
    instances: { a: { on: "c1", vcpus: 2 }, c: { on: "c2", vcpus: 2 }, d: { on: "c3", vcpus: 1 } },
  };

  test("a failed one is tried again, elsewhere", () => {
    let fails = 1;
    const played = done({
      cloud: two,
      managers: { shop: agree },
      moveFails: ({ instance }) => (instance === "d" && fails-- > 0 ? "the disk was busy" : null),
    });
    const tries = played.timeline.filter((line) => line.includes("MIGRATE d c3"));
    expect(tries).toHaveLength(2);
    expect(new Set(tries.map((line) => line.split("→")[1])).size).toBe(2);
  });

  test("when all hosts that could take it have refused, the scheduler chooses", () => {
    let fails = 2;
    const played = done({
      cloud: two,
      managers: { shop: agree },
      moveFails: ({ instance }) => (instance === "d" && fails-- > 0 ? "the disk was busy" : null),
    });
    expect(played.timeline.some((line) => line.includes("d c3 → anywhere"))).toBe(true);
  });

  test("the tries outlast the two minutes for which Nova's scheduler may be wrong, and it is told what is waited for", () => {
    const played = failed({
      cloud: two,
      managers: { shop: agree },
      moveFails: ({ instance }) => (instance === "d" ? "No valid host was found" : null),
    });
    const tries = played.timeline.filter((line) => line.includes("MIGRATE d c3")).map((line) => parseInt(line, 10));
    expect(tries.slice(1).map((at, index) => at - (tries[index] ?? 0) - 10)).toEqual([6, 16, 46, 121]); // One for the look.
    expect(played.waits).toContain("the next try to move d off c3; the last one failed: No valid host was found");
  });

  test("after all tries the session fails, naming the instance and the last reason", () => {
    const played = failed({
      cloud: two,
      managers: { shop: agree },
      moveFails: ({ instance }) => (instance === "d" ? "the disk was busy" : null),
    });
    expect(played.failure?.reason).toBe("d could not be moved off c3 in 5 tries: the disk was busy");
  });

  test("or its host is left out, and the others are maintained", () => {
    const played = done({
      cloud: two,
      managers: { shop: agree },
      options: { on_failed_move: "skip_host" },
      moveFails: ({ instance }) => (instance === "d" ? "the disk was busy" : null),
    });
    expect(played.report.notMaintained).toEqual([
      { host: "c3", reason: "d could not be moved off c3 in 5 tries: the disk was busy" },
    ]);
    expect(played.report.maintained).toEqual(["c1", "c2"]);
  });

  test.each([
    { status: "SHUTOFF", wished: "LIVE_MIGRATE" as const, how: "MIGRATE" },
    { status: "PAUSED", wished: "MIGRATE" as const, how: "LIVE_MIGRATE" },
  ])("a $status instance is moved by $how, whatever its project said", ({ status, wished, how }) => {
    const manager: Manager = () => ({ answer: "ACK", action: wished });
    const played = done({
      cloud: { hosts: { c1: {}, c2: {} }, instances: { a: { on: "c1", status } } },
      managers: { shop: manager },
    });
    expect(played.timeline.some((line) => line.includes(` ${how} a c1 → c2`))).toBe(true);
  });

  test("an instance in ERROR is waited for until its owner has brought it back", () => {
    const played = done({
      cloud: { hosts: { c1: {}, c2: {} }, instances: { a: { on: "c1", status: "ERROR" } } },
      managers: { shop: agree },
      events: [{ atSeconds: 200, happens: (world) => world.change("a", { status: "ACTIVE" }) }],
    });
    expect(played.report.maintained).toEqual(["c1", "c2"]);
  });

  test("but not for ever", () => {
    const played = failed({
      cloud: { hosts: { c1: {}, c2: {} }, instances: { a: { on: "c1", status: "ERROR" } } },
      managers: { shop: agree },
    });
    expect(played.failure?.reason).toBe(
      "a cannot be moved off c1: it is in ERROR: its owner has to rebuild or delete it, or an admin to reset its state",
    );
  });

  test("at most so many at once, and one member of a server group", () => {
    const names = ["a", "b", "c", "d", "e", "f"];
    const played = done({
      cloud: {
        hosts: { c1: { vcpus: 6 }, c2: { vcpus: 6 } },
        instances: Object.fromEntries(names.map((name) => [name, { on: "c1" }])),
        groups: { soft: { members: ["a", "b"], policy: "soft-anti-affinity" } },
      },
      managers: { shop: agree },
      options: { moves_at_once: 3 },
    });
    const starts = played.timeline
      .filter((line) => line.includes("MIGRATE") && line.includes("c1 → c2"))
      .map((line) => line.slice(0, 5));
    expect(starts.slice(0, 4)).toEqual([starts[0], starts[0], starts[0], expect.not.stringMatching(`^${starts[0]}$`)]);
  });

  test("the way through keeps members of an anti-affinity group apart (I9)", () => {
    done({
      cloud: {
        hosts: { c1: {}, c2: {}, c3: {}, c4: {} },
        instances: { a: { on: "c1" }, b: { on: "c2" }, c: { on: "c3" } },
        groups: { web: { members: ["a", "b", "c"] } },
      },
      managers: { shop: agree },
    });
  });

  test("a host is emptied into hosts outside the session, so that instances move once", () => {
    const played = done({
      cloud: { hosts: { c1: {}, c2: {}, spare: {} }, instances: { a: { on: "c1" }, b: { on: "c2" } } },
      hosts: ["c1", "c2"],
      managers: { shop: agree },
    });
    expect(played.count("move_instance")).toBe(2);
    expect(played.world.on("spare").length + played.world.on("c1").length).toBe(2);
  });
});

describe("OWN_ACTION", () => {
  const cloud = { hosts: { c1: {}, c2: {} }, instances: { a: { on: "c1" } } };
  const own =
    (does: (world: Parameters<Manager>[1]) => void): Manager =>
    (question, world) => ({
      answer: "ACK",
      action: "OWN_ACTION",
      does: () => question.allowedActions.length > 0 && does(world),
    });

  test("the host is empty when the project has removed its instance", () => {
    const played = done({ cloud, managers: { shop: own((world) => world.remove("a")) } });
    expect(played.count("move_instance")).toBe(0);
    expect(played.count("tell_moved")).toBe(0);
  });

  test("it is waited for, and the waiting is bounded", () => {
    const played = failed({ cloud, managers: { shop: own(() => {}) } });
    expect(played.failure?.reason).toBe("the OWN_ACTION of project shop left a on c1");
    expect(played.count("observe")).toBeLessThan(10);
    expect(played.count("check_empty")).toBeLessThan(60);
  });

  test("with proceed, Fenix moves what the project left", () => {
    const played = done({ cloud, managers: { shop: own(() => {}) }, options: { on_silence: "proceed" } });
    expect(played.count("move_instance")).toBe(1);
  });

  test("with skip_host, its host is left out", () => {
    const played = done({ cloud, managers: { shop: own(() => {}) }, options: { on_silence: "skip_host" } });
    expect(played.report.notMaintained).toEqual([
      { host: "c1", reason: "the OWN_ACTION of project shop left a on c1" },
    ]);
  });
});

describe("what happens meanwhile", () => {
  const cloud = { hosts: { c1: {}, c2: {} }, instances: { a: { on: "c1" } } };

  test("an instance that appears on the host is asked about in a next round", () => {
    const played = done({
      cloud,
      managers: { shop: agree },
      events: [{ atSeconds: 100, happens: (world) => world.add({ z: { on: "c1" } }) }],
    });
    const planned = played.asked.filter(({ state }) => state === "PLANNED_MAINTENANCE");
    expect(planned.map(({ round, instances }) => ({ round, instances }))).toEqual([
      { round: 1, instances: ["a"] },
      { round: 2, instances: ["z"] },
    ]);
  });

  test("an instance that vanishes is no trouble", () => {
    done({ cloud, managers: { shop: agree }, events: [{ atSeconds: 97, happens: (world) => world.remove("a") }] });
  });

  test("an instance that came between the last look and the closing keeps its host from being maintained (B19)", () => {
    const played = done({
      cloud: { hosts: { c1: {}, c2: {} } },
      managers: { shop: agree },
      events: [{ atSeconds: 61.5, happens: (world) => world.add({ z: { on: "c1" } }) }],
    });
    expect(played.report.maintained).toEqual(["c1", "c2"]);
  });

  test("what Placement has not forgotten yet is waited for", () => {
    done({
      cloud,
      managers: { shop: agree },
      events: [
        { atSeconds: 50, happens: (world) => world.ghosts.set("c1" as never, ["old-migration"]) },
        { atSeconds: 150, happens: (world) => world.ghosts.clear() },
      ],
    });
  });

  test("what a crash left in Placement is put right after a minute", () => {
    const played = done({
      cloud,
      managers: { shop: agree },
      events: [{ atSeconds: 50, happens: (world) => world.stale.set("c1" as never, ["old-migration"]) }],
    });
    expect(played.report.maintained).toEqual(["c1", "c2"]);
    expect(played.waits).toContain("c1 to become empty: Placement has allocations of old-migration");
  });

  test("or left to the admin, where that is the policy", () => {
    const played = failed({
      cloud,
      managers: { shop: agree },
      options: { stale_allocations: "fail" },
      events: [{ atSeconds: 50, happens: (world) => world.stale.set("c1" as never, ["old-migration"]) }],
    });
    expect(played.failure?.reason).toBe("c1 does not become empty: Placement has allocations of old-migration");
  });

  test("what Placement never forgets fails the session with its consumers", () => {
    const played = failed({
      cloud,
      managers: { shop: agree },
      events: [{ atSeconds: 50, happens: (world) => world.ghosts.set("c1" as never, ["old-migration"]) }],
    });
    expect(played.failure?.reason).toBe("c1 does not become empty: Placement has allocations of old-migration");
  });

  test("a host that the cloud knows no longer is left out", () => {
    const played = done({
      cloud: { hosts: { c1: {}, c2: {} } },
      hosts: ["c1", "c2"],
      events: [
        {
          atSeconds: 30,
          happens: (world) => void (world.computes = world.computes.filter(({ name }) => name !== "c2")),
        },
      ],
    });
    expect(played.report.notMaintained).toEqual([{ host: "c2", reason: "the cloud does not know this host any more" }]);
  });

  test("a host whose compute service is down and has instances ends the session with what to do", () => {
    const played = failed({
      cloud: { hosts: { c1: {}, c2: { up: false } }, instances: { a: { on: "c2" } } },
      managers: { shop: agree },
    });
    expect(played.failure?.reason).toContain("the compute services of the hosts that are left are down");
    expect(played.report.maintained).toEqual(["c1"]);
  });
});

describe("hosts that others had closed before", () => {
  test("are emptied, maintained, and stay closed (I4)", () => {
    const closed = { kind: "closed", reason: "bad disk" } as const;
    const played = done({
      cloud: { hosts: { c1: { door: closed }, c2: {} }, instances: { a: { on: "c1" } } },
      managers: { shop: agree },
    });
    expect(played.report.maintained).toEqual(["c1", "c2"]);
    expect(played.report.stillClosed).toEqual([
      { host: "c1", reason: "it was closed by somebody else, who has to open it" },
    ]);
    expect(played.world.computes.map(({ door }) => door)).toEqual([closed, { kind: "open" }]);
  });
});

describe("a host action that fails", () => {
  const script = (options: NonNullable<Script["options"]>): Script => ({
    cloud: { hosts: { ...full, c4: {} }, instances: { ...oneEach, d: { on: "c4", vcpus: 2 } } },
    managers: { shop: agree },
    options,
    actionFails: ({ host }) => (host === "c1" ? "exit code 1" : null),
  });

  test("ends the session, naming it, its host and where to look; the host is open again (B24)", () => {
    const played = failed(script({}));
    expect(played.failure?.reason).toBe("the host action reboot (host) on c1 failed: exit code 1");
    expect(played.failure?.advice).toContain("/detail");
    expect(played.report.notMaintained[0]).toEqual({ host: "c1", reason: played.failure?.reason });
  });

  test("or its host is marked, and the session goes on", () => {
    const played = done(script({ on_failed_action: "skip_host" }));
    expect(played.statusOf("c1")).toBe("failed");
    expect(played.world.host("c1" as never)?.door.kind).toBe("open");
  });

  test("with keep_disabled, the host stays closed and the report says why", () => {
    const played = play(script({ on_failed_action: "skip_host", failed_host: "keep_disabled" }));
    expectSound(played);
    expect(played.report.stillClosed).toEqual([
      { host: "c1", reason: "its host action failed, and the session keeps such hosts disabled" },
    ]);
  });

  test("in pre or post ends the session", () => {
    for (const phase of ["pre", "post"] as const) {
      const played = failed({
        cloud: { hosts: full },
        actions: [{ plugin: "fetch", phase }],
        actionFails: () => "no network",
      });
      expect(played.failure?.reason).toBe(`the host action fetch (${phase}) on localhost failed: no network`);
    }
  });
});

describe("a failed session that is continued", () => {
  test("goes on where it failed, with what was maintained before", () => {
    let fails = 5;
    const played = play({
      cloud: { hosts: full, instances: oneEach },
      managers: { shop: agree },
      moveFails: ({ instance }) => (instance === "c" && fails-- > 0 ? "the disk was busy" : null),
    });
    expect(played.state).toBe("MAINTENANCE_FAILED");
    expect(played.report.maintained).toEqual(["c1"]);
    const again = played.resume();
    expectSound(again);
    expect(again.state, again.failure?.reason).toBe("MAINTENANCE_DONE");
    expect(again.report.maintained).toEqual(["c1", "c2", "c3"]);
    expect(again.timeline.filter((line) => line.includes("reboot (host) on c1"))).toHaveLength(1);
  });

  test("after a failed action, the host is visited again", () => {
    let fails = 1;
    const played = play({
      cloud: { hosts: full, instances: oneEach },
      managers: { shop: agree },
      actionFails: () => (fails-- > 0 ? "exit code 1" : null),
    });
    const again = played.resume();
    expectSound(again);
    expect(again.report.maintained).toEqual(["c1", "c2", "c3"]);
  });

  test("after a refused scale-in, more rounds are asked", () => {
    const played = play({
      cloud: { hosts: full, instances: fullOf },
      managers: { shop: agree },
      options: { scale_in_rounds: 1 },
    });
    const again = played.resume(undefined, { managers: { shop: scalesIn } });
    expectSound(again);
    expect(again.state, again.failure?.reason).toBe("MAINTENANCE_DONE");
  });

  test.each([
    "MAINTENANCE",
    "SCALE_IN",
    "PREPARE_MAINTENANCE",
    "START_MAINTENANCE",
    "PLANNED_MAINTENANCE",
    "MAINTENANCE_COMPLETE",
  ])("can be put into %s, whatever had been done", (state) => {
    let fails = 5;
    const played = play({
      cloud: { hosts: full, instances: oneEach },
      managers: { shop: agree },
      moveFails: ({ instance }) => (instance === "c" && fails-- > 0 ? "the disk was busy" : null),
    });
    const again = played.resume(state);
    expectSound(again);
    expect(again.state, again.failure?.reason).toBe("MAINTENANCE_DONE");
    expect(again.report.maintained).toEqual(["c1", "c2", "c3"]);
  });
});

describe("the cloud refuses", () => {
  test.each([
    { kind: "observe", reason: "could not look at the cloud: 403" },
    { kind: "close_host", reason: "could not close c1 to new instances: 403" },
    { kind: "check_empty", reason: "c1 does not become empty: 403" },
  ])("$kind: the session fails and says so", ({ kind, reason }) => {
    const played = play({
      cloud: { hosts: full, instances: oneEach },
      managers: { shop: agree },
      effectFails: (effect) => (effect.kind === kind ? "403" : null),
    });
    expectSound(played);
    expect(played.failure?.reason).toBe(reason);
  });

  test("open_host: the session ends, and names each host that is to be enabled by hand (I4)", () => {
    const played = play({
      cloud: { hosts: { c1: {} } },
      effectFails: (effect) => (effect.kind === "open_host" ? "403" : null),
    });
    expectSound(played);
    expect(played.report).toEqual({
      maintained: ["c1"],
      notMaintained: [],
      stillClosed: [{ host: "c1", reason: "it could not be opened (403): enable its nova-compute service by hand" }],
    });
  });
});
