import { describe, expect, test } from "vitest";
import { aHost, anAction, aSnapshot, rehearse, workflowSuite } from "#sdk/testing";
import emptyHosts from "./index.ts";

test.each(workflowSuite(emptyHosts))("$name", ({ run }) => expect(run()).resolves.toBeUndefined());

const session = aSnapshot({
  hosts: [aHost("compute-1"), aHost("compute-2"), aHost("controller-1", { roles: ["controller"] })],
  session: { actions: [anAction("dummy")] },
});

describe("a session over two computes and a controller", () => {
  test("maintains the empty one and skips the others", () => {
    const { report, timeline } = rehearse(emptyHosts, session, {
      answer: (effect) =>
        effect.kind === "check_empty" && effect.host === "compute-2"
          ? { instances: [], allocations: ["4a1c"], arriving: [] }
          : undefined,
    });
    expect(report).toEqual({
      maintained: ["compute-1"],
      notMaintained: [
        { host: "compute-2", reason: "it has instances" },
        { host: "controller-1", reason: "it is no compute host" },
      ],
      stillClosed: [],
    });
    expect(timeline).toMatchInlineSnapshot(`
      [
        "waits for the maintenance to begin",
        "observe begin",
        "START_MAINTENANCE: the time has come",
        "close_host compute-1",
        "check_empty compute-1#1",
        "mark_host compute-1/in_maintenance",
        "run_action compute-1/0",
        "open_host compute-1",
        "mark_host compute-1/maintained",
        "close_host compute-2",
        "check_empty compute-2#1",
        "mark_host compute-2/skipped",
        "mark_host controller-1/skipped",
        "MAINTENANCE_DONE: every host is settled",
        "open_host compute-2",
        "ended",
      ]
    `);
  });

  test("goes on to the next host when an action fails", () => {
    const { report } = rehearse(emptyHosts, session, {
      answer: (effect) => (effect.kind === "run_action" && effect.host === "compute-1" ? "exit code 1" : undefined),
    });
    expect(report.maintained).toEqual(["compute-2"]);
    expect(report.notMaintained).toContainEqual({ host: "compute-1", reason: "dummy did not succeed: exit code 1" });
  });
});

test("actions that it would not run are refused at the beginning", () => {
  const asked = aSnapshot({ hosts: [aHost("compute-1")], session: { actions: [anAction("dummy", { phase: "pre" })] } });
  const { timeline, last } = rehearse(emptyHosts, asked);
  expect(timeline[0]).toBe("failed: dummy is to run as pre");
  expect(last.entry.state).toBe("MAINTENANCE_FAILED");
});
