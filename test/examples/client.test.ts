/** The client for managers, at the HTTP door of Fenix itself. */
import { randomUUID } from "node:crypto";
import { afterEach, describe, expect, test } from "vitest";
import type { Action, Question } from "../../examples/client/callback.ts";
import { fenixAt } from "../../examples/client/fenix.ts";
import { GroupId, InstanceId, PluginName } from "../../src/domain/ids.ts";
import { postgresStore } from "../../src/adapters/postgres/store.ts";
import type { ProjectSession } from "../../src/ports/reports.ts";
import { aQuestion, type Given, instanceId, openDoor, projectId, publicUrl, sessionId } from "../http/a-door.ts";
import { testDatabase } from "../support/database.ts";

let door: ReturnType<typeof openDoor> | undefined;
afterEach(() => door?.close());

async function opened(given: Given = {}) {
  door = openDoor(given);
  const url = await door.app.listen({ host: "127.0.0.1", port: 0 });
  const tokens: string[] = [];
  const token = async () => (tokens.push("asked"), "t0ken");
  return { url, door, fenix: fenixAt({ url, projectId, token }), tokens };
}

test("registers one webhook, in place of one that it left behind, and takes it away", async () => {
  const { fenix, door, tokens } = await opened();
  await fenix.register("http://192.0.2.20:12348/maintenance/old");
  const { webhook_id: id } = await fenix.register("http://192.0.2.20:12348/maintenance/new");
  expect(door.stored).toMatchObject([
    {
      id,
      project: projectId,
      url: "http://192.0.2.20:12348/maintenance/new",
      events: ["maintenance.scheduled"],
    },
  ]);
  await fenix.unregister(id);
  expect(door.stored).toEqual([]);
  expect(tokens.length).toBeGreaterThan(0);
});

describe("without being called", () => {
  test("says that it looks by itself, and no more", async () => {
    const { fenix, url } = await opened();
    const seen = async () => (await fetch(`${url}/v1/projects/${projectId}/manager`)).json();
    await fenix.declarePolling(true);
    expect(await seen()).toMatchObject({ polls: true });
    await fenix.declarePolling(false);
    expect(await seen()).toMatchObject({ polls: false });
  });

  const open = { ...aQuestion, instance: instanceId };
  const aSession: ProjectSession = {
    ...{ id: sessionId, workflow: PluginName.parse("vnf"), state: "PLANNED_MAINTENANCE" },
    ...{ maintenanceAt: open.actionsAt, unanswered: [] },
  };

  test("reads what is asked, with a link for each question", async () => {
    const { fenix } = await opened({ project: { unanswered: [open] } });
    expect(await fenix.openQuestions(sessionId)).toEqual([
      {
        projectId,
        sessionId,
        state: "PLANNED_MAINTENANCE",
        instances: [instanceId],
        allowedActions: ["MIGRATE", "LIVE_MIGRATE", "OWN_ACTION"],
        replyUrl: `${publicUrl}/v1/maintenance/${sessionId}/${projectId}/${instanceId}`,
        replyAt: open.replyBy,
        actionsAt: open.actionsAt,
      },
    ]);
  });

  test("asks which sessions there are, where it does not know", async () => {
    const { fenix } = await opened({ sessions: [{ ...aSession, unanswered: [open] }, aSession] });
    expect((await fenix.openQuestions()).map(({ replyUrl }) => replyUrl)).toEqual([
      `${publicUrl}/v1/maintenance/${sessionId}/${projectId}/${instanceId}`,
    ]);
  });

  test("a session without the project is an error that says so", async () => {
    const { fenix } = await opened();
    await expect(fenix.openQuestions(randomUUID())).rejects.toThrow("404");
  });
});

