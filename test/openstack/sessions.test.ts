/**
 * Whole sessions on a real OpenStack, judged from Nova's side: while a host was worked on nobody was there; every server is
 * as it was, exactly once; nobody's anti-affinity was broken; every service is as it was. Needs OS_*; and OS_LAB, the folder
 * of the lab's scripts, for those where something breaks.
 */
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Service } from "../../demo/service.ts";
import { fenix } from "../cli/fenix.ts";
import { testDatabase } from "../support/database.ts";
import { openLab } from "./lab.ts";
import { logIn, loginFrom } from "./nova-client.ts";
import { novaObserver, wrongAtEnd, type Observer, type Snapshot } from "./nova-observer.ts";
import { realWorld, type RealWorld } from "./real-world.ts";
import { openLeftClosed, openTenant, type Boot, type Tenant } from "./tenants.ts";

const env = process.env;
const { OS_AUTH_URL, OS_LAB, OS_TEST_PROJECTS = "tenant-a,tenant-b" } = env;
const [projectA = "", projectB = ""] = OS_TEST_PROJECTS.split(",");
if (!OS_AUTH_URL) console.log("skipped: whole sessions on a real OpenStack, since OS_AUTH_URL is not set");
const lab = OS_LAB ? openLab(OS_LAB) : null;
const noLab = lab === null;

/** A move takes seconds on an idle lab of two cores; six hosts are done in some minutes. */
const WITHIN_MS = 20 * 60_000;
const KILLS = 6;

/** One for each session, so that none holds the hosts of the next. */
const databases = OS_AUTH_URL ? await Promise.all(Array.from({ length: 6 }, () => testDatabase())) : [];

