import { afterEach, describe, expect, test } from "vitest";
import { HostName, InstanceId, PluginName, ProjectId } from "../../src/domain/ids.ts";
import { SessionOptions } from "../../src/domain/session.ts";
import { Problem } from "../../src/problems.ts";
import { aSessionHost } from "../support/a-view.ts";
import { type Given, now, openDoor, projectId, sessionId, unknownId } from "./a-door.ts";

let door: ReturnType<typeof openDoor>;
const given = (what: Given = {}) => (door = openDoor(what));
afterEach(() => door.close());

const json = { "content-type": "application/json", accept: "application/json" };
const maintenance = "/v1/maintenance";
const session = `${maintenance}/${sessionId}`;

test("the request of the first admin client creates a session", async () => {
  const { send, asked } = given();
  const answer = await send({
    method: "POST",
    url: maintenance,
    headers: { ...json, "x-auth-token": "ignored" },
    payload: {
      state: "MAINTENANCE",
      maintenance_at: "2026-11-25 08:30:00",
      metadata: { openstack_version: "Train" },
      workflow: "default",
      hosts: [],
    },
  });
  expect([answer.statusCode, answer.json()]).toEqual([200, { session_id: sessionId }]);
  expect(asked).toEqual([
    {
      command: "createSession",
      request: {
        hosts: [],
        maintenanceAt: new Date("2026-11-25T08:30:00Z"),
        metadata: { openstack_version: "Train" },
        workflow: "default",
        actions: [],
        options: SessionOptions.parse({}),
        planDigest: null,
      },
    },
  ]);
});

test("a session by a plan names its digest and no hosts", async () => {
  const { send, asked } = given();
  const planDigest = `sha256:${"a".repeat(64)}`;
  const payload = { maintenance_at: "2026-11-25 08:30:00", plan_digest: planDigest };
  const answer = await send({ method: "POST", url: maintenance, payload });
  expect([answer.statusCode, asked[0]?.request]).toEqual([200, expect.objectContaining({ hosts: [], planDigest })]);
});

test("the published sample creates a session, with actions that leave their metadata out", async () => {
  const { send, asked } = given();
  const answer = await send({
    method: "POST",
    url: maintenance,
    payload: {
      hosts: ["compute-1", "compute-2", "compute-3"],
      state: "MAINTENANCE",
      maintenance_at: "2018-02-28 06:06:03",
      metadata: { openstack_release: "Queens" },
      workflow: "default",
      download: [],
      actions: [
        { plugin: "prepare", type: "pre" },
        { plugin: "esw_upgrade", type: "host", metadata: { upgrade: "ESW1" }, order: 2 },
        { plugin: "finalize", type: "post" },
      ],
      a_key_that_nobody_knows: true,
    },
  });
  expect(answer.statusCode).toBe(200);
  expect(asked[0]?.request).toMatchObject({
    hosts: ["compute-1", "compute-2", "compute-3"],
    actions: [
      { plugin: "prepare", phase: "pre", order: 0, metadata: {} },
      { plugin: "esw_upgrade", phase: "host", order: 2, metadata: { upgrade: "ESW1" } },
      { plugin: "finalize", phase: "post", order: 0, metadata: {} },
    ],
  });
});

test("the time is enough for a session, and its options are filled up by the installation's", async () => {
  const { send, asked } = given();
  const payload = { maintenance_at: "2026-11-25T08:30:00.5Z", options: { on_silence: "proceed" } };
  expect((await send({ method: "POST", url: `${maintenance}/`, payload })).statusCode).toBe(200);
  expect(asked[0]?.request).toMatchObject({
    maintenanceAt: new Date("2026-11-25T08:30:00.500Z"),
    metadata: {},
    workflow: "default",
    options: { on_silence: "proceed", on_nack: "fail", reply_seconds: 40, scale_in_reply_seconds: 60 },
  });
});

test.each([maintenance, `${maintenance}/`])("GET %s lists the sessions under both published names", async (url) => {
  const answer = await given().send({ url });
  expect(answer.statusCode).toBe(200);
  expect(answer.json()).toEqual({
    sessions: [sessionId],
    session_id: [sessionId],
    summaries: [
      {
        session_id: sessionId,
        state: "PLANNED_MAINTENANCE",
        percent_done: 50,
        waiting: null,
        failure: null,
        workflow: "default",
        maintenance_at: "2026-11-25 07:30:00",
        created_at: "2026-11-25 07:00:00",
        updated_at: "2026-11-25 08:00:00",
        ended_at: null,
      },
    ],
  });
});

