import { describe, expect, test } from "vitest";
import { type Decision, end, enter, fail, perform, wait } from "../../src/domain/decision.ts";
import type { Effect } from "../../src/domain/effect.ts";
import type { View } from "../../src/domain/view.ts";
import type { Workflow } from "../../src/domain/workflow.ts";
import { decide, REMOVED } from "../../src/engine/decide.ts";
import { aSessionHost, aView, host, later, NOON, recorded } from "../support/a-view.ts";

const report = { maintained: [], notMaintained: [], stillClosed: [] };
const look: Effect = { kind: "observe", occasion: "arrival" };

/** A workflow of two states whose first step answers what the test says. */
const workflow = (
  answer: (view: View) => Decision,
  failedStep: (view: View) => Decision = () => end(report),
): Workflow => ({
  name: "sample",
  initial: "MAINTENANCE",
  failed: "BROKEN",
  transitions: { MAINTENANCE: ["DONE"], DONE: [], BROKEN: [] },
  steps: { MAINTENANCE: answer, DONE: () => end(report), BROKEN: failedStep },
});

describe("what a step answers is held to the workflow's own table", () => {
  test.each<{ name: string; answer: Decision; effects?: ReturnType<typeof recorded>[]; becomes: RegExp | "itself" }>([
    { name: "a listed transition", answer: enter("DONE", "all done"), becomes: "itself" },
    { name: "the failed state, listed nowhere", answer: enter("BROKEN", "hopeless"), becomes: "itself" },
    {
      name: "a transition that is not listed",
      answer: enter("ELSEWHERE", "why not"),
      becomes: /from MAINTENANCE to ELSEWHERE/,
    },
    { name: "a new effect", answer: perform([look], "to know"), becomes: "itself" },
    {
      name: "an effect that was recorded already",
      answer: perform([look], "to know"),
      effects: [recorded(look, { kind: "pending", lastError: null })],
      becomes: /nothing new/,
    },
    { name: "no effect at all", answer: perform([], "nothing"), becomes: /nothing new/ },
    { name: "a wait with an end", answer: wait("replies", later(5)), becomes: "itself" },
    { name: "a wait until a moment that has passed", answer: wait("replies", later(-5)), becomes: /has passed/ },
    {
      name: "an end while something is under way",
      answer: end(report),
      effects: [recorded(look, { kind: "running", since: NOON })],
      becomes: /under way/,
    },
    { name: "a failure", answer: fail("no room", "add a host"), becomes: "itself" },
  ])("$name", ({ answer, effects = [], becomes }) => {
    const decision = decide(
      aView({ effects }),
      workflow(() => answer),
      false,
    );
    if (becomes === "itself") expect(decision).toBe(answer);
    else expect(decision).toMatchObject({ kind: "fail", reason: expect.stringMatching(becomes) });
  });

  test("a step that throws fails the session with what it said", () => {
    const decision = decide(
      aView(),
      workflow(() => {
        throw new Error("division by zero");
      }),
      false,
    );
    expect(decision).toMatchObject({ kind: "fail", reason: expect.stringContaining("division by zero") });
  });

  test("a state that the workflow lost in an upgrade fails the session", () => {
    const view = aView({ entry: { state: "FORMER", number: 4, since: NOON } });
    expect(
      decide(
        view,
        workflow(() => wait("x", later(1))),
        false,
      ),
    ).toMatchObject({ kind: "fail", reason: expect.stringContaining("FORMER") });
  });
});

test("a workflow that is not installed is waited for, in view", () => {
  expect(decide(aView(), undefined, false)).toEqual({
    kind: "wait",
    for: "the workflow default to be installed",
    until: later(60),
  });
});

describe("a failed session comes to its end even with a broken last step", () => {
  const closed = aSessionHost("c1", { closure: "closed_by_session" });
  test.each([
    {
      name: "throws",
      step: () => {
        throw new Error("oh");
      },
    },
    { name: "fails again", step: () => fail("again", "and again") },
    { name: "tries to go on", step: () => enter("DONE", "as if nothing had happened") },
  ])("when it $name, hosts are opened all the same", ({ step }) => {
    const view = aView({
      entry: { state: "BROKEN", number: 2, since: NOON },
      hosts: [closed],
      failure: { reason: "x", advice: "y" },
    });
    expect(
      decide(
        view,
        workflow(() => end(report), step),
        false,
      ),
    ).toMatchObject({ kind: "perform", effects: [{ kind: "open_host", host: host("c1") }] });
  });
});

describe("a deleted session", () => {
  test("first goes where no workflow can reach", () => {
    expect(
      decide(
        aView(),
        workflow(() => end(report)),
        true,
      ),
    ).toMatchObject({ kind: "enter", state: REMOVED });
  });

  test("then opens its hosts and ends, also without its workflow", () => {
    const entry = { state: REMOVED, number: 2, since: NOON };
    const closed = aSessionHost("c1", { closure: "closed_by_session" });
    expect(decide(aView({ entry, hosts: [closed] }), undefined, true)).toMatchObject({
      kind: "perform",
      effects: [{ kind: "open_host" }],
    });
    expect(decide(aView({ entry, hosts: [aSessionHost("c1")] }), undefined, true)).toMatchObject({ kind: "end" });
  });
});