describe.skipIf(!OS_AUTH_URL)("a whole session on a real OpenStack", () => {
  let observer: Observer;
  let alice: Tenant;
  let bob: Tenant;
  let hosts: string[];
  let world: RealWorld;
  const workers: Service[] = [];

  beforeAll(async () => {
    observer = novaObserver(await logIn(loginFrom(env)));
    alice = await openTenant(env, projectA, observer);
    bob = await openTenant(env, projectB, observer);
    const computes = (await observer.services()).filter(({ binary }) => binary === "nova-compute");
    hosts = computes.map(({ host }) => host).sort();
  });
  beforeEach(async () => {
    await healed();
    await openLeftClosed(alice.client, observer);
    await alice.clean();
    await bob.clean();
    const { url: databaseUrl } = databases.shift()!;
    const password = "secret";
    const managers = [
      { project: projectA, user: "alice", password, action: "LIVE_MIGRATE", step: 2 },
      { project: projectB, user: "bob", password, action: "MIGRATE", step: 2 },
    ] as const;
    world = await realWorld({ env, databaseUrl, observer, managers });
  });
  afterEach(async () => {
    await Promise.all(workers.splice(0).map((worker) => worker.stop()));
    await world?.close();
    await healed();
  });
  afterAll(async () => {
    await alice?.clean();
    await bob?.clean();
  });

  const healed = async () => {
    for (const host of hosts) await lab?.clear(host);
  };
  const startWorker = async () => {
    const worker = await world.startWorker();
    workers.push(worker);
    return worker;
  };

  /** Servers of both projects, two on each host in turn; the first of each project are kept apart from each other. */
  async function populate(each: number, apart: number, flavor = "small"): Promise<Snapshot> {
    for (const [tenant, name] of [
      [alice, projectA],
      [bob, projectB],
    ] as const) {
      const group = apart > 0 ? await tenant.antiAffinityGroup("apart") : undefined;
      const boots = Array.from({ length: each }, (_, place): Boot => {
        const host = hosts[place % hosts.length]!;
        return { name: `${name}-${place + 1}`, host, flavor, ...(group && place < apart ? { group } : {}) };
      });
      await tenant.bootAll(boots);
    }
    return observer.snapshot("before");
  }

  /** Deleted by their own projects, as their managers told. */
  function scaledIn(before: Snapshot): ReadonlySet<string> {
    const names = new Set(world.events.flatMap((event) => (event.kind === "scaled_in" ? event.servers : [])));
    return new Set(before.servers.filter(({ name }) => names.has(name)).map(({ id }) => id));
  }

  async function allIsWell(id: string, before: Snapshot): Promise<void> {
    const after = await observer.snapshot("after");
    const timeline = await world.timeline(id);
    expect(wrongAtEnd(before, after, scaledIn(before)), timeline).toEqual([]);
    expect(new Set(world.works.map(({ host }) => host)), timeline).toEqual(
      new Set([...hosts, ...controllersOf(before)]),
    );
    for (const { host, seen } of world.works) {
      expect(seen.length).toBeGreaterThanOrEqual(2);
      const there = seen.flatMap(({ servers, consumers }) => [...servers, ...consumers]);
      expect(there, `on ${host} while it was worked on\n${timeline}`).toEqual([]);
    }
  }

  async function report(title: string, began: number, before: Snapshot): Promise<void> {
    await Promise.all(workers.splice(0).map((worker) => worker.stop()));
    const moves: string[] = [];
    for (const { id } of await observer.servers()) {
      const made = await observer.migrations(id);
      moves.push(
        ...made.filter(({ status }) => status === "completed" || status === "confirmed").map(({ type }) => type),
      );
    }
    const requests = world.novaRequests();
    const sent = Object.values(requests).reduce((sum, count) => sum + count, 0);
    const seconds = ((Date.now() - began) / 1_000).toFixed(0);
    const perMove = (sent / Math.max(moves.length, 1)).toFixed(1);
    console.log(
      `${title}: ${seconds} s, ${hosts.length} computes, ${before.servers.length} servers, ${moves.length} moves, ` +
        `${sent} Nova requests by workers, ${perMove} per move\n${JSON.stringify(requests, null, 1)}`,
    );
  }

  test("a cloud in use, without an empty host", { timeout: WITHIN_MS }, async () => {
    const before = await populate(12, 4);
    await startWorker();
    const began = Date.now();
    const id = await world.createSession();
    expect(await world.ended(id, WITHIN_MS), await world.timeline(id)).toBe("MAINTENANCE_DONE");
    await allIsWell(id, before);
    await report("in use", began, before);
  });

  test("several hosts at once, by a plan, and certified by its journal", { timeout: WITHIN_MS }, async () => {
    const before = await populate(9, 3);
    const command = { env: { ...env, FENIX_URL: world.url } };
    const all = [...hosts, ...controllersOf(before)].join(",");
    const preview = await fenix(["plan", "--hosts", all, "--hosts-at-once", "3", "--action-seconds", "2"], command);
    expect(preview.code, preview.err).toBe(0);
    console.log(preview.out);
    expect(preview.out).toContain("Checked: the plan keeps every rule.");
    const [plan_digest = ""] = /sha256:[0-9a-f]{64}/.exec(preview.out) ?? [];
    await startWorker();
    const began = Date.now();
    const id = await world.createSession({}, { plan_digest });
    expect(await world.ended(id, WITHIN_MS), await world.timeline(id)).toBe("MAINTENANCE_DONE");
    await allIsWell(id, before);
    expect(overlapping(world.works), await world.timeline(id)).toBeGreaterThan(0);
    const verdict = await fenix(["verify", id], command);
    console.log(verdict.out);
    expect(verdict.code, `${verdict.out}\n${await world.timeline(id)}`).toBe(0);
    const { judged } = JSON.parse((await fenix(["verify", id, "--json"], command)).out) as {
      readonly judged: readonly { readonly invariant: string; readonly gap: string | null }[];
    };
    const whole = judged.filter(({ gap }) => gap === null).map(({ invariant }) => invariant);
    expect(whole).toEqual(expect.arrayContaining(["I1", "I2", "I7", "I8", "I9", "I10", "I14"]));
    await report("several hosts at once, by a plan", began, before);
  });

  /** Pairs of hosts that were worked on at the same time. */
  const overlapping = (works: RealWorld["works"]): number =>
    works.flatMap((one, place) =>
      works.slice(place + 1).filter((other) => one.from < other.until && other.from < one.until),
    ).length;

  test("a full cloud: the projects scale in, and get their size back", { timeout: WITHIN_MS }, async () => {
    const before = await populate(12, 0, "large");
    await startWorker();
    const began = Date.now();
    const id = await world.createSession();
    expect(await world.ended(id, WITHIN_MS), await world.timeline(id)).toBe("MAINTENANCE_DONE");
    const names = (snapshot: Snapshot) => snapshot.servers.map(({ name }) => name).sort();
    // MAINTENANCE_DONE is told to the managers as well; the last ones may still be growing back.
    await expect.poll(async () => names(await observer.snapshot()), { timeout: 120_000 }).toEqual(names(before));
    for (const { id: server } of await observer.servers()) {
      await observer.until(server, (seen) => seen?.status === "ACTIVE" && seen.task === null);
    }
    expect(world.events.some(({ kind }) => kind === "scaled_in")).toBe(true);
    await allIsWell(id, before);
    await report("full", began, before);
  });

  test.skipIf(noLab)("a cold and a live move fail, and are made again", { timeout: WITHIN_MS }, async () => {
    const before = await populate(6, 2);
    await lab!.set(hosts[0]!, { fail: { live_migration: { times: 1 }, migrate_disk_and_power_off: { times: 1 } } });
    await lab!.set(hosts[1]!, { fail: { migrate_disk_and_power_off: { times: 1, soft: true } } });
    await startWorker();
    const began = Date.now();
    const id = await world.createSession();
    expect(await world.ended(id, WITHIN_MS), await world.timeline(id)).toBe("MAINTENANCE_DONE");
    await allIsWell(id, before);
    await report("failed moves", began, before);
  });

  test.skipIf(noLab)(
    "a compute loses power in the middle of a move, and comes back",
    { timeout: WITHIN_MS },
    async () => {
      const before = await populate(6, 2);
      for (const host of hosts) await lab!.set(host, { live_migrate_seconds: 15 });
      await startWorker();
      const began = Date.now();
      const id = await world.createSession({ move_retries: 5, move_seconds: 300 });
      const victim = await crashInMidMove();
      await pause(5_000);
      await lab!.start(victim);
      await healed();
      expect(await world.ended(id, WITHIN_MS), await world.timeline(id)).toBe("MAINTENANCE_DONE");
      await allIsWell(id, before);
      await report(`${victim} crashed`, began, before);
    },
  );

  /** The source of the first live migration that copies. */
  async function crashInMidMove(): Promise<string> {
    const end = Date.now() + 300_000;
    while (Date.now() < end) {
      const moving = (await observer.servers()).find(({ status }) => status === "MIGRATING");
      const [newest] = moving === undefined ? [] : await observer.migrations(moving.id);
      if (newest?.status === "running" && newest.source !== null) {
        await lab!.crash(newest.source);
        return newest.source;
      }
      await pause(200);
    }
    throw new Error("no live migration began");
  }

  test("the worker is killed again and again, and another goes on", { timeout: WITHIN_MS }, async () => {
    const before = await populate(6, 2);
    const began = Date.now();
    const id = await world.createSession();
    const over = new AbortController();
    const killing = killAgainAndAgain(over.signal);
    try {
      expect(await world.ended(id, WITHIN_MS), await world.timeline(id)).toBe("MAINTENANCE_DONE");
    } finally {
      over.abort();
    }
    const killed = await killing;
    expect(killed).toBeGreaterThanOrEqual(3);
    await allIsWell(id, before);
    await report(`worker killed ${killed} times`, began, before);
  });

  /** One worker after the other, each left alive a little longer; the last one stays. Tells how many were killed. */
  async function killAgainAndAgain(over: AbortSignal): Promise<number> {
    for (let killed = 0; killed < KILLS; killed += 1) {
      const worker = await startWorker();
      await pause(5_000 + killed * 3_000, undefined, { signal: over }).catch(() => undefined);
      if (over.aborted) return killed;
      process.kill(worker.pid, "SIGKILL");
    }
    await startWorker();
    return KILLS;
  }
});

const controllersOf = ({ services }: Snapshot): readonly string[] =>
  services.filter(({ binary }) => binary === "nova-conductor").map(({ host }) => host);