describe("replies", () => {
  const all = (action: Action): ReadonlyMap<string, Action> => new Map([[instanceId, action]]);
  const question = async (changes: Partial<Question> = {}) => {
    const { url, fenix, door } = await opened();
    const link = `${url}/v1/maintenance/${sessionId}/${projectId}`;
    const { state, instances, allowedActions, replyBy: replyAt, actionsAt } = aQuestion;
    return {
      fenix,
      door,
      asked: { projectId, sessionId, state, instances, allowedActions, replyUrl: link, replyAt, actionsAt, ...changes },
    };
  };

  test.each([
    {
      title: "a yes to a question about one listed instance",
      changes: {},
      reply: { answer: "ACK", actions: all("MIGRATE") },
      taken: { state: "ACK_PLANNED_MAINTENANCE", instanceAction: "MIGRATE" },
    },
    {
      title: "a yes to a question about all instances of a link",
      changes: { instances: "https://fenix.example.org/v1/maintenance/a/b" },
      reply: { answer: "ACK", actions: all("LIVE_MIGRATE") },
      taken: { instanceActions: new Map([[instanceId, "LIVE_MIGRATE"]]), instanceAction: null },
    },
    {
      title: "a yes for the project as a whole",
      changes: { state: "SCALE_IN", allowedActions: [] },
      reply: { answer: "ACK", actions: new Map() },
      taken: { state: "ACK_SCALE_IN", instanceActions: new Map(), instanceAction: null },
    },
    {
      title: "a no with its reason and another time",
      changes: {},
      reply: { answer: "NACK", reason: "in a match", retryAt: new Date("2026-11-25T09:00:00Z") },
      taken: {
        state: "NACK_PLANNED_MAINTENANCE",
        reason: "in a match",
        retryAt: new Date("2026-11-25T09:00:00Z"),
      },
    },
  ] as const)("$title arrives as it was meant", async ({ changes, reply, taken }) => {
    const { fenix, door, asked } = await question(changes);
    await fenix.reply(asked, reply);
    expect(door.asked).toMatchObject([{ command: "recordReply", request: taken }]);
  });

  test("what Fenix refuses is thrown with Fenix's words", async () => {
    const { fenix, asked } = await question({ state: "LUNCH" });
    await expect(fenix.reply(asked, { answer: "ACK", actions: new Map() })).rejects.toThrow(/4\d\d.*state/s);
  });

  test("what Fenix could not keep is said again", async () => {
    let times = 0;
    const { fenix, url } = await opened({
      commands: {
        recordReply: async () => {
          times += 1;
          if (times === 1) throw new Error("the database is away");
          return { kind: "recorded" };
        },
      },
    });
    const replyUrl = `${url}/v1/maintenance/${sessionId}/${projectId}`;
    const asked = { projectId, sessionId, state: "SCALE_IN", instances: replyUrl, replyUrl };
    const whole = { ...asked, allowedActions: [], replyAt: null, actionsAt: null };
    await fenix.reply(whole, { answer: "ACK", actions: new Map() });
    expect(times).toBe(2);
  });
});

test("declares what must hold, twice without harm, and forgets it, twice without harm", async () => {
  const { db } = await testDatabase();
  const { constraints } = postgresStore(db);
  const { fenix } = await opened({ constraints });
  const group = {
    id: randomUUID(),
    name: "web",
    antiAffinity: true,
    perHostMax: 1,
    impactedMax: 2,
    recoverySeconds: 60,
  };
  const instance = {
    id: randomUUID(),
    name: "web-1",
    groupId: group.id,
    action: "LIVE_MIGRATE",
    leadSeconds: 40,
    interruptionSecondsMax: 5,
  } as const;
  for (const _ of [1, 2]) {
    await fenix.declareGroup(group);
    await fenix.declareInstance(instance);
  }
  expect(await constraints.instances.find(instanceOf(instance.id))).toMatchObject({
    project: projectId,
    group: group.id,
    migrationType: "LIVE_MIGRATE",
    leadTimeSeconds: 40,
    maxInterruptionSeconds: 5,
  });
  expect(await constraints.groups.find(groupOf(group.id))).toMatchObject({
    antiAffinity: true,
    maxInstancesPerHost: 1,
    maxImpactedMembers: 2,
    recoveryTimeSeconds: 60,
  });
  for (const _ of [1, 2]) {
    await fenix.forgetInstance(instance.id);
    await fenix.forgetGroup(group.id);
  }
  expect(await constraints.instances.find(instanceOf(instance.id))).toBeUndefined();
  expect(await constraints.groups.find(groupOf(group.id))).toBeUndefined();
});

const instanceOf = (id: string) => InstanceId.parse(id);
const groupOf = (id: string) => GroupId.parse(id);
