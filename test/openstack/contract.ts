/**
 * What Fenix's `Cloud` must do on any OpenStack, run against the simulated cloud and against a real one. Where the two
 * differ, the real one is right. Expectations are checked with a client of our own, not with the adapter.
 */
import { Agent, type Dispatcher } from "undici";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openStackCloud, type OpenStackCloud, type OpenStackOptions } from "../../src/adapters/openstack/cloud.ts";
import type { OpenStackVariables } from "../../src/adapters/openstack/credentials.ts";
import type { CloudFacts } from "../../src/domain/cloud.ts";
import { HostName, InstanceId } from "../../src/domain/ids.ts";
import type { MoveKind } from "../../src/domain/session.ts";
import type { MoveEnd } from "../../src/ports/cloud.ts";
import type { FailurePoint } from "./lab.ts";
import { logIn, loginFrom } from "./nova-client.ts";
import { novaObserver, type Observer, type SeenServer } from "./nova-observer.ts";
import { openTenant, type Tenant } from "./tenants.ts";

/** A cloud that runs: at least four compute hosts with room, a flavor `small`, and these two projects. */
export interface RunningCloud {
  readonly variables: OpenStackVariables;
  readonly projects: readonly [string, string];
  /** Knobs of the hypervisor; null where it has none, and what needs them is left out. */
  readonly faults: Faults | null;
  /** Hosts that come and go; null where the test cannot make one. */
  readonly spares: Spares | null;
  stop(): Promise<void>;
}

export interface Spares {
  /** Resolves when it is asked for; the cloud may take some seconds to know the host. */
  begin(host: string): Promise<void>;
  /** Switches it off, so that it does not come back by itself. */
  halt(host: string): Promise<void>;
}

export interface Faults {
  /** The next move of the server fails there, once. `host` is the end of the move that the point belongs to. */
  failNextMove(point: FailurePoint, server: string, host: string, soft?: boolean): Promise<void>;
  /** Live migrations off the host take so long. */
  slowLiveMigrations(host: string, seconds: number): Promise<void>;
  heal(hosts: readonly string[]): Promise<void>;
}

