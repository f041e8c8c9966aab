/**
 * A whole session of the workflow `vnf` on a real OpenStack whose every host is full: a pair that is declared highly
 * available in one project, and what fills the cloud in another. Judged by Nova's records of migrations. Once the managers
 * hear of it from Fenix itself, once only by event alarms: RabbitMQ → Ceilometer → AODH. Needs OS_*, and for alarms the
 * bus of FENIX_BUS_URL.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Service } from "../../demo/service.ts";
import { fenix } from "../cli/fenix.ts";
import { testDatabase } from "../support/database.ts";
import { delays, unheard, unlikeAnAlarm } from "./alarm-posts.ts";
import { mostImpacted, sharedHosts } from "./group-history.ts";
import { logIn, loginFrom } from "./nova-client.ts";
import { novaObserver, type Observer, type SeenServer, wrongAtEnd } from "./nova-observer.ts";
import { realWorld, type RealWorld } from "./real-world.ts";
import { openLeftClosed, openTenant, type Tenant } from "./tenants.ts";

const env = process.env;
const { OS_AUTH_URL, OS_TEST_PROJECTS = "tenant-a,tenant-b" } = env;
const [pairProject = "", fillerProject = ""] = OS_TEST_PROJECTS.split(",");
if (!OS_AUTH_URL) console.log("skipped: declared groups on a real OpenStack, since OS_AUTH_URL is not set");

const WITHIN_MS = 20 * 60_000;
/** So many `large` servers (4 vCPUs) fill a host of the lab (16). */
const EACH = 4;
const pair = { name: "pair", max_impacted_members: 1, recovery_time: 10 };
const filler = { name: "filler", max_impacted_members: 3, recovery_time: 2 };
const fillerGroup = "5b2b7f2c-7a0f-4f0e-9d0a-1f5f9a3f6c11";

/** Hard to carry as Python text of at most 255 characters. */
const metadata = {
  ...{ openstack_version: "Zed", urgent: true, hosts: 6, nothing: null },
  ...{ words: `"it's" – grün\n[{`, more: { list: [1, null, "two"] }, most: "x".repeat(90) },
};

const databases = OS_AUTH_URL ? [await testDatabase(), await testDatabase()] : [];
let observer: Observer;
let alice: Tenant;
let bob: Tenant;
let world: RealWorld;
let worker: Service;

