import { afterAll, expect, test } from "vitest";
import { HostName, ProjectId, SessionId } from "../../src/domain/ids.ts";
import type { Told } from "../../src/ports/news.ts";
import { now, openDoor, projectId, publicUrl, sessionId } from "./a-door.ts";
import { guardedDoor } from "./personas.ts";

const messageId = "3c5b0e1c-9e0b-4d0a-8a51-b3b6d1a4a0aa";
const told = (number: number, notification: Told["notification"]): Told => ({
  ...{ number, messageId, notification },
  session: SessionId.parse(sessionId),
  createdAt: now,
});
const asked = (project: string): Told["notification"] => ({
  type: "maintenance.scheduled",
  project: ProjectId.parse(project),
  state: "MAINTENANCE",
  instances: [],
  allowedActions: ["MIGRATE"],
  replyBy: new Date("2026-11-25T08:00:40.000Z"),
  actionsAt: null,
  missing: null,
  instance: null,
  metadata: {},
});
const news = [
  told(7, { type: "maintenance.host", host: HostName.parse("compute-1"), state: "IN_MAINTENANCE" }),
  told(9, asked(projectId)),
  told(12, asked("another")),
];
const door = await guardedDoor({ news });
afterAll(door.close);

const stream = async (who: Parameters<typeof door.header>[0], url = "/v1/events?after=0", headers = {}) => {
  const answer = await door.send({ url, headers: { ...door.header(who), ...headers } });
  return { answer, ids: [...answer.body.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id)) };
};

test("each event is a CloudEvent under the number with which a client comes back", async () => {
  const open = openDoor({ news });
  const { headers, body } = await open.send({ url: "/v1/events?after=0" });
  expect(headers["content-type"]).toBe("text/event-stream; charset=utf-8");
  const [opening, first, second] = body.split("\n\n");
  expect(opening).toBe("retry: 2000");
  expect(first?.split("\n").slice(0, 2)).toEqual(["id: 7", "event: maintenance.host"]);
  expect(JSON.parse(second?.split("\ndata: ")[1] ?? "")).toEqual({
    specversion: "1.0",
    id: messageId,
    source: `${publicUrl}/v1/maintenance/${sessionId}`,
    type: "maintenance.scheduled",
    subject: projectId,
    time: now.toISOString(),
    datacontenttype: "application/json",
    data: {
      session_id: sessionId,
      project_id: projectId,
      state: "MAINTENANCE",
      instance_ids: [],
      allowed_actions: ["MIGRATE"],
      reply_url: `${publicUrl}/v1/maintenance/${sessionId}/${projectId}`,
      reply_by: "2026-11-25T08:00:40.000Z",
      actions_at: null,
      missing: null,

      metadata: {},
    },
  });
  await open.close();
});

test("an admin follows everything, a project what it is told and no host names (I12)", async () => {
  expect((await stream("admin")).ids).toEqual([7, 9, 12]);
  expect((await stream("admin", `/v1/events?after=0&project_id=${projectId}`)).ids).toEqual([9]);
  const member = await stream("member");
  expect(member.ids).toEqual([9]);
  expect(member.answer.body).not.toContain("compute-1");
  expect((await stream("other_member")).ids).toEqual([]);
});

test.each([
  { who: "other_member", url: `/v1/events?project_id=${projectId}` },
  { who: "unscoped", url: "/v1/events" },
] as const)("$who may not follow $url", async ({ who, url }) => {
  expect((await stream(who, url)).answer.statusCode).toBe(403);
});

test("a client that comes back gets what it missed, and one that is new what comes", async () => {
  expect((await stream("admin", "/v1/events", { "last-event-id": "7" })).ids).toEqual([9, 12]);
  expect((await stream("admin", "/v1/events?after=0", { "last-event-id": "9" })).ids).toEqual([12]);
  expect((await stream("admin", "/v1/events")).ids).toEqual([]);
  expect((await stream("admin", "/v1/events", { "last-event-id": "of somebody else" })).ids).toEqual([]);
  expect((await stream("admin", "/v1/events?after=x")).answer.statusCode).toBe(422);
});
