import { afterEach, describe, expect, test } from "vitest";
import type { InstanceId } from "../../src/domain/ids.ts";
import { aQuestion, type Given, instanceId, now, openDoor, otherInstanceId, projectId, sessionId } from "./a-door.ts";

let door: ReturnType<typeof openDoor>;
const given = (what: Given = {}) => (door = openDoor(what));
afterEach(() => door.close());

const project = `/v1/maintenance/${sessionId}/${projectId}`;
const replyUrl = `https://fenix.example.org${project}`;

describe("which instances are affected", () => {
  test("before the first question, all of the project; the link is the public one", async () => {
    const answer = await given().send({ url: project, headers: { "content-type": "application/json" } });
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toEqual({
      instance_ids: [instanceId, otherInstanceId],
      session_id: sessionId,
      project_id: projectId,
      state: "PLANNED_MAINTENANCE",
      reply_url: replyUrl,
      question: null,
      open_questions: [],
    });
  });

  test("then those of the newest question, with what may be answered until when", async () => {
    const answer = await given({ project: { question: aQuestion } }).send({ url: `${project}/` });
    expect(answer.json()).toMatchObject({
      instance_ids: [instanceId],
      question: {
        state: "PLANNED_MAINTENANCE",
        open: true,
        answer: null,
        allowed_actions: ["MIGRATE", "LIVE_MIGRATE", "OWN_ACTION"],
        missing: null,
        reply_at: "2026-11-25 08:00:40",
        actions_at: "2026-11-25 08:00:40",
      },
    });
  });

  test("and they stay the same when the project has replied", async () => {
    const reply = { answer: "ACK", actions: new Map(), reason: null, retryAt: null, at: now } as const;
    const answer = await given({ project: { question: { ...aQuestion, reply } } }).send({ url: project });
    expect(answer.json()).toMatchObject({ instance_ids: [instanceId], question: { open: false, answer: "ACK" } });
  });

  test("a question whose time is up is no longer open", async () => {
    const replyBy = new Date(now.getTime() - 1);
    const answer = await given({ project: { question: { ...aQuestion, replyBy } } }).send({ url: project });
    expect(answer.json().question).toMatchObject({ open: false, answer: null });
  });

  test("SCALE_IN tells what must become free", async () => {
    const question = { ...aQuestion, state: "SCALE_IN", missing: { VCPU: 4 }, allowedActions: [] } as const;
    const answer = await given({ project: { question } }).send({ url: project });
    expect(answer.json().question).toMatchObject({ state: "SCALE_IN", missing: { VCPU: 4 }, allowed_actions: [] });
  });
});

describe("replies", () => {
  const asked = (reply: object) => [
    {
      command: "recordReply",
      request: { session: sessionId, project: projectId, instance: null, question: null, ...reply },
    },
  ];

  test.each([
    {
      title: "the published sample",
      payload: {
        instance_actions: { [instanceId]: "MIGRATE", [otherInstanceId]: "LIVE_MIGRATE" },
        state: "ACK_PLANNED_MAINTENANCE",
      },
      request: {
        state: "ACK_PLANNED_MAINTENANCE",
        instanceActions: new Map([
          [instanceId, "MIGRATE"],
          [otherInstanceId, "LIVE_MIGRATE"],
        ]),
        instanceAction: null,
        reason: null,
        retryAt: null,
      },
    },
    {
      title: "one action for all, as managers of single instances send it",
      payload: { instance_action: "MIGRATE", state: "ACK_PREPARE_MAINTENANCE", session_id: sessionId },
      request: {
        state: "ACK_PREPARE_MAINTENANCE",
        instanceActions: new Map<InstanceId, string>(),
        instanceAction: "MIGRATE",
        reason: null,
        retryAt: null,
      },
    },
    {
      title: "keys that say nothing new",
      payload: {
        instance_ids: [instanceId],
        session_id: sessionId,
        state: "ACK_MAINTENANCE",
        whatever: [1, { a: null }],
      },
      request: {
        state: "ACK_MAINTENANCE",
        instanceActions: new Map(),
        instanceAction: null,
        reason: null,
        retryAt: null,
      },
    },
    {
      title: "a no with its reason",
      payload: { state: "NACK_SCALE_IN", reason: "the shop is at its minimum" },
      request: {
        state: "NACK_SCALE_IN",
        instanceActions: new Map(),
        instanceAction: null,
        reason: "the shop is at its minimum",
        retryAt: null,
      },
    },
    {
      title: "an answer to INSTANCE_ACTION_DONE, which nobody asked for",
      payload: { session_id: sessionId, state: "ACK_INSTANCE_ACTION_DONE" },
      request: {
        state: "ACK_INSTANCE_ACTION_DONE",
        instanceActions: new Map(),
        instanceAction: null,
        reason: null,
        retryAt: null,
      },
    },
  ])("$title: handed on, echoed, 200", async ({ payload, request }) => {
    const { send, asked: commands } = given();
    const answer = await send({ method: "PUT", url: project, headers: { accept: "application/json" }, payload });
    expect([answer.statusCode, answer.json()]).toEqual([200, payload]);
    expect(commands).toEqual(asked(request));
  });

  test.each([
    { kind: "already_recorded" },
    { kind: "too_late", replyBy: now },
    { kind: "out_of_turn", expected: null, got: "ACK_MAINTENANCE" },
    { kind: "out_of_turn", expected: "SCALE_IN", got: "ACK_MAINTENANCE" },
  ] as const)("one that is $kind is answered 200 like any other", async (receipt) => {
    const answer = await given({ commands: { recordReply: async () => receipt } }).send({
      method: "PUT",
      url: project,
      payload: { state: "ACK_MAINTENANCE" },
    });
    expect([answer.statusCode, answer.json()]).toEqual([200, { state: "ACK_MAINTENANCE" }]);
  });
});