export function cloudContract(name: string, start: () => Promise<RunningCloud>): void {
  describe(`the cloud contract on ${name}`, () => {
    let running: RunningCloud;
    let cloud: OpenStackCloud;
    let observer: Observer;
    let shop: Tenant;
    let bank: Tenant;
    let hosts: HostName[];
    let controllers: string[];
    const opened: OpenStackCloud[] = [];
    const { signal } = new AbortController();

    const open = (changed: Partial<OpenStackVariables> = {}, options: OpenStackOptions = {}): OpenStackCloud => {
      const another = openStackCloud({ ...running.variables, ...changed }, options);
      opened.push(another);
      return another;
    };
    const host = (place: number): HostName => hosts[place]!;
    const idOf = ({ id }: SeenServer) => InstanceId.parse(id);

    /** Boots a server on the first host, or where told. */
    const boot = (title: string, at = host(0), group?: string): Promise<SeenServer> =>
      shop.boot({ name: title, host: at, ...(group ? { group } : {}) });

    const move = async (server: SeenServer, how: MoveKind, to: HostName | null, by = cloud): Promise<MoveEnd> => {
      const place = await by.instance(idOf(server), { signal });
      expect(await by.startMove(idOf(server), how, to, { signal })).toEqual({ kind: "started" });
      return by.moveEnded(idOf(server), place!.host!, { signal });
    };

    beforeAll(async () => {
      running = await start();
      const env = running.variables;
      observer = novaObserver(await logIn(loginFrom(env)));
      const [first, second] = running.projects;
      shop = await openTenant(env, first, observer);
      bank = await openTenant(env, second, observer);
      await shop.clean();
      await bank.clean();
      const services = await observer.services();
      const computes = services.filter(({ binary, state }) => binary === "nova-compute" && state === "up");
      hosts = computes.map((service) => HostName.parse(service.host)).sort();
      controllers = services.filter(({ binary }) => binary === "nova-conductor").map((service) => service.host);
      expect(hosts.length).toBeGreaterThanOrEqual(4);
      expect(computes.filter(({ status }) => status !== "enabled")).toEqual([]);
      cloud = open();
    });

    afterAll(async () => {
      await running?.faults?.heal(hosts ?? []);
      for (const each of opened) await each.disconnect();
      await shop?.clean();
      await bank?.clean();
      await running?.stop();
    });

    describe("entering", () => {
      test("a wrong password is refused, and the message does not tell it", async () => {
        const stranger = open({ OS_PASSWORD: "not the password" });
        const entering = stranger.knownHosts({ signal });
        await expect(entering).rejects.toMatchObject({ code: "CLOUD_REFUSED" });
        await expect(entering).rejects.not.toThrow("not the password");
      });

      test("an account without the role admin is refused by name of what it may not do", async () => {
        const [project] = running.projects;
        const tenant = open({ OS_USERNAME: "alice", OS_PASSWORD: "secret", OS_PROJECT_NAME: project });
        await expect(tenant.facts({ signal })).rejects.toMatchObject({ code: "CLOUD_REFUSED" });
      });

      test("a region that the cloud does not have is refused", async () => {
        const elsewhere = open({ OS_REGION_NAME: "Atlantis" });
        await expect(elsewhere.knownHosts({ signal })).rejects.toThrow(/no public endpoint of type compute in region/);
      });

      test("nobody at the address is a cloud that does not answer", async () => {
        const nowhere = open({ OS_AUTH_URL: "http://127.0.0.1:9/v3" }, { limits: { repeats: 1, pauseMs: 1 } });
        await expect(nowhere.knownHosts({ signal })).rejects.toMatchObject({ code: "CLOUD_UNAVAILABLE" });
      });

      test("a token that Nova no longer takes is renewed once, unseen by the caller", async () => {
        const agent = new Agent();
        const spoiled = open({}, { dispatcher: spoilingOneToken(agent) });
        const known = await spoiled.knownHosts({ signal });
        expect(known).toEqual(await cloud.knownHosts({ signal }));
        expect(spoiled.requestCounts()).toMatchObject({ "keystone POST /auth/tokens": 2, "nova GET /os-services": 2 });
        await agent.close();
      });
    });

    describe("looking", () => {
      test("hosts are known by name and role, each once", async () => {
        const known = await cloud.knownHosts({ signal });
        expect(known.filter(({ roles }) => roles.includes("compute")).map((one) => one.name)).toEqual(hosts);
        expect(known.filter(({ roles }) => roles.includes("controller")).map((one) => one.name)).toEqual(
          [...new Set(controllers)].sort(),
        );
        expect(new Set(known.map((one) => one.name)).size).toBe(known.length);
        expect(known.find((one) => one.name === host(0))?.door).toEqual({ kind: "open" });
      });

      test("one look shows hosts, instances, groups and what everything takes", async () => {
        const group = await shop.antiAffinityGroup("looked-at");
        const one = await boot("looked-at-1", host(0), group);
        const two = await boot("looked-at-2", host(1), group);
        const facts = await cloud.facts({ signal });

        expect(facts.computes.map((compute) => compute.name)).toEqual(hosts);
        const seen = await observer.snapshot();
        expect(facts.instances.map(({ id }) => id).sort()).toEqual(seen.servers.map(({ id }) => id).sort());
        const instance = facts.instances.find(({ id }) => id === one.id)!;
        expect(instance).toMatchObject({
          ...{ name: "looked-at-1", host: host(0), status: "ACTIVE", taskState: null, zone: "nova" },
          ...{ project: shop.projectId, demand: { VCPU: 1, MEMORY_MB: 2048, DISK_GB: 10 } },
        });
        const compute = facts.computes.find((each) => each.name === host(0))!;
        expect(compute).toMatchObject({ up: true, door: { kind: "open" }, zone: "nova" });
        const there = facts.instances.filter((each) => each.host === host(0)).length;
        expect(compute.used).toMatchObject({ VCPU: there, MEMORY_MB: there * 2048 });
        expect(compute.capacity["VCPU"]).toBeGreaterThan(compute.used["VCPU"]!);
        const found = facts.groups.find(({ id }) => id === group)!;
        expect(found).toMatchObject({ name: "looked-at", policy: "anti-affinity", maxPerHost: 1 });
        expect([...found.members].sort()).toEqual([one.id, two.id].sort());
        expect(facts.controllers).toEqual([...new Set(controllers)].sort());
      });

      test("long lists come whole, page by page", async () => {
        const paged = open({}, { pageSize: 1 });
        const [few, all] = [await paged.facts({ signal }), await cloud.facts({ signal })];
        expect(few).toEqual(all);
        expect(paged.requestCounts()["nova GET /servers/detail"]).toBeGreaterThanOrEqual(all.instances.length);
      });

      test("a second look reads no inventory that has not changed", async () => {
        await cloud.facts({ signal });
        const before = cloud.requestCounts();
        await cloud.facts({ signal });
        const after = cloud.requestCounts();
        const inventories = "placement GET /resource_providers/{}/inventories";
        expect(after[inventories]).toBe(before[inventories]);
      });

      test("an instance that does not exist is nowhere", async () => {
        const nobody = InstanceId.parse("0e0e0e0e-0000-4000-8000-000000000000");
        expect(await cloud.instance(nobody, { signal })).toBeNull();
        expect(await cloud.startMove(nobody, "MIGRATE", null, { signal })).toMatchObject({ kind: "refused" });
        expect(await cloud.moveEnded(nobody, host(0), { signal })).toEqual({ kind: "gone" });
      });
    });

    describe("doors", () => {
      test("a host is closed with a reason, closed again with another, and opened", async () => {
        expect(await cloud.door(host(3), { signal })).toEqual({ kind: "open" });
        await cloud.close(host(3), "one reason", { signal });
        expect(await cloud.door(host(3), { signal })).toEqual({ kind: "closed", reason: "one reason" });
        await cloud.close(host(3), "another", { signal });
        const service = (await observer.services()).find((row) => row.host === host(3))!;
        expect(service).toMatchObject({ status: "disabled", reason: "another", state: "up" });
        await open().open(host(3), { signal }); // As after a restart, when nothing is remembered.
        await cloud.open(host(3), { signal });
        expect(await cloud.door(host(3), { signal })).toEqual({ kind: "open" });
      });

      test("a host without a compute service has no door", async () => {
        expect(await cloud.door(HostName.parse("nosuch"), { signal })).toBeNull();
        const closing = cloud.close(HostName.parse("nosuch"), "a reason", { signal });
        await expect(closing).rejects.toMatchObject({ code: "CLOUD_REFUSED" });
      });
    });

    describe("leaving", () => {
      const spare = HostName.parse("contract-spare");

      test("a host with a server on it is refused, and stays", async () => {
        const server = await boot("stays");
        expect(await cloud.remove(host(0), { signal })).toMatchObject({
          kind: "refused",
          reason: expect.stringContaining("hosting instances"),
        });
        expect(await cloud.door(host(0), { signal })).toEqual({ kind: "open" });
        await shop.remove(server.id);
        await observer.until(server.id, (seen) => seen === null);
      });

      test("an empty host leaves the cloud, once and for all", async ({ skip }) => {
        const { spares } = running;
        if (!spares) return skip();
        await spares.begin(spare);
        await expect.poll(() => cloud.facts({ signal }).then(namesIn), { timeout: 60_000 }).toContain(spare);
        await cloud.close(spare, "it leaves", { signal });
        await spares.halt(spare);
        expect(await cloud.remove(spare, { signal })).toEqual({ kind: "removed" });
        expect(await cloud.door(spare, { signal })).toBeNull();
        expect(await cloud.facts({ signal }).then(namesIn)).toEqual(hosts);
        expect(await cloud.remove(spare, { signal })).toEqual({ kind: "removed" });
      });

      const namesIn = ({ computes }: CloudFacts) => computes.map(({ name }) => name).toSorted();
    });

    describe("moving", () => {
      test.each(["MIGRATE", "LIVE_MIGRATE"] as const)("%s takes an instance to the host it is told", async (how) => {
        const server = await boot(`moved-${how}`);
        expect(await move(server, how, host(2))).toEqual({ kind: "moved", host: host(2), status: "ACTIVE" });
        expect(await observer.server(server.id)).toMatchObject({ host: host(2), status: "ACTIVE", task: null });
        const { instances } = await cloud.occupants(host(0), { signal });
        expect(instances).not.toContain(server.id);
      });

      test.each(["MIGRATE", "LIVE_MIGRATE"] as const)("%s without a host goes where the cloud likes", async (how) => {
        const server = await boot(`placed-${how}`);
        const end = await move(server, how, null);
        expect(end).toMatchObject({ kind: "moved", status: "ACTIVE" });
        expect((await observer.server(server.id))?.host).not.toBe(host(0));
      });

      test("a stopped instance moves cold and stays stopped; live is refused with a reason", async () => {
        const server = await boot("stopped");
        await shop.act(server.id, { "os-stop": null });
        await observer.until(server.id, (seen) => seen?.status === "SHUTOFF" && seen.task === null);
        const refused = await cloud.startMove(idOf(server), "LIVE_MIGRATE", host(1), { signal });
        expect(refused).toEqual({ kind: "refused", reason: expect.stringMatching(/vm_state stopped/) as string });
        expect(await move(server, "MIGRATE", host(1))).toEqual({ kind: "moved", host: host(1), status: "SHUTOFF" });
      });

      test("a paused instance moves live and stays paused; cold is refused with a reason", async () => {
        const server = await boot("paused");
        await shop.act(server.id, { pause: null });
        await observer.until(server.id, (seen) => seen?.status === "PAUSED" && seen.task === null);
        const refused = await cloud.startMove(idOf(server), "MIGRATE", host(1), { signal });
        expect(refused).toEqual({ kind: "refused", reason: expect.stringMatching(/vm_state paused/) as string });
        expect(await move(server, "LIVE_MIGRATE", host(1))).toMatchObject({ kind: "moved", host: host(1) });
      });

      test("an unknown host, and the instance's own host, are refused", async () => {
        const server = await boot("refused");
        const nowhere = await cloud.startMove(idOf(server), "MIGRATE", HostName.parse("nosuch"), { signal });
        expect(nowhere).toEqual({ kind: "refused", reason: expect.stringMatching(/nosuch/) as string });
        expect(await cloud.startMove(idOf(server), "MIGRATE", host(0), { signal })).toMatchObject({ kind: "refused" });
      });

      test.each(["MIGRATE", "LIVE_MIGRATE"] as const)("%s to a closed host: taken, and then it stays", async (how) => {
        const server = await boot(`closed-${how}`);
        await cloud.close(host(3), "closed for a test", { signal });
        try {
          const end = await move(server, how, host(3));
          expect(end).toEqual({ kind: "stayed", reason: expect.stringMatching(/No valid host/) as string });
        } finally {
          await cloud.open(host(3), { signal });
        }
        expect(await observer.server(server.id)).toMatchObject({ host: host(0), status: "ACTIVE", task: null });
      });

      test("an anti-affinity keeps members apart: taken, and then it stays", async () => {
        const group = await bank.antiAffinityGroup("apart");
        const one = await bank.boot({ name: "apart-1", host: host(0), group });
        await bank.boot({ name: "apart-2", host: host(1), group });
        const end = await move(one, "MIGRATE", host(1));
        expect(end).toEqual({ kind: "stayed", reason: expect.stringMatching(/No valid host/) as string });
      });

      test("a cold move asked for by an earlier life is joined, confirmed, and seen by all sources meanwhile", async () => {
        const server = await boot("verify", host(1));
        const consumersBefore = await cloud.occupants(host(1), { signal });
        expect(consumersBefore.instances).toContain(server.id);
        await shop.act(server.id, { migrate: null });
        const unconfirmed = await observer.until(server.id, (seen) => seen?.status === "VERIFY_RESIZE");
        const to = HostName.parse(unconfirmed?.host);
        expect(await cloud.instance(idOf(server), { signal })).toMatchObject({ host: to, moving: true });

        const left = await cloud.occupants(host(1), { signal });
        expect(left.instances).not.toContain(server.id);
        expect(left.allocations.length).toBeGreaterThan(consumersBefore.allocations.length); // The migration holds the place it may go back to.
        expect((await cloud.occupants(to, { signal })).instances).toContain(server.id);

        expect(await cloud.healAllocations(host(1), { signal })).toEqual([]);
        expect(await cloud.occupants(host(1), { signal })).toEqual(left);

        const end = await cloud.moveEnded(idOf(server), host(1), { signal });
        expect(end).toEqual({ kind: "moved", host: to, status: "ACTIVE" });
        // Nova calls it ACTIVE a moment before it frees the place in Placement.
        const after = () => cloud.occupants(host(1), { signal });
        await expect
          .poll(async () => (await after()).allocations, { timeout: 15_000 })
          .toEqual(consumersBefore.allocations);
        expect((await after()).instances).not.toContain(server.id);
      });

      test("an instance that was moved before is told as moved at once", async () => {
        const server = await boot("elsewhere", host(2));
        const end = await cloud.moveEnded(idOf(server), host(0), { signal });
        expect(end).toEqual({ kind: "moved", host: host(2), status: "ACTIVE" });
      });

      test("an instance deleted by its project in mid-move is gone", async () => {
        const server = await boot("deleted");
        await running.faults?.slowLiveMigrations(host(0), 6);
        expect(await cloud.startMove(idOf(server), "LIVE_MIGRATE", host(1), { signal })).toEqual({ kind: "started" });
        const ended = cloud.moveEnded(idOf(server), host(0), { signal });
        await shop.remove(server.id);
        expect(await ended).toEqual({ kind: "gone" });
        await running.faults?.heal(hosts);
      });

      test.each(["abort", "force_complete"] as const)("a live move that copies is ended: %s", async (how) => {
        const server = await boot(`long-${how}`);
        expect(await cloud.liveMove(idOf(server), { signal })).toBeNull();
        await running.faults?.slowLiveMigrations(host(0), 60);
        expect(await cloud.startMove(idOf(server), "LIVE_MIGRATE", host(1), { signal })).toEqual({ kind: "started" });
        const ended = cloud.moveEnded(idOf(server), host(0), { signal });
        const copying = () => cloud.liveMove(idOf(server), { signal });
        await expect.poll(copying, { timeout: 30_000 }).toMatchObject({ copying: true });
        const live = (await copying())!;
        expect(await cloud.endLiveMove(idOf(server), live, how, { signal })).toBe(true);
        expect(await ended).toMatchObject(how === "abort" ? { kind: "stayed" } : { kind: "moved", host: host(1) });
        expect(await cloud.endLiveMove(idOf(server), live, how, { signal })).toBe(false);
        await running.faults?.heal(hosts);
      });

      test("who waits can stop waiting; the move goes on", async () => {
        const server = await boot("patience");
        await running.faults?.slowLiveMigrations(host(0), 6);
        await cloud.startMove(idOf(server), "LIVE_MIGRATE", host(1), { signal });
        const impatient = AbortSignal.timeout(300);
        const waiting = cloud.moveEnded(idOf(server), host(0), { signal: impatient });
        await expect(waiting).rejects.toThrow(/timeout/i);
        expect(await cloud.moveEnded(idOf(server), host(0), { signal })).toMatchObject({ kind: "moved" });
        await running.faults?.heal(hosts);
      });

      test("moves at the same time share their looks at the cloud", async () => {
        const servers = await shop.bootAll([1, 2, 3, 4, 5, 6].map((n) => ({ name: `many-${n}`, host: host(0) })));
        const fresh = open();
        await fresh.knownHosts({ signal });
        const before = novaRequests(fresh);
        const began = Date.now();
        const ends = await Promise.all(servers.map((server) => move(server, "MIGRATE", host(3), fresh)));
        expect(ends.map(({ kind }) => kind)).toEqual(servers.map(() => "moved"));
        const perMove = (novaRequests(fresh) - before) / servers.length;
        const seconds = (Date.now() - began) / 1_000;
        console.log(
          `${name}: ${servers.length} cold moves in ${seconds.toFixed(1)} s, ${perMove.toFixed(1)} requests each`,
        );
        // Look, ask and confirm; the rest is shared, and grows with the time moves take, not with their number.
        const own = fresh.requestCounts();
        expect(own["nova GET /servers/{}"]).toBeLessThanOrEqual(servers.length + 2);
        expect(own["nova POST /servers/{}/action"]).toBeLessThanOrEqual(servers.length * 2 + 2);
      });
    });

    describe("stale allocations", () => {
      test("a server that is booked on another host than its own is booked where it is", async () => {
        const server = await boot("astray");
        await observer.bookElsewhere(server.id, host(2));
        const { allocations } = await cloud.occupants(host(2), { signal });
        expect(allocations).toEqual([server.id]);
        expect(await cloud.healAllocations(host(2), { signal })).toEqual([
          `the allocation of ${server.id} was taken off ${host(2)}: it is on ${host(0)}`,
        ]);
        expect((await cloud.occupants(host(2), { signal })).allocations).toEqual([]);
        expect((await observer.onHost(host(0))).consumers).toContain(server.id);
        expect(await cloud.healAllocations(host(2), { signal })).toEqual([]);
      });

      test("a server that is where it is booked keeps its allocation", async () => {
        const server = await boot("at-home", host(2));
        expect(await cloud.healAllocations(host(2), { signal })).toEqual([]);
        expect((await observer.onHost(host(2))).consumers).toContain(server.id);
      });
    });

    describe("failing", () => {
      const failing = async (point: FailurePoint, how: MoveKind, end: "source" | "destination", soft = false) => {
        const server = await boot(`fails-${point}`);
        await running.faults!.failNextMove(point, server.id, end === "source" ? host(0) : host(1), soft);
        const ended = await move(server, how, host(1));
        await running.faults!.heal(hosts);
        return { server, ended };
      };
      const stayed = { kind: "stayed", reason: expect.stringMatching(/\w{4}/) as string };

      test.for([
        { point: "check_can_live_migrate_destination", how: "LIVE_MIGRATE", end: "destination" },
        { point: "pre_live_migration", how: "LIVE_MIGRATE", end: "destination" },
        { point: "live_migration", how: "LIVE_MIGRATE", end: "source" },
      ] as const)(
        "a live move that fails at $point leaves the instance well on its host",
        async ({ point, how, end }, { skip }) => {
          skip(running.faults === null, NO_FAULTS);
          const { server, ended } = await failing(point, how, end);
          expect(ended).toEqual(stayed);
          expect(await observer.server(server.id)).toMatchObject({ host: host(0), status: "ACTIVE", task: null });
          expect(await move(server, how, host(1))).toMatchObject({ kind: "moved", host: host(1) });
        },
      );

      test("a cold move that is rolled back leaves the instance well on its host", async ({ skip }) => {
        skip(running.faults === null, NO_FAULTS);
        const { ended } = await failing("migrate_disk_and_power_off", "MIGRATE", "source", true);
        expect(ended).toEqual(stayed);
      });

      test.for([
        { point: "migrate_disk_and_power_off", end: "source", left: 0 },
        { point: "finish_migration", end: "destination", left: 1 },
        { point: "confirm_migration", end: "source", left: 1 },
      ] as const)(
        "a cold move that breaks at $point is told as broken, and revived",
        async ({ point, end, left }, { skip }) => {
          skip(running.faults === null, NO_FAULTS);
          const { server, ended } = await failing(point, "MIGRATE", end);
          expect(ended).toEqual({ kind: "broken", host: host(left), reason: expect.stringMatching(/\w{4}/) as string });
          expect(await cloud.revive(idOf(server), { signal })).toBe(true);
          expect(await observer.server(server.id)).toMatchObject({ host: host(left), status: "ACTIVE", task: null });
          const occupants = await cloud.occupants(host(0), { signal });
          console.log(`${name}: after a failure at ${point} and a revival, ${host(0)} has`, JSON.stringify(occupants));
        },
      );

      test("an instance that is well needs no reviving, and one that is gone cannot be", async () => {
        const server = await boot("well");
        expect(await cloud.revive(idOf(server), { signal })).toBe(true);
        await shop.remove(server.id);
        await observer.until(server.id, (seen) => seen === null);
        expect(await cloud.revive(idOf(server), { signal })).toBe(false);
      });
    });
  });
}

const NO_FAULTS = "this cloud has no knobs to make moves fail";

const novaRequests = (cloud: OpenStackCloud): number =>
  Object.entries(cloud.requestCounts())
    .filter(([what]) => what.startsWith("nova "))
    .reduce((sum, [, count]) => sum + count, 0);

/** Sends one wrong token to Nova's services list, as if it had expired on the way. */
function spoilingOneToken(agent: Agent): Dispatcher {
  let spoiled = false;
  return agent.compose((dispatch) => (options, handler) => {
    if (spoiled || !options.path.endsWith("/os-services")) return dispatch(options, handler);
    spoiled = true;
    const headers = { ...(options.headers as Record<string, string>), "x-auth-token": "expired" };
    return dispatch({ ...options, headers }, handler);
  });
}