test.each([session, `${session}/`])(
  "GET %s tells the state, what the session waits for and why it failed",
  async (url) => {
    const waiting = { for: "replies to SCALE_IN", until: new Date("2026-11-25T08:01:00Z") };
    const failure = { reason: "shop refused", advice: "talk to shop" };
    const answer = await given({ detail: { waiting, failure } }).send({ url, headers: json });
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toEqual({
      session_id: sessionId,
      state: "PLANNED_MAINTENANCE",
      percent_done: 50,
      waiting: { for: "replies to SCALE_IN", until: "2026-11-25 08:01:00" },
      failure,
    });
  },
);

test.each([{ url: session }, { url: session, headers: json }, { url: `${session}/`, headers: json }])(
  "DELETE with %j and no body answers 200 and {}",
  async (request) => {
    const { send, asked } = given();
    const answer = await send({ method: "DELETE", ...request });
    expect([answer.statusCode, answer.json()]).toEqual([200, {}]);
    expect(asked).toEqual([{ command: "deleteSession", request: sessionId }]);
  },
);

test.each([
  { title: "no body", request: {}, state: null },
  { title: "no body under a JSON content type", request: { headers: json }, state: null },
  { title: "an empty object", request: { payload: {} }, state: null },
  { title: "a state", request: { payload: { state: "START_MAINTENANCE" } }, state: "START_MAINTENANCE" },
])("PUT with $title continues a failed session", async ({ request, state }) => {
  const { send, asked } = given();
  const answer = await send({ method: "PUT", url: session, ...request });
  expect(answer.statusCode).toBe(200);
  expect(answer.json()).toEqual({
    maintenance: "https://fenix.example.org/v1/maintenance",
    session_id: sessionId,
    state: state ?? "PLANNED_MAINTENANCE",
  });
  expect(asked).toEqual([{ command: "continueSession", request: { session: sessionId, state } }]);
});

test("the detail has the rows of the original and what it did not know", async () => {
  const instance = InstanceId.parse("109e14d9-6566-42b3-93e4-76605f264d8f");
  const compute = HostName.parse("compute-2");
  const dummy = PluginName.parse("dummy");
  const answer = await given({
    detail: {
      report: {
        maintained: [HostName.parse("compute-1")],
        notMaintained: [{ host: compute, reason: "the action failed" }],
        stillClosed: [],
      },
      hosts: [
        {
          name: compute,
          roles: ["compute", "controller"],
          status: { kind: "failed", reason: "the action failed" },
          closure: "closed_by_session",
          createdAt: now,
          updatedAt: now,
        },
      ],
      projects: [{ id: projectId, managed: true, state: "ACK_PLANNED_MAINTENANCE", createdAt: now, updatedAt: null }],
      instances: [
        {
          id: instance,
          name: "web-1",
          project: ProjectId.parse(projectId),
          host: compute,
          status: "ACTIVE",
          action: "MIGRATE",
          actionDone: true,
          replacedBy: null,
          createdAt: now,
          updatedAt: now,
        },
      ],
      runs: [
        {
          id: "17",
          plugin: dummy,
          phase: "host",
          host: compute,
          status: "failed",
          attempt: 1,
          startedAt: now,
          endedAt: now,
          output: "no such package",
        },
      ],
      underWay: [
        { kind: "move_instance", subject: `${instance}#1`, since: now, lastError: "the cloud does not answer" },
      ],
    },
  }).send({ url: `${session}/detail` });
  expect(answer.statusCode).toBe(200);
  await expect(JSON.stringify(answer.json(), null, 2)).toMatchFileSnapshot("session-detail.json");
});