describe("questions about one instance", () => {
  const own = { ...aQuestion, instance: instanceId };

  test("are listed while they are open, each with its own link (polling)", async () => {
    const late = { ...own, instance: otherInstanceId, replyBy: new Date(now.getTime() - 1) };
    const answer = await given({ project: { unanswered: [own, late] } }).send({ url: project });
    expect(answer.json().open_questions).toEqual([
      {
        state: "PLANNED_MAINTENANCE",
        instance_ids: [instanceId],
        allowed_actions: ["MIGRATE", "LIVE_MIGRATE", "OWN_ACTION"],
        missing: null,
        reply_at: "2026-11-25 08:00:40",
        actions_at: "2026-11-25 08:00:40",
        reply_url: `${replyUrl}/${instanceId}`,
      },
    ]);
  });

  test("P3 takes a reply as Tacker sends it, and echoes it (K7)", async () => {
    const { send, asked } = given();
    const payload = { session_id: sessionId, state: "ACK_PLANNED_MAINTENANCE", instance_action: "MIGRATE" };
    const answer = await send({ method: "PUT", url: `${project}/${instanceId}`, payload });
    expect([answer.statusCode, answer.json()]).toEqual([200, payload]);
    expect(asked).toMatchObject([{ request: { instance: instanceId, instanceAction: "MIGRATE", retryAt: null } }]);
  });

  test("a no can name a time, which is UTC", async () => {
    const { send, asked } = given();
    const payload = { state: "NACK_PLANNED_MAINTENANCE", retry_at: "2026-11-25 09:00:00" };
    await send({ method: "PUT", url: `${project}/${instanceId}`, payload });
    expect(asked).toMatchObject([{ request: { retryAt: new Date("2026-11-25T09:00:00Z") } }]);
  });

  test("a time that is none is refused by name", async () => {
    const payload = { state: "NACK_PLANNED_MAINTENANCE", retry_at: "tomorrow" };
    const answer = await given().send({ method: "PUT", url: `${project}/${instanceId}`, payload });
    expect([answer.statusCode, answer.json().field]).toEqual([422, "retry_at"]);
  });

  test.each(["%00", "a%2Fb", "i".repeat(65)])("the instance %s is 404", async (word) => {
    const payload = { state: "ACK_PLANNED_MAINTENANCE" };
    const answer = await given().send({ method: "PUT", url: `${project}/${word}`, payload });
    expect([answer.statusCode, answer.json().code]).toEqual([404, "INSTANCE_NOT_FOUND"]);
  });
});

describe("who is no project of the session", () => {
  const words = ["detail", "timeline", "events", "pause", "%00", "%20", "a%2Fb", "p".repeat(65)];

  test.each(["GET", "PUT"] as const)("%s of an unknown one is 404", async (method) => {
    const answer = await given().send({
      method,
      url: `/v1/maintenance/${sessionId}/someone-else`,
      ...(method === "PUT" && { payload: { state: "ACK_MAINTENANCE" } }),
    });
    expect([answer.statusCode, answer.json().code]).toEqual([404, "PROJECT_NOT_FOUND"]);
  });

  test.each(words)("%s never reaches the engine", async (word) => {
    const { send, asked } = given();
    const url = `/v1/maintenance/${sessionId}/${word}`;
    const answer = await send({ method: "PUT", url, payload: { state: "ACK_MAINTENANCE" } });
    expect([answer.statusCode, answer.json().code]).toEqual([404, "PROJECT_NOT_FOUND"]);
    expect(asked).toEqual([]);
  });
});
