/**
 * Who is answered what, for every route that there is: the routes come from the app itself, so one that is added has to be
 * added here too, with what each persona is to be answered.
 */
import fc from "fast-check";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { type Rule, rules } from "../../src/access/rules.ts";
import { GroupId } from "../../src/domain/ids.ts";
import { projectNamed } from "../../src/simulator/identity.ts";
import { instanceId, knowing, openDoor, projectId, publicUrl, sessionId, unknownId } from "./a-door.ts";
import { aWebhook } from "../support/a-webhook.ts";
import { guardedDoor, type Persona, personas, strangers } from "./personas.ts";

const groupId = GroupId.parse("7dd22463-6f1f-4a75-9a5d-42e5d3eb7c53");
const door = await guardedDoor({
  constraints: {
    instances: knowing({
      ...{ instance: instanceId, project: projectId, group: groupId, name: "web-1", migrationType: "MIGRATE" },
      ...{ maxInterruptionSeconds: 120, resourceMitigation: true, leadTimeSeconds: 40 },
    }),
    groups: knowing({
      ...{ group: groupId, project: projectId, name: "web", antiAffinity: true, maxInstancesPerHost: 1 },
      ...{ maxImpactedMembers: 1, recoveryTimeSeconds: 4, resourceMitigation: true },
    }),
  },
});
afterAll(door.close);

interface TableRoute {
  readonly method: string;
  readonly url: string;
  readonly everybody: boolean;
  readonly rule: string | undefined;
}

const routes: TableRoute[] = [];
door.app.addHook("onRoute", ({ method, url, config }) => {
  const access = config?.access;
  const rule = typeof access === "object" ? access.rule : undefined;
  for (const one of [method].flat())
    if (!url.startsWith("/docs") && one !== "HEAD")
      routes.push({ method: one, url, everybody: access === "everybody", rule });
});
await door.app.ready();

const webhookId = "0ca2845e-2f2f-4a2e-9c5d-0c55bd9b4a11";
beforeEach(() => {
  const stored = aWebhook({
    id: webhookId,
    project: projectId,
    events: ["maintenance.scheduled"],
    format: { kind: "cloudevents", secret: "whsec_b2xk", oldSecret: null },
  });
  door.stored.splice(0, Infinity, stored);
});

/** What is answered to whom, in the order of `personas`. */
const expected = new Map<string, readonly number[]>(
  (
    [
      // admin, operator_reader, service, reader, member, other_member, unscoped
      [[200, 403, 403, 403, 403, 403, 403], "POST /v1/maintenance"],
      [[200, 200, 200, 403, 403, 403, 403], "POST /v1/maintenance/plan"],
      [[200, 200, 200, 403, 403, 403, 403], "GET /v1/cloud"],
      [[200, 200, 200, 403, 403, 403, 403], "GET /v1/maintenance"],
      [[200, 200, 200, 403, 403, 403, 403], "GET /v1/maintenance/:session_id"],
      [[200, 403, 403, 403, 403, 403, 403], "PUT /v1/maintenance/:session_id"],
      [[200, 403, 403, 403, 403, 403, 403], "DELETE /v1/maintenance/:session_id"],
      [[200, 200, 200, 403, 403, 403, 403], "GET /v1/maintenance/:session_id/detail"],
      [[200, 200, 200, 403, 403, 403, 403], "GET /v1/maintenance/:session_id/timeline"],
      [[200, 200, 200, 200, 200, 404, 404], "GET /v1/maintenance/:session_id/notifications"],
      [[200, 200, 200, 200, 200, 404, 404], "GET /v1/maintenance/:session_id/:project_id"],
      [[200, 403, 403, 403, 200, 404, 404], "PUT /v1/maintenance/:session_id/:project_id"],
      [[200, 403, 403, 403, 200, 404, 404], "PUT /v1/maintenance/:session_id/:project_id/:instance_id"],
      [[200, 403, 403, 200, 200, 403, 403], "GET /v1/instance"],
      [[200, 404, 404, 200, 200, 404, 404], "GET /v1/instance/:instance_id"],
      [[200, 403, 403, 403, 200, 403, 403], "PUT /v1/instance/:instance_id"],
      [[200, 200, 200, 200, 200, 200, 200], "DELETE /v1/instance/:instance_id"],
      [[200, 403, 403, 200, 200, 403, 403], "GET /v1/instance_group"],
      [[200, 404, 404, 200, 200, 404, 404], "GET /v1/instance_group/:group_id"],
      // Who may not speak for the project that is named declares for its own, as Tacker does.
      [[200, 403, 403, 403, 200, 200, 403], "PUT /v1/instance_group/:group_id"],
      [[200, 200, 200, 200, 200, 200, 200], "DELETE /v1/instance_group/:group_id"],
      [[200, 200, 200, 200, 200, 403, 403], "GET /v1/projects/:project_id/sessions"],
      [[200, 200, 200, 200, 200, 403, 403], "GET /v1/projects/:project_id/manager"],
      [[200, 403, 403, 403, 200, 403, 403], "PUT /v1/projects/:project_id/manager"],
      [[200, 200, 200, 200, 200, 200, 403], "GET /v1/events"],
      [[200, 403, 403, 403, 200, 403, 403], "POST /v1/webhooks"],
      [[200, 200, 200, 200, 200, 200, 200], "GET /v1/webhooks"],
      [[200, 404, 404, 404, 200, 404, 404], "GET /v1/webhooks/:webhook_id"],
      [[200, 404, 404, 404, 200, 404, 404], "POST /v1/webhooks/:webhook_id/secret"],
      [[200, 404, 404, 404, 200, 404, 404], "DELETE /v1/webhooks/:webhook_id"],
    ] as const
  ).map(([answers, route]) => [route, answers]),
);
const forEverybody = ["GET /health/live", "GET /health/ready", "GET /openapi.json"];

