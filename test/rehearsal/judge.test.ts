import { describe, expect, test } from "vitest";
import { InstanceId } from "../../src/domain/ids.ts";
import type { Asked, Outcome } from "../../src/rehearsal/asked.ts";
import { judgeReplies, judgeReply } from "../../src/rehearsal/judge.ts";
import { ProjectReply } from "../../src/wire/project-reply.ts";

const [web1, web2] = [InstanceId.parse("web-1"), InstanceId.parse("web-2")];
const asked = (changes: Partial<Asked> = {}): Asked => ({
  state: "PLANNED_MAINTENANCE",
  instances: [web1, web2],
  instance: null,
  allowedActions: ["MIGRATE", "LIVE_MIGRATE"],
  missing: null,
  failures: 0,
  link: "http://127.0.0.1:1/v1/maintenance/s/p?token=t",
  askedAt: new Date("2026-11-25T08:00:00Z"),
  replyBy: new Date("2026-11-25T08:00:40Z"),
  replies: [],
  ...changes,
});
const ack = "ACK_PLANNED_MAINTENANCE";
const kinds = (faults: readonly { readonly kind: string }[]) => faults.map(({ kind }) => kind);

describe("one reply", () => {
  test.each([
    { title: "an action for each", said: { state: ack, instance_actions: { "web-1": "MIGRATE", "web-2": "MIGRATE" } } },
    { title: "one action for all", said: { state: ack, instance_action: "LIVE_MIGRATE" } },
    {
      title: "one for all and another for one",
      said: { state: ack, instance_action: "MIGRATE", instance_actions: { "web-1": "LIVE_MIGRATE" } },
    },
    { title: "a no", said: { state: "NACK_PLANNED_MAINTENANCE", reason: "in a match" } },
    { title: "further keys", said: { state: ack, instance_action: "MIGRATE", session_id: "s", instance_ids: [] } },
  ])("$title is right", ({ said }) => {
    expect(judgeReply(asked(), ProjectReply.parse(said))).toEqual([]);
  });

  test.each([
    { title: "no action at all", said: { state: ack }, faults: ["instance_forgotten", "instance_forgotten"] },
    {
      title: "an instance without action",
      said: { state: ack, instance_actions: { "web-1": "MIGRATE" } },
      faults: ["instance_forgotten"],
    },
    {
      title: "an action that was not offered",
      said: { state: ack, instance_action: "MIGRATE", instance_actions: { "web-2": "OWN_ACTION" } },
      faults: ["action_not_offered"],
    },
    { title: "a yes to something else", said: { state: "ACK_SCALE_IN" }, faults: ["out_of_turn"] },
    { title: "a no to something else", said: { state: "NACK_PREPARE_MAINTENANCE" }, faults: ["out_of_turn"] },
  ])("$title is not", ({ said, faults }) => {
    expect(kinds(judgeReply(asked(), ProjectReply.parse(said)))).toEqual(faults);
  });

  test("where nothing was offered, a yes needs no action", () => {
    const question = asked({ state: "SCALE_IN", allowedActions: [] });
    expect(judgeReply(question, ProjectReply.parse({ state: "ACK_SCALE_IN" }))).toEqual([]);
  });
});

describe("all replies to one question", () => {
  const heard = (second: number, action: string, became: Outcome = "kept") => ({
    at: new Date(Date.UTC(2026, 10, 25, 8, 0, second)),
    said: ProjectReply.parse({ state: ack, instance_action: action }),
    became,
  });

  test.each([
    { title: "one in time", replies: [heard(1, "MIGRATE")], faults: [] },
    { title: "the same twice", replies: [heard(1, "MIGRATE"), heard(2, "MIGRATE")], faults: [] },
    { title: "at the last moment", replies: [heard(40, "MIGRATE")], faults: [] },
    { title: "none", replies: [], faults: ["silent"] },
    { title: "one that is late", replies: [heard(41, "MIGRATE")], faults: ["silent"] },
    {
      title: "two that differ",
      replies: [heard(1, "MIGRATE"), heard(2, "LIVE_MIGRATE")],
      faults: ["contradicts_itself"],
    },
    {
      title: "a late one that differs",
      replies: [heard(1, "MIGRATE"), heard(50, "LIVE_MIGRATE")],
      faults: ["contradicts_itself"],
    },
    {
      title: "one that failed and came again",
      replies: [heard(1, "MIGRATE", "failed"), heard(2, "MIGRATE")],
      faults: [],
    },
    { title: "one that failed for good", replies: [heard(1, "MIGRATE", "failed")], faults: ["gave_up"] },
    {
      title: "one that failed and came too late",
      replies: [heard(1, "MIGRATE", "failed"), heard(41, "MIGRATE")],
      faults: ["gave_up"],
    },
    {
      title: "one that was refused and one that was mended",
      replies: [heard(1, "OWN_ACTION", "refused"), heard(2, "MIGRATE")],
      faults: [],
    },
  ])("$title: $faults", ({ replies, faults }) => {
    expect(kinds(judgeReplies(asked({ replies })))).toEqual(faults);
  });

  test("one action for all means the same as that action for each", () => {
    const each = ProjectReply.parse({ state: ack, instance_actions: { "web-1": "MIGRATE", "web-2": "MIGRATE" } });
    const replies = [heard(1, "MIGRATE"), { ...heard(2, "MIGRATE"), said: each }];
    expect(judgeReplies(asked({ replies }))).toEqual([]);
  });
});
