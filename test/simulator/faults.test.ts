/** Trouble on demand, as a client of the simulated cloud meets it. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { startLab, type Lab } from "./lab.ts";

let lab: Lab;
beforeEach(async () => {
  lab = await startLab();
});
afterEach(async () => lab.close());

const services = "/compute/v2.1/os-services";
const action = (): string => `/compute/v2.1/servers/${lab.server.id}/action`;

test("the next requests that match are answered with an error, the others are not", async () => {
  lab.cloud.requestFaults.add({
    method: "GET",
    path: "os-services",
    times: 2,
    effect: { kind: "answers", status: 503, retryAfterSeconds: 7 },
  });
  expect((await lab.get("/compute/v2.1/flavors")).status).toBe(200);
  const refused = await lab.get(services);
  expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "7"]);
  expect(await refused.json()).toEqual({ serviceUnavailable: { code: 503, message: "made to fail" } });
  expect((await lab.get(services)).status).toBe(503);
  expect((await lab.get(services)).status).toBe(200);
});

test("a fault can be for one kind of action only", async () => {
  lab.cloud.requestFaults.add({ body: "os-migrateLive", effect: { kind: "answers", status: 500 } });
  expect(await lab.act({ migrate: null })).toBe(202);
  expect(await lab.act({ "os-migrateLive": { host: null, block_migration: "auto" } })).toBe(500);
});

test.each([
  { when: "before", status: "ACTIVE" },
  { when: "after", status: "RESIZE" },
] as const)("no answer, and the effect was $when: the instance is $status", async ({ when, status }) => {
  lab.cloud.requestFaults.add({ path: "/action$", effect: { kind: "times_out", when } });
  const patience = AbortSignal.timeout(50);
  const headers = { "x-auth-token": lab.tokens.admin };
  const lost = fetch(`${lab.url}${action()}`, { method: "POST", headers, body: '{"migrate": null}', signal: patience });
  await expect(lost).rejects.toThrow(/timeout/);
  expect((await lab.shown()).status).toBe(status);
});

test.each([
  { when: "before", status: "ACTIVE" },
  { when: "after", status: "RESIZE" },
] as const)("the connection breaks $when the effect", async ({ when, status }) => {
  lab.cloud.requestFaults.add({ path: "/action$", effect: { kind: "disconnects", when } });
  await expect(lab.act({ migrate: null })).rejects.toThrow("fetch failed");
  expect((await lab.shown()).status).toBe(status);
});

test("a stale list stays as it was for a while", async () => {
  lab.cloud.requestFaults.add({ path: "/servers/detail", effect: { kind: "stale", seconds: 30 } });
  const list = async (): Promise<number> => {
    const answer = await lab.get("/compute/v2.1/servers/detail?all_tenants=1&status=ACTIVE");
    return ((await answer.json()) as { servers: unknown[] }).servers.length;
  };
  expect(await list()).toBe(24);
  await lab.act({ migrate: null });
  lab.clock.advance(20);
  expect(await list()).toBe(24);
  lab.clock.advance(11);
  expect(await list()).toBe(23);
});

test("a cloud out of reach breaks every connection until it is back", async () => {
  lab.cloud.requestFaults.cutOff(60);
  await expect(lab.get(services)).rejects.toThrow("fetch failed");
  lab.clock.advance(61);
  expect((await lab.get(services)).status).toBe(200);
});

test("faults over HTTP, from another process", async () => {
  const fault = { path: "os-services", times: null, effect: { kind: "answers", status: 429, retryAfterSeconds: 1 } };
  const added = await lab.post("/simulator/faults/requests", fault);
  const { id } = (await added.json()) as { id: number };
  expect((await lab.get(services)).status).toBe(429);
  expect((await lab.remove(`/simulator/faults/requests/${id}`)).status).toBe(204);
  expect((await lab.get(services)).status).toBe(200);

  const move = { instance: "tenant-a-9", effect: { kind: "fails", at: "finish_migration" } };
  expect((await lab.post("/simulator/faults/moves", move)).status).toBe(202);
  await lab.act({ migrate: null });
  lab.clock.settle();
  expect((await lab.shown()).status).toBe("ERROR");

  const nonsense = await lab.post("/simulator/faults/moves", { effect: { kind: "fails", at: "midnight" } });
  expect(nonsense.status).toBe(400);
});

test("hosts crash and come back over HTTP", async () => {
  const state = async (): Promise<string | undefined> => {
    const answer = await lab.get(`${services}?host=compute-3`);
    return ((await answer.json()) as { services: { state: string }[] }).services[0]?.state;
  };
  await lab.post("/simulator/hosts/compute-3/crash", {});
  expect(await state()).toBe("up");
  lab.clock.advance(60);
  expect(await state()).toBe("down");
  await lab.post("/simulator/hosts/compute-3/come-back", {});
  expect(await state()).toBe("up");
});

test("the log and the counts tell what was asked and what happened", async () => {
  const after = lab.cloud.log.last;
  lab.resetRequestCounts();
  await lab.put(`${services}/${lab.cloud.host("compute-3").service.id}`, { status: "disabled", disabled_reason: "x" });
  const answer = await lab.get(`/simulator/log?after=${after}`);
  const { events } = (await answer.json()) as { events: unknown[] };
  expect(events).toMatchObject([
    { kind: "service_changed", host: "compute-3", disabled: true, reason: "x", by: "admin" },
    { kind: "request", method: "PUT", status: 200, by: "admin", body: { status: "disabled" } },
  ]);
  expect(lab.requestCounts()).toEqual({
    total: 1,
    byService: { nova: 1 },
    byRoute: { "nova PUT /v2.1/os-services/:id": 1 },
  });
  const judged = await lab.get(`/simulator/invariants?services_as_after=${after}`);
  expect(await judged.json()).toEqual({
    violations: [
      {
        kind: "service_not_restored",
        sequence: null,
        detail: "nova-compute on compute-3: enabled before, disabled (x) now",
      },
    ],
  });
});
