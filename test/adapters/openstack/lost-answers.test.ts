/** Moves over a connection that loses requests and answers: none is asked for twice, none is forgotten. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { openStackCloud, type OpenStackCloud } from "../../../src/adapters/openstack/cloud.ts";
import { HostName, InstanceId } from "../../../src/domain/ids.ts";
import type { RequestFaultSpec } from "../../../src/simulator/request-faults.ts";
import { startSimulator, type Simulator } from "../../../src/simulator/simulator.ts";

const from = HostName.parse("compute-1");
const to = HostName.parse("compute-2");
const { signal } = new AbortController();

let simulator: Simulator;
let cloud: OpenStackCloud;
let id: InstanceId;

beforeEach(async () => {
  simulator = await startSimulator({
    hosts: ["compute-1", "compute-2", "compute-3"],
    controllers: ["controller-1"],
    projects: ["shop"],
    instances: [{ name: "web", project: "shop", host: "compute-1" }],
    speed: 20,
  });
  id = InstanceId.parse(simulator.cloud.instance("web").id);
  cloud = openStackCloud(simulator.env, {
    limits: { answerMs: 1_000, repeats: 1, pauseMs: 10, breakAfter: 100 },
    pace: { lookMinMs: 50 },
  });
});
afterEach(async () => {
  await cloud.disconnect();
  await simulator.close();
});

const fault = (spec: RequestFaultSpec) => void simulator.cloud.requestFaults.add(spec);
const migrateAndWait = async () => {
  const started = await cloud.startMove(id, "MIGRATE", to, { signal });
  return { started, ended: await cloud.moveEnded(id, from, { signal }) };
};
const moved = { kind: "moved", host: to, status: "ACTIVE" };

test.each([
  { what: "the answer to a move is lost", when: "after", kind: "disconnects" },
  { what: "the answer to a move never comes", when: "after", kind: "times_out" },
  { what: "a move is lost on its way", when: "before", kind: "disconnects" },
  { what: "a move that never arrived gets no answer", when: "before", kind: "times_out" },
] as const)("$what: it is read back, and happens once", async ({ when, kind }) => {
  fault({ method: "POST", path: "/action", body: "migrate", effect: { kind, when } });
  expect(await migrateAndWait()).toEqual({ started: { kind: "started" }, ended: moved });
  const cold = simulator.cloud.world.migrations.filter(({ type }) => type === "migration");
  expect(cold).toHaveLength(1);
});

test("a gateway that breaks down after passing the move on is not asked again", async () => {
  fault({ method: "POST", path: "/action", body: "migrate", effect: { kind: "disconnects", when: "after" } });
  fault({ method: "GET", path: `/servers/${id}`, effect: { kind: "answers", status: 502, html: true } });
  expect(await migrateAndWait()).toEqual({ started: { kind: "started" }, ended: moved });
});

test("a move that is not to be had is told as unavailable, and nothing has moved", async () => {
  fault({ method: "POST", path: "/action", times: null, effect: { kind: "answers", status: 503 } });
  await expect(cloud.startMove(id, "MIGRATE", to, { signal })).rejects.toMatchObject({ code: "CLOUD_UNAVAILABLE" });
  expect(simulator.cloud.instance("web").host).toBe("compute-1");
});

test.each([
  { what: "lost on its way", effect: { kind: "disconnects", when: "before" } },
  { what: "refused by a sick gateway", effect: { kind: "answers", status: 500 } },
] as const)("a confirmation $what is sent again", async ({ effect }) => {
  const clockwork = openStackCloud(simulator.env, {
    limits: { repeats: 0 },
    pace: { lookMinMs: 50, confirmAgainMs: 200 },
  });
  fault({ method: "POST", path: "/action", body: "confirmResize", effect });
  await clockwork.startMove(id, "MIGRATE", to, { signal });
  expect(await clockwork.moveEnded(id, from, { signal })).toEqual(moved);
  await clockwork.disconnect();
});

test("a confirmation whose answer is lost is not needed twice", async () => {
  fault({ method: "POST", path: "/action", body: "confirmResize", effect: { kind: "disconnects", when: "after" } });
  expect(await migrateAndWait()).toEqual({ started: { kind: "started" }, ended: moved });
});

test("lists that lag behind do not make a move look finished", async () => {
  await cloud.facts({ signal });
  fault({ method: "GET", path: "/servers/detail", times: null, effect: { kind: "stale", seconds: 2 } });
  expect(await migrateAndWait()).toEqual({ started: { kind: "started" }, ended: moved });
});

test("an instance that lands elsewhere is where it is", async () => {
  simulator.cloud.failMoves({ instance: "web", effect: { kind: "lands_on", host: "compute-3" } });
  const { ended } = await migrateAndWait();
  expect(ended).toEqual({ kind: "moved", host: "compute-3", status: "ACTIVE" });
});

test("a live move whose source is dead stays under way until the caller has waited enough", async () => {
  simulator.cloud.failMoves({ instance: "web", effect: { kind: "hangs", seconds: null } });
  expect(await cloud.startMove(id, "LIVE_MIGRATE", to, { signal })).toEqual({ kind: "started" });
  simulator.cloud.crash("compute-1");
  const enough = AbortSignal.timeout(1_000);
  await expect(cloud.moveEnded(id, from, { signal: enough })).rejects.toThrow(/timeout/i);
  expect(await cloud.instance(id, { signal })).toMatchObject({ host: from, moving: true });
});

test("a cloud that goes away in mid-move is told to all who wait, and asked again later all ends well", async () => {
  await cloud.startMove(id, "MIGRATE", to, { signal });
  fault({ method: "GET", path: "/servers", times: 3, effect: { kind: "answers", status: 503 } });
  await expect(cloud.moveEnded(id, from, { signal })).rejects.toMatchObject({ code: "CLOUD_UNAVAILABLE" });
  simulator.cloud.clearFaults();
  expect(await cloud.moveEnded(id, from, { signal })).toEqual(moved);
});

test("a token revoked in mid-move is not noticed", async () => {
  await cloud.startMove(id, "MIGRATE", to, { signal });
  simulator.cloud.identity.revokeAll();
  expect(await cloud.moveEnded(id, from, { signal })).toEqual(moved);
});
