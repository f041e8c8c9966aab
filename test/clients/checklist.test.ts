/**
 * What the real clients of Fenix need (reference §6.11, K1 to K16), each with a test of that name. Three whole sessions are
 * played over HTTP on a simulated cloud, behind access control, with managers that send and expect what the real ones do;
 * then each requirement is looked up in what went over the wire.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { freePort } from "../../demo/service.ts";
import { loginWith } from "../../src/cli/login.ts";
import { readConfig } from "../../src/config.ts";
import { InstanceId, ProjectId, SessionId } from "../../src/domain/ids.ts";
import { addUser, projectNamed } from "../../src/simulator/identity.ts";
import { statusOf } from "../../src/simulator/instance-status.ts";
import { startSimulator } from "../../src/simulator/simulator.ts";
import { linksFrom } from "../../src/wire/links.ts";
import { osloNotification, routingKeyOf } from "../../src/wire/oslo-notification.ts";
import { startFenix } from "../../src/wiring.ts";
import { fenix as command } from "../cli/fenix.ts";
import { openDoor } from "../http/a-door.ts";
import { testDatabase } from "../support/database.ts";
import { type Exchange, readTraits } from "./callback.ts";
import { runScenario, startInspector, startSampleManager, startVnfm } from "./doctor.ts";
import { startTacker } from "./tacker.ts";

const { url: databaseUrl } = await testDatabase();
const admin = { name: "admin", password: "admin", roles: ["reader", "member", "admin"] };
/** Doctor's cloud: two instances fill a host, and all hosts are full. */
const simulator = await startSimulator({
  hosts: ["compute-1", "compute-2", "compute-3"].map((name) => ({ name, vcpus: 2, memoryMb: 16_384, diskGb: 200 })),
  flavors: [{ name: "half", vcpus: 1, memoryMb: 512, diskGb: 1 }],
  projects: [{ name: "doctor", users: [admin] }, { name: "nfv" }, { name: "tacker" }],
  groups: [{ name: "doctor_ha_app_group", project: "doctor" }],
  instances: [
    { name: "doctor_ha_app_0", project: "doctor", flavor: "half", host: "compute-1", group: "doctor_ha_app_group" },
    { name: "doctor_ha_app_1", project: "doctor", flavor: "half", host: "compute-2", group: "doctor_ha_app_group" },
    ...["compute-1", "compute-2", "compute-3", "compute-3"].map((host, index) => ({
      ...{ name: `doctor_nonha_app_${index}`, project: "doctor", flavor: "half", host },
    })),
  ],
  speed: 100,
});
const { cloud, authUrl } = simulator;
const fenix = await startFenix(
  readConfig({
    ...simulator.env,
    DATABASE_URL: databaseUrl,
    FENIX_PORT: `${await freePort()}`,
    FENIX_REPLY_TOKEN_SECRET: "a secret of more than 32 characters",
  }),
  { api: true, worker: true },
  pino({ level: "silent" }),
);
const url = fenix.url ?? "";
const token = (await loginWith({ token: undefined, openstack: simulator.env })()) ?? "";
afterAll(async () => {
  await fenix.stop();
  await simulator.close();
});

const doctor = cloud.asTenant("doctor");
const nfv = cloud.asTenant("nfv");
const asDoctor = { authUrl, user: "admin", password: "admin", project: "doctor" };

/** Heat: removes the newest of those that nothing stands in for, and boots others. */
async function scale(by: number): Promise<void> {
  const nonHa = doctor.instances.filter(({ name }) => name.startsWith("doctor_nonha_app_"));
  for (const { id } of by < 0 ? nonHa.slice(by) : []) doctor.delete(id);
  for (let count = 0; count < by; count += 1)
    doctor.boot({ name: `doctor_nonha_app_${nonHa.length + count}`, flavor: "half" });
  const wanted = nonHa.length + by;
  for (let tries = 0; tries < 100; tries += 1) {
    const there = doctor.instances.filter((one) => one.name.includes("_nonha_") && statusOf(one) === "ACTIVE");
    if (there.length === wanted) return;
    await sleep(50);
  }
  throw new Error("the stack did not come to rest");
}

