import { describe, expect, test } from "vitest";
import { defineWorkflow, end, enter, fail, perform, type Step, wait } from "../../src/sdk/index.ts";
import { aHost, aSnapshot, decide, NOON, rehearse, walk, workflowSuite } from "../../src/sdk/testing/index.ts";

const report = { maintained: [], notMaintained: [], stillClosed: [] };
const over: Step<string, never> = () => end(report);

/** A workflow of two states, whose first one decides as given. */
const beginningWith = (begin: Step<string, never>) =>
  defineWorkflow({
    name: "short",
    initial: "BEGIN",
    failed: "FAILED",
    transitions: { BEGIN: ["DONE"], DONE: [], FAILED: [] },
    steps: { BEGIN: begin, DONE: over, FAILED: over },
  });
const inBegin = aSnapshot({ entry: { state: "BEGIN", number: 1, since: NOON } });
const look = { kind: "observe", occasion: "x" } as const;

describe("a step is found out that", () => {
  let calls = 0;
  test.each<{ does: string; step: Step<string, never>; says: string }>([
    {
      does: "leaves its table",
      step: (() => enter("BEGIN", "again")) as Step<string, never>,
      says: "BEGIN may not lead to BEGIN",
    },
    { does: "is not pure", step: () => wait(`call ${calls++}`, new Date("2027-01-01")), says: "decides differently" },
    {
      does: "changes what it sees",
      step: (view) => {
        (view.hosts as unknown[]).push(aHost("compute-9"));
        return perform([look], "to look");
      },
      says: "changed what it was shown",
    },
    { does: "waits for the past", step: () => wait("nothing", NOON), says: "waits for a moment that has passed" },
    { does: "performs nothing", step: () => perform([], "to do nothing"), says: "asks for nothing new" },
  ])("$does", ({ step, says }) => {
    const workflow = beginningWith(step);
    expect(() => decide(workflow, structuredClone(inBegin), NOON)).toThrow(says);
  });
});

test("a graph is walked by the shortest ways", () => {
  const step = over;
  const workflow = defineWorkflow({
    name: "ring",
    initial: "A",
    failed: "F",
    transitions: { A: ["B", "C"], B: ["C", "A"], C: ["D"], D: [], F: [] },
    steps: { A: step, B: step, C: step, D: step, F: step },
  });
  expect(walk(workflow).map(({ way }) => way.join(" "))).toEqual(["A", "F", "A B", "A C", "A C D"]);
});

test("states that lead to no end are named", async () => {
  const step = over;
  const workflow = defineWorkflow({
    name: "trap",
    initial: "A",
    failed: "F",
    transitions: { A: ["B", "D"], B: ["C"], C: ["B"], D: [], F: [] },
    steps: { A: step, B: step, C: step, D: step, F: step },
  });
  const [, ends] = workflowSuite(workflow);
  await expect(ends?.run()).rejects.toThrow("no way leads from B, C to a last state");
});

describe("a rehearsal", () => {
  test("lets time pass where the workflow waits, and the world answer", () => {
    const workflow = beginningWith(((view) => {
      if (view.now.getTime() === NOON.getTime()) return wait("noon to pass", new Date(NOON.getTime() + 1_000));
      const status = view.effect("close_host", "compute-1")?.status;
      if (!status) return perform([{ kind: "close_host", host: aHost("compute-1").name }], "to close it");
      return status.kind === "failed"
        ? fail(status.reason, "Look.")
        : enter("DONE", `closed: ${view.hosts[0]?.closure}`);
    }) as Step<string, never>);
    const start = aSnapshot({ hosts: [aHost("compute-1")] });
    expect(rehearse(workflow, start).timeline).toEqual([
      "waits for noon to pass",
      "close_host compute-1",
      "DONE: closed: closed_by_session",
      "ended",
    ]);
    const { last, timeline } = rehearse(workflow, start, { answer: () => "403" });
    expect(timeline.slice(-3)).toEqual(["close_host compute-1: failed: 403", "failed: 403", "ended"]);
    expect(last).toMatchObject({ entry: { state: "FAILED", number: 2 }, failure: { reason: "403", advice: "Look." } });
  });

  test("ends a workflow that goes in circles", () => {
    let looks = 0;
    const workflow = beginningWith((view) => {
      looks = view.effects.length;
      return perform([{ kind: "observe", occasion: String(looks) }], "to look again");
    });
    expect(() => rehearse(workflow, aSnapshot())).toThrow("no end after 1000 turns");
  });
});