/** A body that is accepted, where a route needs more than an empty one. */
const bodies: Readonly<Record<string, object>> = {
  "POST /v1/maintenance": { maintenance_at: "2026-11-25 08:30:00" },
  "PUT /v1/maintenance/:session_id/:project_id": { state: "ACK_MAINTENANCE" },
  "PUT /v1/maintenance/:session_id/:project_id/:instance_id": { state: "ACK_MAINTENANCE" },
  "PUT /v1/instance/:instance_id": {
    ...{ instance_id: instanceId, project_id: projectId, group_id: groupId, instance_name: "web-1" },
    ...{ max_interruption_time: 120, migration_type: "MIGRATE", resource_mitigation: true, lead_time: 40 },
  },
  "PUT /v1/instance_group/:group_id": {
    ...{ group_id: groupId, project_id: projectId, group_name: "web", anti_affinity_group: true },
    ...{ max_instances_per_host: 1, max_impacted_members: 1, recovery_time: 4, resource_mitigation: true },
  },
  "PUT /v1/projects/:project_id/manager": { polls: true },
  "POST /v1/webhooks": { project_id: projectId, url: "http://192.0.2.20/" },
};

const nameOf = ({ method, url }: TableRoute) => `${method} ${url}`;
const guarded = routes.filter(({ everybody }) => !everybody);

function ask({ method, url }: TableRoute, headers: Record<string, string>, session: string = sessionId) {
  const lists = method === "GET" && (url === "/v1/instance" || url === "/v1/instance_group");
  const path =
    url
      .replace(":session_id", session)
      .replace(":project_id", projectId)
      .replace(":instance_id", instanceId)
      .replace(":group_id", groupId)
      .replace(":webhook_id", webhookId) + (lists ? `?project_id=${projectId}` : "");
  const takesBody = method === "POST" || method === "PUT";
  const payload = bodies[`${method} ${url}`] ?? {};
  return door.send({ method: method as "GET", url: path, headers, ...(takesBody && { payload }) });
}

test("every route is in the table, and nothing else", () => {
  expect(guarded.map(nameOf).toSorted()).toEqual([...expected.keys()].toSorted());
  const open = routes.filter(({ everybody }) => everybody);
  expect(open.map(nameOf).toSorted()).toEqual(forEverybody);
});