async function until(what: string, isSo: () => boolean): Promise<void> {
  for (const since = Date.now(); !isSo(); await sleep(20))
    if (Date.now() - since > 30_000) throw new Error(`waited in vain for ${what}`);
}

async function asAdmin(method: string, path: string, body?: unknown) {
  const answer = await fetch(`${url}${path}`, {
    method,
    headers: { "x-auth-token": token, ...(body !== undefined && { "content-type": "application/json" }) },
    body: body === undefined ? null : JSON.stringify(body),
  });
  if (answer.status !== 200) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as Record<string, string>;
}

/** The event alarm that Heat made for the manager, and of no project for hosts; resolves with how to remove it. */
async function alarm(project: string | null, to: string, events: readonly string[]) {
  const { webhook_id: id } = await asAdmin("POST", "/v1/webhooks", {
    ...(project !== null && { project_id: project }),
    ...{ url: to, events },
  });
  return () => asAdmin("DELETE", `/v1/webhooks/${id}`);
}

async function playVnfm() {
  await command(["catalog", "register", "--url", url], { env: simulator.env });
  const [vnfm, inspector] = [await startVnfm(asDoctor, scale), await startInspector()];
  const silence = [
    await alarm(doctor.project.id, `${vnfm.url}/maintenance`, ["maintenance.scheduled"]),
    await alarm(null, `${inspector.url}/maintenance`, ["maintenance.host"]),
  ];
  const how = { url, endpoint: "v1/maintenance", token, workflow: "vnf", openstackVersion: "Train" };
  const scenario = await runScenario(how);
  const instances = doctor.instances.length;
  const removed = await scenario.remove();
  await vnfm.stop();
  for (const remove of silence) await remove();
  await inspector.close();
  return { vnfm, inspector, scenario, instances, removed };
}

async function playSample() {
  for (const { id, name } of [...doctor.instances]) if (name.includes("_nonha_")) doctor.delete(id);
  const manager = await startSampleManager(asDoctor, scale);
  const silence = await alarm(doctor.project.id, `${manager.url}/maintenance`, ["maintenance.scheduled"]);
  const how = { url, endpoint: "maintenance", token, workflow: "default", openstackVersion: "Rocky" };
  const scenario = await runScenario(how);
  const removed = await scenario.remove();
  await silence();
  await manager.close();
  return { manager, scenario, removed };
}

async function playTacker() {
  for (const { id } of [...doctor.instances]) doctor.delete(id);
  // A host that is not empty yet has no room, and what is booted there ends in ERROR.
  await until("Doctor's hosts to be empty", () => doctor.instances.length === 0);
  for (const [index, host] of ["compute-1", "compute-2"].entries())
    nfv.boot({ name: `vdu-${index}`, flavor: "half", host });
  await until("the servers of the VNF", () => nfv.instances.every((one) => statusOf(one) === "ACTIVE"));
  const tenantId = projectNamed(cloud.world, "tacker").id;
  addUser(cloud.world, { name: "vim", password: "vim", roles: ["reader", "member"] }, nfv.project);
  const late = (state: string, { reply_at }: Readonly<Record<string, unknown>>) =>
    state === "MAINTENANCE" ? new Date(`${String(reply_at)}Z`).getTime() - Date.now() + 1_500 : 0;
  const login = { authUrl, user: "vim", password: "vim", project: "nfv" };
  const tacker = await startTacker(login, { tenantId, delay: late });
  await tacker.create();
  const declared = await asAdmin("GET", `/v1/instance_group/${tacker.groupId}`);
  const silence = await alarm(nfv.project.id, `${tacker.url}/v1.0/vnfs/0b1c2d3e/maintenance/${tenantId}/8ef785ab`, [
    "maintenance.scheduled",
  ]);
  const { session_id: id } = await asAdmin("POST", "/v1/maintenance", {
    maintenance_at: new Date().toISOString(),
    workflow: "vnf",
    hosts: ["compute-1", "compute-2"],
    options: { reply_seconds: 20, on_silence: "proceed" },
  });
  let state = "";
  for (const since = Date.now(); !/DONE|FAILED/.test(state) && Date.now() - since < 200_000; await sleep(500))
    ({ state = "" } = await asAdmin("GET", `/v1/maintenance/${id}`));
  const { entries } = (await asAdmin("GET", `/v1/maintenance/${id}/timeline?limit=1000`)) as unknown as {
    entries: readonly { kind: string; text: string }[];
  };
  await tacker.remove();
  await silence();
  await tacker.close();
  return { tacker, declared, state, entries, tenantId };
}

