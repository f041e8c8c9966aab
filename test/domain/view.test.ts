import { describe, expect, test } from "vitest";
import type { Effect } from "../../src/domain/effect.ts";
import { answersTo } from "../../src/domain/view.ts";
import { aQuestion, aReply, aView, host, later, NOON, project, recorded } from "../support/a-view.ts";

describe("answers", () => {
  const asked = aQuestion();
  test.each([
    { name: "no reply yet, in time", questions: [asked], now: NOON, list: "missing" },
    { name: "no reply at the deadline", questions: [asked], now: asked.replyBy, list: "silent" },
    { name: "a yes", questions: [{ ...asked, reply: aReply("ACK") }], now: NOON, list: "agreed" },
    { name: "a no", questions: [{ ...asked, reply: aReply("NACK") }], now: NOON, list: "refused" },
    {
      name: "a yes, then a round still open",
      questions: [
        { ...asked, reply: aReply("ACK") },
        { ...asked, round: 2 },
      ],
      now: NOON,
      list: "missing",
    },
    {
      name: "a no, then a yes",
      questions: [
        { ...asked, reply: aReply("NACK") },
        { ...asked, round: 2, reply: aReply("ACK") },
      ],
      now: NOON,
      list: "refused",
    },
  ])("$name: the project is $list", ({ questions, now, list }) => {
    const { deadline, ...lists } = answersTo(questions, now);
    expect(
      Object.entries(lists)
        .filter(([, projects]) => projects.length > 0)
        .map(([name]) => name),
    ).toEqual([list]);
    expect(deadline).toEqual(list === "missing" ? asked.replyBy : null);
  });

  test("one slow project hides nobody's no (B09)", () => {
    const questions = [
      aQuestion({ project: project("a") }),
      aQuestion({ project: project("b"), reply: aReply("NACK", { reason: "black friday" }) }),
    ];
    const answers = answersTo(questions, NOON);
    expect(answers.refused).toEqual([{ project: "b", instance: null, reason: "black friday" }]);
    expect(answers.missing).toEqual(["a"]);
  });

  test("the deadline is the latest of the open windows", () => {
    const questions = [
      aQuestion({ replyBy: later(10) }),
      aQuestion({ project: project("b"), replyBy: later(30) }),
      aQuestion({ project: project("c"), replyBy: later(90), reply: aReply("ACK") }),
    ];
    expect(answersTo(questions, NOON).deadline).toEqual(later(30));
  });
});

describe("freshness", () => {
  const look = { kind: "observe", occasion: "start" } as const satisfies Effect;
  const facts = { computes: [], controllers: [], instances: [], groups: [] };
  const entry = { state: "MAINTENANCE", number: 2, since: NOON };
  const done = { kind: "done", at: NOON, outcome: null } as const;
  test.each([
    { name: "a look that ended in this entry", effects: [recorded(look, done, 2)], seen: true },
    { name: "a look of an earlier entry", effects: [recorded(look, done, 1)], seen: false },
    { name: "a look under way", effects: [recorded(look, { kind: "running", since: NOON }, 2)], seen: false },
    {
      name: "a look for another occasion",
      effects: [recorded({ ...look, occasion: "arrival" }, done, 2)],
      seen: false,
    },
  ])("$name is fresh: $seen", ({ effects, seen }) => {
    expect(aView({ entry, facts, effects }).observed("start") !== undefined).toBe(seen);
  });
});

test("what is under way spans entries, what was done does not", () => {
  const move = { kind: "close_host", host: host("compute-1") } as const;
  const view = aView({
    entry: { state: "MAINTENANCE_FAILED", number: 2, since: NOON },
    effects: [recorded(move, { kind: "running", since: NOON }, 1)],
  });
  expect(view.underWay).toHaveLength(1);
  expect(view.effectsOf("close_host")).toHaveLength(0);
});
