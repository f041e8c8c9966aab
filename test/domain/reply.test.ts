import { describe, expect, test } from "vitest";
import { judgeReply, parseReplyState } from "../../src/domain/reply.ts";
import type { Reply } from "../../src/domain/question.ts";
import type { InstanceAction } from "../../src/domain/session.ts";
import { aQuestion, aReply, instance, later, NOON } from "../support/a-view.ts";

test.each([
  { text: "ACK_SCALE_IN", parsed: { answer: "ACK", answers: "SCALE_IN" } },
  { text: "NACK_PLANNED_MAINTENANCE", parsed: { answer: "NACK", answers: "PLANNED_MAINTENANCE" } },
  { text: "ACK_INSTANCE_ACTION_DONE", parsed: { answer: "ACK", answers: null } },
  { text: "ACK_", parsed: null },
  { text: "SCALE_IN", parsed: null },
  { text: " ACK_SCALE_IN", parsed: null },
])("the reply state $text", ({ text, parsed }) => {
  expect(parseReplyState(text)).toEqual(parsed);
});

describe("a reply has an effect only on the open question it answers", () => {
  const got = { state: "ACK_SCALE_IN", answers: "SCALE_IN" as const };
  test.each([
    { name: "in time", newest: aQuestion({ state: "SCALE_IN" }), now: NOON, kind: "recorded" },
    {
      name: "at the very deadline",
      newest: aQuestion({ state: "SCALE_IN", replyBy: NOON }),
      now: NOON,
      kind: "recorded",
    },
    {
      name: "after the deadline",
      newest: aQuestion({ state: "SCALE_IN", replyBy: NOON }),
      now: later(1),
      kind: "too_late",
    },
    {
      name: "a second time",
      newest: aQuestion({ state: "SCALE_IN", reply: aReply("ACK") }),
      now: NOON,
      kind: "already_recorded",
    },
    { name: "to an older state", newest: aQuestion({ state: "PREPARE_MAINTENANCE" }), now: NOON, kind: "out_of_turn" },
    { name: "never asked", newest: null, now: NOON, kind: "out_of_turn" },
  ])("$name: $kind", ({ newest, now, kind }) => {
    expect(judgeReply(newest, { ...got, ...aReply("ACK") }, now, false).kind).toBe(kind);
  });

  test("out of turn names what would be in turn, and nothing when nothing is open", () => {
    const stale = { ...aReply("ACK"), state: "ACK_MAINTENANCE", answers: "MAINTENANCE" as const };
    expect(judgeReply(aQuestion({ state: "SCALE_IN" }), stale, NOON, false)).toMatchObject({
      expected: "SCALE_IN",
      got: "ACK_MAINTENANCE",
    });
    expect(judgeReply(aQuestion({ state: "SCALE_IN", reply: aReply("ACK") }), stale, NOON, false)).toMatchObject({
      expected: null,
    });
  });

  const vm = instance("vm");
  const says = (action: InstanceAction) => aReply("ACK", { actions: new Map([[vm, action]]) });
  const aboutOne = (reply: Reply | null) =>
    aQuestion({ state: "PLANNED_MAINTENANCE", instances: [vm], instance: vm, reply });
  const planned = { state: "ACK_PLANNED_MAINTENANCE", answers: "PLANNED_MAINTENANCE" as const };

  test.each([
    { name: "the first word", before: null, now: NOON, begun: false, kind: "recorded" },
    {
      name: "the same again, as Tacker sends it (K11)",
      before: says("MIGRATE"),
      begun: false,
      kind: "already_recorded",
    },
    { name: "a change of mind in time", before: says("OWN_ACTION"), begun: false, kind: "changed" },
    { name: "a yes after a no", before: aReply("NACK"), begun: false, kind: "changed" },
    {
      name: "a change of mind once the move is decided",
      before: says("OWN_ACTION"),
      begun: true,
      kind: "already_recorded",
    },
    {
      name: "a change of mind too late",
      before: says("OWN_ACTION"),
      now: later(41),
      begun: false,
      kind: "already_recorded",
    },
    { name: "the first word too late (K12)", before: null, now: later(41), begun: false, kind: "too_late" },
  ])("about one instance, $name: $kind", ({ before, now = NOON, begun, kind }) => {
    expect(judgeReply(aboutOne(before), { ...says("MIGRATE"), ...planned }, now, begun).kind).toBe(kind);
  });
});