let vnf: Awaited<ReturnType<typeof playVnfm>>;
let sample: Awaited<ReturnType<typeof playSample>>;
let tacked: Awaited<ReturnType<typeof playTacker>>;
beforeAll(async () => {
  vnf = await playVnfm();
  sample = await playSample();
  tacked = await playTacker();
}, 580_000);

const puts = (sent: readonly Exchange[], part: string) =>
  sent.filter((one) => one.method === "PUT" && one.url.includes(part));
const saying = (sent: readonly Exchange[], state: string) =>
  sent.filter(({ body }) => (body as { state?: string } | undefined)?.state === state);
const traitsOf = (posted: readonly unknown[]) => posted.map((one) => readTraits(one));
const statuses = (sent: readonly Exchange[]) => [...new Set(sent.map(({ status }) => status))];

describe("Doctor's VNFM, scenario and inspector", () => {
  test("K1 the service is found in the catalog under maintenance, and its address ends in /v1", () => {
    expect(vnf.vnfm.base).toBe(`${url}/v1`);
    expect(tacked.tacker.endpoint).toBe(`${url}/v1`);
  });

  test("K2 a token of Keystone lets in, another one does not, and tests may go without", async () => {
    expect(statuses(vnf.vnfm.sent)).toEqual([200]);
    const refused = await fetch(`${url}/v1/maintenance`, { headers: { "x-auth-token": "gAAAAABnonsense" } });
    expect(refused.status).toBe(401);
    const open = openDoor();
    expect((await open.send({ url: "/v1/maintenance" })).statusCode).toBe(200);
    await open.close();
  });

  test("K3 a session is created, asked for and deleted with exactly 200", () => {
    const [created, ...asked] = vnf.scenario.sent;
    expect(created).toMatchObject({ status: 200, answer: { session_id: vnf.scenario.id } });
    expect(statuses(asked)).toEqual([200]);
    expect(asked.find(({ method }) => method === "GET")?.answer).toMatchObject({ state: expect.any(String) });
    expect(vnf.removed).toBe(200);
  });

  test("K4 GET and DELETE say application/json and have no body", () => {
    const bare = [...vnf.scenario.sent, ...vnf.vnfm.sent].filter(({ body }) => body === undefined);
    expect(new Set(bare.map(({ method }) => method))).toEqual(new Set(["GET", "DELETE"]));
    expect(statuses(bare)).toEqual([200]);
  });

  test("K5 the instances of a project can be read right when it hears of MAINTENANCE", () => {
    const [read] = vnf.vnfm.sent.filter(({ method, url: at }) => method === "GET" && at.includes("/maintenance/"));
    const ids = Array.from({ length: 6 }, () => expect.any(String));
    expect(read).toMatchObject({ status: 200, answer: { instance_ids: ids } });
    expect(saying(vnf.vnfm.sent, "ACK_MAINTENANCE")).toHaveLength(1);
  });

  test("K7 each instance is asked about by itself, as a list of one, and answered by instance_action", () => {
    const about = traitsOf(vnf.vnfm.posted).filter(({ state }) => /^(PREPARE|PLANNED)_/.test(String(state)));
    expect(about.length).toBeGreaterThan(2);
    for (const { instance_ids: ids, reply_url: to } of about) {
      expect(ids).toHaveLength(1);
      expect(String(to)).toContain((ids as string[])[0]);
    }
    const replies = vnf.vnfm.sent.filter(({ body }) => "instance_action" in ((body as object | undefined) ?? {}));
    expect(replies).toHaveLength(about.length);
    expect(statuses(replies)).toEqual([200]);
  });

  test("K10 the callback is AODH's: Python text of at most 255 characters, and nothing null", () => {
    const posted = [...vnf.vnfm.posted, ...sample.manager.posted, ...tacked.tacker.posted] as {
      reason_data: { event: { traits: [string, number, unknown][] } };
    }[];
    expect(posted.length).toBeGreaterThan(10);
    for (const [name, type, value] of posted.flatMap((one) => one.reason_data.event.traits)) {
      expect([name, type, value === null ? "null" : typeof value]).toEqual([
        ...[name, expect.any(Number), type === 2 ? "number" : "string"],
      ]);
      expect(String(value).length).toBeLessThanOrEqual(255);
    }
    for (const { broken } of [vnf.vnfm, vnf.inspector, sample.manager, tacked.tacker]) expect(broken).toEqual([]);
  });

  test("K13 the inspector hears of each host once when it goes down, and once when it is back", () => {
    const heard = vnf.inspector.heard.map(({ host, state }) => `${host} ${state}`).toSorted();
    expect([...new Set(heard)]).toEqual(
      ["compute-1", "compute-2", "compute-3"].flatMap((host) => [
        `${host} IN_MAINTENANCE`,
        `${host} MAINTENANCE_COMPLETE`,
      ]),
    );
  });

  test("K14 the workflows are called default and vnf, and a session may be created with state MAINTENANCE", () => {
    const told = [vnf.scenario.sent[0], sample.scenario.sent[0]].map((one) => [one?.body, one?.status]);
    expect(told).toMatchObject([
      [{ workflow: "vnf", state: "MAINTENANCE", hosts: [] }, 200],
      [{ workflow: "default", state: "MAINTENANCE", hosts: [] }, 200],
    ]);
  });

  test("K15 three full computes are done within 20 minutes, two instances scaled in and out again", () => {
    expect(vnf.scenario.state).toBe("MAINTENANCE_DONE");
    expect(vnf.scenario.seconds).toBeLessThan(20 * 60);
    expect(saying(vnf.vnfm.sent, "ACK_SCALE_IN")).toHaveLength(1);
    expect(vnf.instances).toBe(6);
  });
});