describe("the detail of a session that goes on says when it will be done", () => {
  const eta = async (detail: Given["detail"]) =>
    (await given({ detail: { hosts, ...detail } }).send({ url: `${session}/detail` })).json().eta;
  const hosts = [{ ...aSessionHost("compute-1"), createdAt: now, updatedAt: now }];
  const pace = {
    visits: new Map(),
    moves: { count: 0, meanSeconds: 0 },
    expected: { hostsAtOnce: 1, drainSeconds: 60.4, actionSeconds: 240 },
  };

  test("and how that is known", async () => {
    const answer = await eta({ pace, failure: null });
    expect(answer).toMatchObject({
      drain: { seconds: 60, basis: "plan", measured: 0 },
      action: { seconds: 240, basis: "plan", measured: 0 },
      hosts_at_once: 1,
    });
    const at = (seconds: number) =>
      new Date(now.getTime() + seconds * 1_000).toISOString().slice(0, 19).replace("T", " ");
    expect(answer).toMatchObject({ p50: at(answer.p50_seconds), p95: at(answer.p95_seconds) });
    expect(answer.p50_seconds).toBeGreaterThan(0);
  });

  test.each([
    ["failed", { failure: { reason: "no room", advice: "make some" } }],
    ["ended", { endedAt: now }],
  ])("unless it has %s", async (_, changes) => {
    expect(await eta({ pace, ...changes })).toBeNull();
  });
});

test.each([
  { method: "GET", url: `${maintenance}/${unknownId}` },
  { method: "PUT", url: `${maintenance}/${unknownId}` },
  { method: "DELETE", url: `${maintenance}/${unknownId}` },
  { method: "GET", url: `${maintenance}/${unknownId}/detail` },
  { method: "GET", url: `${maintenance}/${unknownId}/timeline` },
  { method: "GET", url: `${maintenance}/${unknownId}/${projectId}` },
  { method: "PUT", url: `${maintenance}/${unknownId}/${projectId}`, payload: { state: "ACK_MAINTENANCE" } },
  { method: "GET", url: `${maintenance}/1` },
  { method: "GET", url: `${maintenance}/detail` },
  { method: "DELETE", url: `${maintenance}/%00` },
  { method: "GET", url: `${maintenance}/not-a-uuid/detail` },
] as const)("$method $url finds no session", async (request) => {
  const answer = await given().send(request);
  expect(answer.statusCode).toBe(404);
  expect(answer.json()).toMatchObject({ error: "Invalid session", code: "SESSION_NOT_FOUND" });
});

test("what the engine refuses is told by code and field, with the original's keys", async () => {
  const refuse = async () => {
    throw new Problem("ACTION_UNKNOWN", '"dumy" is none of dummy', { field: "actions[0].plugin" });
  };
  const answer = await given({ commands: { createSession: refuse } }).send({
    method: "POST",
    url: maintenance,
    payload: { maintenance_at: "2026-11-25 08:30:00", actions: [{ plugin: "dumy", type: "host" }] },
  });
  expect(answer.statusCode).toBe(422);
  expect(answer.headers["content-type"]).toBe("application/json; charset=utf-8");
  expect(answer.json()).toEqual({
    type: "urn:fenix:problem:ACTION_UNKNOWN",
    title: "There is no such host action",
    status: 422,
    code: "ACTION_UNKNOWN",
    detail: '"dumy" is none of dummy',
    field: "actions[0].plugin",
    errors: [{ field: "actions[0].plugin", detail: '"dumy" is none of dummy' }],
    error: "There is no such host action",
    message: '"dumy" is none of dummy',
  });
});

test("the limit of sessions is 509, as published", async () => {
  const refuse = async () => {
    throw new Problem("TOO_MANY_SESSIONS", "20 sessions are not at their end");
  };
  const answer = await given({ commands: { createSession: refuse } }).send({
    method: "POST",
    url: maintenance,
    payload: { maintenance_at: "2026-11-25 08:30:00" },
  });
  expect([answer.statusCode, answer.json().error]).toEqual([509, "Too many sessions"]);
});

test("what nobody expected is a 500 that tells the log everything and the client nothing", async () => {
  const lines: string[] = [];
  const broken = async () => {
    throw new Error("password authentication failed for user fenix");
  };
  const answer = await given({ commands: { deleteSession: broken }, log: (line) => lines.push(line) }).send({
    method: "DELETE",
    url: session,
  });
  expect(answer.statusCode).toBe(500);
  expect(answer.json()).toMatchObject({
    code: "INTERNAL",
    error: "Unknown Error",
    message: "Unknown Error",
    status: 500,
  });
  expect(answer.body).not.toContain("password");
  const requestId = answer.headers["x-openstack-request-id"];
  expect(answer.json().detail).toContain(requestId);
  expect(lines.some((line) => line.includes("password") && line.includes(String(requestId)))).toBe(true);
});