test("the rules name the routes on which they decide, so that the sample of a policy file is true", () => {
  const decided = guarded.flatMap((route) => (route.rule === undefined ? [] : [`${route.rule}: ${nameOf(route)}`]));
  const told = Object.entries<Rule>(rules).flatMap(([rule, { requests }]) =>
    requests.map((request) => `${rule}: ${request.replaceAll(/\{(\w+)\}/g, ":$1")}`),
  );
  // It decides beside the route's own rule, on webhooks that are no project's.
  const beside = told.filter((one) => one.startsWith("fenix:webhook:infrastructure: "));
  expect(beside).toHaveLength(5);
  expect(told.filter((one) => !beside.includes(one)).toSorted()).toEqual(decided.toSorted());
});

test.each(guarded)("$method $url asks strangers for a token and reads nothing of theirs (K2)", async (route) => {
  const before = door.asked.length;
  for (const stranger of strangers) {
    const answer = await ask(route, door.header(stranger));
    expect([stranger, answer.statusCode, answer.json().code]).toEqual([stranger, 401, "TOKEN_NEEDED"]);
    expect(answer.headers["www-authenticate"]).toBe(`Keystone uri="${door.simulator.authUrl}"`);
  }
  expect(door.asked).toHaveLength(before);
});

const matrix = guarded.flatMap((route) =>
  personas.map((who, place) => ({ route, who, name: nameOf(route), status: expected.get(nameOf(route))?.[place] })),
);
test.each(matrix)("$name answers $status to $who (K2)", async ({ route, who, status }) => {
  const before = door.asked.length;
  const answer = await ask(route, door.header(who));
  expect(answer.statusCode).toBe(status);
  if (status !== 200) expect(door.asked).toHaveLength(before);
});

test("a route that does not say who may use it stops the start", async () => {
  const { app, close } = openDoor();
  expect(() => app.get("/v1/forgotten", async () => "secret")).toThrow("/v1/forgotten does not say");
  await close();
});

test("a handler that forgot to ask answers nothing", async () => {
  const careless = await guardedDoor();
  careless.app.get(
    "/v1/careless",
    { config: { access: { rule: "fenix:webhook:get", of: "handler" } } },
    async () => "secret",
  );
  const answer = await careless.send({ url: "/v1/careless", headers: careless.header("member") });
  expect([answer.statusCode, answer.body.includes("secret")]).toEqual([500, false]);
  await careless.close();
});

describe("without access control", () => {
  const open = openDoor();
  afterAll(open.close);

  test.each(["localhost:12347", "127.0.0.1:12347", "[::1]:12347", "LOCALHOST", new URL(publicUrl).host])(
    "a request to %s is answered",
    async (host) => {
      expect((await open.send({ url: "/v1/maintenance", headers: { host } })).statusCode).toBe(200);
    },
  );

  test.each(["rebinding.example.org", "localhost.example.org:12347", "127.0.0.1.example.org", "192.0.2.10"])(
    "one to %s is not: a page in a browser may have sent it",
    async (host) => {
      const answer = await open.send({ url: "/v1/maintenance", headers: { host } });
      expect([answer.statusCode, answer.json().code]).toEqual([403, "FORBIDDEN"]);
    },
  );
});

