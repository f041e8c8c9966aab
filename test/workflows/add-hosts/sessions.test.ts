/** Whole sessions of the workflow add-hosts. Times are seconds since the POST. */
import { describe, expect, test } from "vitest";
import type { SessionOptions } from "#sdk";
import { done, failed } from "../outcomes.ts";
import { play, type Script } from "../play.ts";
import { NEW } from "../world.ts";

const door = { kind: "closed", reason: NEW } as const;
const actions = [
  { plugin: "tell", phase: "pre" },
  { plugin: "install", phase: "host" },
  { plugin: "tune", phase: "compute" },
  { plugin: "report", phase: "post" },
] as const;

const adding = (options: Partial<SessionOptions> = {}, script: Partial<Script> = {}): Script => ({
  workflow: "add-hosts",
  cloud: { hosts: { c1: {}, n1: { door }, n2: { door } }, instances: { a: { on: "c1" } } },
  hosts: ["n1", "n2"],
  options,
  actions,
  ...script,
});

const doorsOf = ({ world }: ReturnType<typeof play>) => world.computes.map((host) => host.door.kind);

describe("timelines", () => {
  test("new hosts are prepared one after the other, then opened", async () => {
    const played = done(adding());
    await expect(played.timeline.join("\n")).toMatchFileSnapshot("timelines/two-hosts.txt");
    expect(doorsOf(played)).toEqual(["open", "open", "open"]);
    expect(played.report).toEqual({ maintained: ["n1", "n2"], notMaintained: [], stillClosed: [] });
    expect(played.asked).toEqual([]);
  });
});

test("several at once take no longer than one", () => {
  const one = done(adding({}, { hosts: ["n1"] })).seconds;
  expect(done(adding({ hosts_at_once: 2 })).seconds).toBe(one);
});

describe("limits of the operator", () => {
  const hosts = {
    ...{
      n1: { door, zone: "east" },
      n2: { door, zone: "east" },
      n3: { door, zone: "west" },
      n4: { door, zone: "west" },
    },
  };
  const four = (options: Partial<SessionOptions>, controllers: readonly string[] = []) =>
    done(
      adding(
        { hosts_at_once: 9, ...options },
        { cloud: { hosts, controllers }, hosts: [...Object.keys(hosts), ...controllers] },
      ),
    );
  const begunWith = ({ timeline }: ReturnType<typeof play>) =>
    timeline.flatMap((line) => {
      const [, seconds, host] = /^ *(\d+) +(\w+) in_maintenance/.exec(line) ?? [];
      return host === undefined ? [] : [{ host, seconds: Number(seconds) }];
    });

  test("so many hosts of one zone at once, and others of other zones; a controller is in none", () => {
    const begun = begunWith(four({ max_hosts_at_once_per_zone: 1 }, ["ctl"]));
    expect(begun.map(({ host }) => host)).toEqual(["ctl", "n1", "n3", "n2", "n4"]);
    expect(begun[2]!.seconds - begun[1]!.seconds).toBeLessThan(3);
    expect(begun[3]!.seconds - begun[2]!.seconds).toBeGreaterThan(30);
    const all = begunWith(four({}));
    expect(all[3]!.seconds - all[0]!.seconds).toBeLessThan(3);
  });

  test("past the window no host is begun with, and those left stay disabled and are named", () => {
    const played = four({ hosts_at_once: 2, window_seconds: 60 });
    expect(played.report.maintained).toEqual(["n1", "n2"]);
    expect(played.report.notMaintained.map(({ host }) => host)).toEqual(["n3", "n4"]);
    for (const { reason } of played.report.notMaintained) expect(reason).toMatch(/^the maintenance window ended at /);
    expect(doorsOf(played)).toEqual(["open", "open", "closed", "closed"]);
  });
});

test("one that the cloud let in at once is closed while it is prepared", () => {
  const played = done(adding({}, { cloud: { hosts: { c1: {}, n1: {} } }, hosts: ["n1"] }));
  expect(played.world.host(played.report.maintained[0]!)?.door.kind).toBe("open");
  expect(played.count("close_host")).toBe(1);
});

test("one that somebody has closed is prepared, and stays closed by them", () => {
  const others = { kind: "closed", reason: "no cable yet" } as const;
  const played = done(adding({}, { cloud: { hosts: { n1: { door: others } } }, hosts: ["n1"] }));
  expect(played.report.stillClosed).toEqual([
    { host: "n1", reason: "it was closed by somebody else, who has to open it" },
  ]);
});

describe("a host that cannot be prepared", () => {
  const actionFails: NonNullable<Script["actionFails"]> = ({ host, plugin }) =>
    host === "n1" && plugin === "tune" ? "exit code 1" : null;

  test("ends the session, and no host takes instances unprepared", () => {
    const played = play(adding({}, { actionFails }));
    expect(played.state).toBe("MAINTENANCE_FAILED");
    expect(played.failure?.reason).toContain("tune (compute) on n1 failed: exit code 1");
    expect(doorsOf(played)).toEqual(["open", "closed", "closed"]);
    expect(played.report.stillClosed.map(({ host }) => host)).toEqual(["n1", "n2"]);
  });

  test("is left behind, where the policy says so", () => {
    const played = done(adding({ on_failed_action: "skip_host" }, { actionFails }));
    expect(played.report).toMatchObject({ maintained: ["n2"], notMaintained: [{ host: "n1" }] });
    expect(doorsOf(played)).toEqual(["open", "closed", "open"]);
  });

  test("continued, it is prepared from the start", () => {
    const again = play(adding({}, { actionFails })).resume("START_MAINTENANCE", { actionFails: () => null });
    expect(again.report.maintained).toEqual(["n1", "n2"]);
    expect(again.world.breaches).toEqual([]);
  });
});

test("a host with instances is not new: nothing runs on it", () => {
  const played = failed(adding({}, { hosts: ["c1"], cloud: { hosts: { c1: {} }, instances: { a: { on: "c1" } } } }));
  expect(played.failure?.reason).toBe("c1 is not new: instances are on it");
  const ran = played.timeline.filter((line) => /\((host|compute)\)/.test(line));
  expect(ran).toEqual([]);
});

test("a new controller has its actions, and no door", () => {
  const script = { hosts: ["ctl"], cloud: { hosts: { c1: {} }, controllers: ["ctl"] } };
  const played = done(adding({}, { ...script, actions: [{ plugin: "install", phase: "controller" }] }));
  expect(played.report.maintained).toEqual(["ctl"]);
  expect(played.count("close_host")).toBe(0);
});