describe.skipIf(!OS_AUTH_URL)("a full cloud", () => {
  beforeAll(async () => {
    observer = novaObserver(await logIn(loginFrom(env)));
    alice = await openTenant(env, pairProject, observer);
    bob = await openTenant(env, fillerProject, observer);
  });
  afterEach(async () => {
    await worker?.stop();
    await world?.close();
  });
  afterAll(async () => {
    await alice?.clean();
    await bob?.clean();
  });

  test.each([
    { channel: "webhook", hears: "webhook" },
    { channel: "bus", hears: "alarm" },
  ] as const)(
    "told by $hears: groups are never impacted beyond what was declared, by Nova's own times",
    { timeout: WITHIN_MS },
    async ({ channel, hears }) => {
      await openLeftClosed(alice.client, observer);
      await alice.clean();
      await bob.clean();
      const managers = [
        { project: pairProject, user: "alice", password: "secret", action: "LIVE_MIGRATE", step: 0 },
        { project: fillerProject, user: "bob", password: "secret", action: "MIGRATE", step: 8 },
      ] as const;
      world = await realWorld({ env, databaseUrl: databases.shift()!.url, observer, managers, hears });
      worker = await world.startWorker();
      const group = await alice.antiAffinityGroup(pair.name);
      const computes = (await observer.services()).filter(({ binary }) => binary === "nova-compute");
      const hosts = computes.map(({ host }) => host).sort();
      const two = await alice.bootAll(
        hosts.slice(0, 2).map((host, place) => ({ name: `pair-${place + 1}`, host, group, flavor: "large" })),
      );
      const fillers = await bob.bootAll(
        Array.from({ length: hosts.length * EACH - two.length }, (_, place) => ({
          name: `filler-${place + 1}`,
          host: hosts[(place + two.length) % hosts.length]!,
          flavor: "large",
        })),
      );
      await declare(pairProject, group, { ...pair, anti_affinity_group: true, max_instances_per_host: 1 }, two);
      const filling = { ...filler, anti_affinity_group: false, max_instances_per_host: 0 };
      await declare(fillerProject, fillerGroup, filling, fillers);
      const before = await observer.snapshot("before");

      const id = await world.createSession({ hosts_at_once: 3 }, { workflow: "vnf", metadata });
      expect(await world.ended(id, WITHIN_MS), await world.timeline(id)).toBe("MAINTENANCE_DONE");

      const timeline = await world.timeline(id);
      const gaveUp = new Set(world.events.flatMap((event) => (event.kind === "scaled_in" ? event.servers : [])));
      expect(gaveUp.size, timeline).toBeGreaterThan(0);
      const gone = new Set(fillers.filter(({ name }) => gaveUp.has(name)).map((server) => server.id));
      await expect
        .poll(async () => (await observer.servers()).length, { timeout: 120_000 })
        .toBe(before.servers.length);
      expect(wrongAtEnd(before, await observer.snapshot("after"), gone), timeline).toEqual([]);
      for (const { host, seen } of world.works)
        expect(
          seen.flatMap(({ servers, consumers }) => [...servers, ...consumers]),
          host,
        ).toEqual([]);

      const ofPair = await migrationsOf(two);
      const ofFillers = await migrationsOf(fillers);
      expect(new Set(ofPair.map(({ instance }) => instance)), timeline).toEqual(new Set(two.map((one) => one.id)));
      const most = {
        pair: mostImpacted(ofPair, pair.recovery_time),
        filler: mostImpacted(ofFillers, filler.recovery_time),
      };
      console.log(`most members impacted at once, by Nova: ${JSON.stringify(most)}`);
      expect(most.pair, timeline).toBe(1);
      expect(most.filler, timeline).toBeLessThanOrEqual(filler.max_impacted_members);
      expect(sharedHosts(ofPair, new Map(two.map((one) => [one.id, one.host!]))), timeline).toEqual([]);

      const told = await world.told(id);
      // The last news may still be on their way.
      await expect.poll(() => unheard(told, world.posted), { timeout: 30_000 }).toEqual([]);
      expect(new Set(told.flatMap(({ deliveries }) => deliveries.map((one) => one.channel)))).toEqual(
        new Set([channel]),
      );
      const posts = world.posted.map(({ text }) => text);
      expect(posts.flatMap(unlikeAnAlarm)).toEqual([]);
      console.log(`from Fenix's decision to the manager's door, by ${hears}: ${delays(told, world.posted)}`);

      const verdict = await fenix(["verify", id], { env: { ...env, FENIX_URL: world.url } });
      console.log(verdict.out);
      expect(verdict.code, verdict.err).toBe(0);
    },
  );
});

/** What a manager says of its group and of each member, as Tacker and Doctor do. */
async function declare(
  project: string,
  group: string,
  { name, ...constraints }: { readonly name: string } & Readonly<Record<string, unknown>>,
  members: readonly SeenServer[],
): Promise<void> {
  await world.declare(project, `instance_group/${group}`, {
    ...{ group_id: group, group_name: name, resource_mitigation: true },
    ...constraints,
  });
  for (const { id, name: instance } of members)
    await world.declare(project, `instance/${id}`, {
      ...{ instance_id: id, group_id: group, instance_name: instance },
      ...{ max_interruption_time: 120, migration_type: "MIGRATE", resource_mitigation: true, lead_time: 10 },
    });
}

const migrationsOf = async (servers: readonly SeenServer[]) =>
  (await Promise.all(servers.map(({ id }) => observer.migrations(id)))).flat();