describe("another project's things are not there (I12)", () => {
  const view = "GET /v1/maintenance/:session_id/:project_id";
  const route = routes.find((one) => nameOf(one) === view)!;
  const own = (who: Persona) => ask(route, door.header(who));

  test("a session looks the same to a stranger whether it exists or not", async () => {
    const [there, notThere] = [await own("other_member"), await ask(route, door.header("other_member"), unknownId)];
    expect(there.json()).toEqual({
      ...notThere.json(),
      detail: `there is no session ${sessionId}`,
      message: `there is no session ${sessionId}`,
    });
    expect(notThere.json()).toMatchObject({ code: "SESSION_NOT_FOUND", detail: `there is no session ${unknownId}` });
  });

  test("and to a project that has no part in it; an admin is told which of the two", async () => {
    const bank = projectNamed(door.simulator.cloud.world, "bank");
    const url = `/v1/maintenance/${sessionId}/${bank.id}`;
    for (const method of ["GET", "PUT"] as const) {
      const request = { method, url, ...(method === "PUT" && { payload: { state: "ACK_MAINTENANCE" } }) };
      const theirs = await door.send({ ...request, headers: door.header("other_member") });
      expect([theirs.statusCode, theirs.json().code]).toEqual([404, "SESSION_NOT_FOUND"]);
      const admins = await door.send({ ...request, headers: door.header("admin") });
      expect([admins.statusCode, admins.json().code]).toEqual([404, "PROJECT_NOT_FOUND"]);
    }
  });

  test("a project's members see and list its own webhooks only", async () => {
    const listed = async (who: Persona) =>
      (await door.send({ url: "/v1/webhooks", headers: door.header(who) })).json().webhooks.length;
    expect(await listed("member")).toBe(1);
    expect(await listed("reader")).toBe(0);
    expect(await listed("other_member")).toBe(0);
    expect(await listed("service")).toBe(0);
  });
});

describe("who hears of hosts and sessions learns the names of hosts", () => {
  const post = (who: Persona, payload: object) =>
    door.send({ method: "POST", url: "/v1/webhooks", headers: door.header(who), payload });
  const url = "http://192.0.2.21/";

  test.each([
    { who: "admin", payload: { url }, status: 200 },
    { who: "service", payload: { url }, status: 200 },
    { who: "member", payload: { url }, status: 403, field: "project_id" },
    { who: "admin", payload: { url, project_id: projectId }, status: 200 },
    { who: "member", payload: { url, project_id: projectId }, status: 200 },
    { who: "other_member", payload: { url, project_id: projectId }, status: 403, field: "project_id" },
  ] as const)("$who who asks for $payload: $status", async ({ who, payload, status, ...more }) => {
    const answer = await post(who, payload);
    expect([answer.statusCode, answer.json().field]).toEqual([status, "field" in more ? more.field : undefined]);
  });
});

test("while Keystone is away nobody comes in, and Fenix says so", async () => {
  door.simulator.cloud.requestFaults.cutOff(null);
  const answer = await door.send({ url: "/v1/maintenance", headers: { "x-auth-token": "gAAAAABfresh" } });
  door.simulator.cloud.requestFaults.restore();
  expect([answer.statusCode, answer.json().code]).toEqual([503, "IDENTITY_UNAVAILABLE"]);
  expect(answer.body).not.toContain("127.0.0.1");
  expect((await door.send({ url: "/health/live" })).statusCode).toBe(200);
});

describe("whatever comes to a route, from whomever", () => {
  const anyJson = fc.jsonValue({ depthSize: "small" });
  const nearly = fc.constantFrom(...Object.values(bodies)).chain((good) =>
    fc
      .record({
        key: fc.constantFrom(...Object.keys(good), "events", "actions", "options", "reason"),
        value: anyJson,
      })
      .map(({ key, value }) => ({ ...good, [key]: value })),
  );
  const id = fc.oneof(fc.constantFrom<string>(sessionId, unknownId, projectId, webhookId, "detail"), fc.string());
  const request = fc.record({
    route: fc.constantFrom(...routes),
    ids: fc.array(id, { minLength: 3, maxLength: 3 }),
    payload: fc.oneof(anyJson, nearly),
    who: fc.constantFrom(...personas, "admin" as const, "member" as const, "nobody" as const),
  });

  test("10,000 requests with random JSON are answered without one 5xx", { timeout: 180_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(request, async ({ route: { method, url }, ids, payload, who }) => {
        const left = [...ids];
        const answer = await door.send({
          method: method as "GET",
          url: url.replaceAll(/:\w+/g, () => encodeURIComponent(left.pop() ?? "") || "x"),
          headers: { ...door.header(who), "content-type": "application/json" },
          ...(method !== "GET" && method !== "DELETE" && { payload: JSON.stringify(payload) }),
        });
        expect(answer.statusCode).toBeLessThan(500);
      }),
      { numRuns: 10_000 },
    );
  });
});