describe("Doctor's sample application manager", () => {
  test("K6 a reply for the whole project has instance_actions, and keys that nobody reads", () => {
    expect(sample.scenario.state).toBe("MAINTENANCE_DONE");
    const replies = puts(sample.manager.sent, "/maintenance/");
    const withActions = replies.filter(({ body }) => "instance_actions" in (body as object));
    expect(withActions.length).toBeGreaterThan(0);
    for (const { body } of replies) expect(body).toHaveProperty("session_id", sample.scenario.id);
    expect(statuses(replies)).toEqual([200]);
    // Without any token of Keystone, by the links that it was told.
    expect(replies.every(({ url: to }) => to.includes("token="))).toBe(true);
  });

  test("K16 the paths of the oldest clients have no /v1", () => {
    expect(sample.scenario.sent.every(({ url: at }) => at.startsWith(`${url}/maintenance`))).toBe(true);
    expect(statuses(sample.scenario.sent)).toEqual([200]);
    expect(sample.removed).toBe(200);
  });
});

describe("Tacker's Fenix plug-in", () => {
  test("K8 constraints are declared and removed with 200, the group before its members; Doctor the other way round", () => {
    const of = (sent: readonly Exchange[], method: string) =>
      sent.filter((one) => one.method === method && /\/instance(_group)?\//.test(one.url));
    for (const { sent } of [vnf.vnfm, tacked.tacker])
      for (const method of ["PUT", "DELETE"]) {
        expect(of(sent, method).length).toBeGreaterThan(2);
        expect(statuses(of(sent, method))).toEqual([200]);
      }
    const removed = (sent: readonly Exchange[]) => of(sent, "DELETE").map(({ url: at }) => at.includes("_group/"));
    expect(removed(tacked.tacker.sent)).toEqual([true, false, false]);
    expect(removed(vnf.vnfm.sent).slice(-2)).toEqual([true, true]);
    // One request each: nothing had to be sent again.
    expect(of(tacked.tacker.sent, "PUT")).toHaveLength(3);
  });

  test("its group names the project that it keeps the VNF under, and is of the one that the VNF runs in", () => {
    const [group] = puts(tacked.tacker.sent, "/instance_group/");
    expect(group?.body).toMatchObject({ project_id: tacked.tenantId });
    expect(group?.answer).toMatchObject({ project_id: tacked.tacker.projectId });
    expect(tacked.declared).toMatchObject({ project_id: tacked.tacker.projectId });
  });

  test("K11 the same reply twice, and one to INSTANCE_ACTION_DONE, are answered 200 and change nothing", () => {
    const about = saying(tacked.tacker.sent, "ACK_PLANNED_MAINTENANCE");
    expect(about.length).toBeGreaterThan(1);
    expect(about.length % 2).toBe(0);
    expect(statuses(about)).toEqual([200]);
    const done = saying(tacked.tacker.sent, "ACK_INSTANCE_ACTION_DONE");
    expect(done.length).toBeGreaterThan(0);
    expect(statuses(done)).toEqual([200]);
    const kept = tacked.entries.filter(({ text }) => text.includes("ACK_PLANNED_MAINTENANCE"));
    const counted = kept.filter(({ kind }) => kind === "reply_recorded");
    expect([kept.length, counted.length]).toEqual([about.length, about.length / 2]);
    const idle = tacked.entries.filter(({ text }) => text.includes("ACK_INSTANCE_ACTION_DONE"));
    expect(new Set(idle.map(({ kind }) => kind))).toEqual(new Set(["reply_ignored"]));
  });

  test("K12 a reply after its time is answered 200, and the session goes on to its end", () => {
    expect(saying(tacked.tacker.sent, "ACK_MAINTENANCE").map(({ status }) => status)).toEqual([200]);
    const late = tacked.entries.find(({ text }) => text.startsWith("ACK_MAINTENANCE "));
    expect(late?.kind).toBe("reply_ignored");
    expect(tacked.state).toBe("MAINTENANCE_DONE");
  });
});

describe("users of ceilometer", () => {
  test("K9 what goes to the bus is maintenance.scheduled of priority INFO, for the topic notifications", () => {
    const event = {
      messageId: "3c5b0e1c-9e0b-4d0a-8a51-b3b6d1a4a0aa",
      generated: new Date(),
      session: SessionId.parse(vnf.scenario.id),
      notification: {
        type: "maintenance.scheduled",
        project: ProjectId.parse(doctor.project.id),
        state: "MAINTENANCE",
        instances: [InstanceId.parse("109e14d9-6566-42b3-93e4-76605f264d8f")],
        instance: null,
        allowedActions: [],
        replyBy: new Date(),
        actionsAt: new Date(),
        missing: null,
        metadata: {},
      },
    } as const;
    const sent = JSON.parse(osloNotification(event, { project: null, links: linksFrom(url), envelope: "2.0" }));
    expect(JSON.parse(sent["oslo.message"])).toMatchObject({
      event_type: "maintenance.scheduled",
      priority: "INFO",
      payload: {
        service: "fenix",
        state: "MAINTENANCE",
        project_id: doctor.project.id,
        session_id: vnf.scenario.id,
        allowed_actions: [],
        instance_ids: expect.stringContaining("/v1/maintenance/"),
        reply_url: expect.stringContaining(doctor.project.id),
      },
    });
    expect(routingKeyOf("notifications")).toBe("notifications.info");
  });
});
