/**
 * A host comes into a real OpenStack and leaves it again, by sessions of `add-hosts` and `retire-hosts`. Needs OS_* and
 * OS_LAB, the folder of the lab's scripts, since somebody has to switch the new host on and off.
 */
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Service } from "../../demo/service.ts";
import { fenix } from "../cli/fenix.ts";
import { testDatabase } from "../support/database.ts";
import { openLab } from "./lab.ts";
import { logIn, loginFrom } from "./nova-client.ts";
import { novaObserver, type Observer } from "./nova-observer.ts";
import { realWorld, type RealWorld } from "./real-world.ts";
import { openTenant, type Tenant } from "./tenants.ts";

const env = process.env;
const { OS_AUTH_URL, OS_LAB, OS_TEST_PROJECTS = "tenant-a,tenant-b" } = env;
const [project = ""] = OS_TEST_PROJECTS.split(",");
const canRun = OS_AUTH_URL !== undefined && OS_LAB !== undefined;
if (!canRun) console.log("skipped: a host that comes and goes, since OS_AUTH_URL or OS_LAB is not set");

const WITHIN_MS = 10 * 60_000;
const host = "scaling-spare";

const database = canRun ? await testDatabase() : null;
const lab = OS_LAB ? openLab(OS_LAB) : null;
let observer: Observer;
let alice: Tenant;
let world: RealWorld;
let worker: Service;

beforeAll(async () => {
  if (!database) return;
  observer = novaObserver(await logIn(loginFrom(env)));
  alice = await openTenant(env, project, observer);
  await alice.clean();
  const managers = [{ project, user: "alice", password: "secret", action: "LIVE_MIGRATE", step: 0 }] as const;
  world = await realWorld({ env, databaseUrl: database.url, observer, managers });
  worker = await world.startWorker();
});
afterAll(async () => {
  await worker?.stop();
  await world?.close();
  await alice?.clean();
  if (canRun) await lab?.stop(host);
});

const serviceOn = async () => (await observer.services()).find((row) => row.host === host);

test.skipIf(!canRun)("a host is added, used, and retired", { timeout: 2 * WITHIN_MS }, async () => {
  const before = await observer.snapshot("before");
  await lab!.start(host);
  await expect.poll(async () => (await serviceOn())?.state, { timeout: 60_000 }).toBe("up");

  const adding = await world.createSession({}, { workflow: "add-hosts", hosts: [host] });
  expect(await world.ended(adding, WITHIN_MS), await world.timeline(adding)).toBe("MAINTENANCE_DONE");
  expect(await serviceOn()).toMatchObject({ status: "enabled" });
  expect(await world.timeline(adding)).toMatch(new RegExp(`${host}.*added`));

  // Nova maps a new host to its cell every quarter of a minute, and boots nothing there before.
  const boot = async () => (await alice.boot({ name: "web", host }).catch(() => null))?.host;
  await expect.poll(boot, { timeout: 120_000, interval: 5_000 }).toBe(host);

  const off = { where: "local", command: [join(OS_LAB!, "host"), "stop", host] };
  const retiring = await world.createSession(
    { retired_host: "delete_service" },
    {
      workflow: "retire-hosts",
      hosts: [host],
      actions: [{ plugin: "command", type: "compute", metadata: off }],
    },
  );
  expect(await world.ended(retiring, WITHIN_MS), await world.timeline(retiring)).toBe("MAINTENANCE_DONE");
  const timeline = await world.timeline(retiring);
  expect(timeline).toMatch(new RegExp(`${host}.*removed`));
  expect(await serviceOn(), timeline).toBeUndefined();

  const after = await observer.snapshot("after");
  expect(after.services.map((row) => `${row.binary} ${row.host} ${row.status}`).sort()).toEqual(
    before.services.map((row) => `${row.binary} ${row.host} ${row.status}`).sort(),
  );
  const web = after.servers.find(({ name, status }) => name === "web" && status === "ACTIVE");
  expect(web?.host, timeline).not.toBe(host);
  expect(world.works.map((work) => work.host)).toEqual([host, host]);
  for (const { seen } of world.works)
    expect(seen.flatMap(({ servers, consumers }) => [...servers, ...consumers])).toEqual([]);
  for (const id of [adding, retiring]) {
    const verdict = await fenix(["verify", id], { env: { ...env, FENIX_URL: world.url } });
    console.log(verdict.out);
    expect(verdict.code, verdict.err).toBe(0);
  }
});
