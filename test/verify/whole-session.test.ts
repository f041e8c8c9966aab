/**
 * A session by a plan, through real processes: several hosts at once while the cloud is as it was planned, and certified
 * from its journal; and not at all once the cloud has changed too much.
 */
import { afterEach, expect, test, vi } from "vitest";
import type { Service } from "../../demo/service.ts";
import { demoCloud } from "../../src/simulator/scenarios.ts";
import type { CloudOptions } from "../../src/simulator/build-world.ts";
import { fenix } from "../cli/fenix.ts";
import { type CrashWorld, crashWorld } from "../crash/world.ts";
import { testDatabase } from "../support/database.ts";

const WITHIN_MS = 240_000;
const AT_ONCE = 3;

const { url: databaseUrl } = await testDatabase();

let world: CrashWorld;
const workers: Service[] = [];
afterEach(async () => {
  await Promise.all(workers.splice(0).map((worker) => worker.stop()));
  await world?.close();
});

/** With room to empty some hosts at the same time. */
const roomyCloud = (): CloudOptions => {
  const cloud = demoCloud();
  return {
    ...cloud,
    hosts: cloud.hosts.map((host) => ({ name: nameOf(host), vcpus: 24, memoryMb: 49_152, diskGb: 1_000 })),
  };
};
const nameOf = (host: CloudOptions["hosts"][number]): string => (typeof host === "string" ? host : host.name);

const typed = (...argv: readonly string[]) => fenix(argv, { env: { FENIX_URL: world.url } });

/** A plan for every host of the cloud, as `fenix plan` makes it. */
async function planned(): Promise<string> {
  const { services } = world.simulator.cloud.world;
  const hosts = [...new Set(services.map(({ host }) => host))].join(",");
  const { out } = await typed(
    "plan",
    "--hosts",
    hosts,
    "--hosts-at-once",
    `${AT_ONCE}`,
    "--action-seconds",
    "1",
    "--json",
  );
  return (JSON.parse(out) as { digest: string }).digest;
}

async function detailOf(id: string) {
  const { out } = await typed("session", "show", id, "--json");
  return JSON.parse(out) as {
    readonly session: {
      readonly state: string;
      readonly plan_digest: string;
      readonly options: Record<string, unknown>;
    };
    readonly eta: { readonly p95: string; readonly action: { readonly basis: string } } | null;
    readonly failure: { readonly reason: string } | null;
  };
}

/** How many hosts were on their way from being drained to being maintained at the same moment. */
async function mostAway(id: string): Promise<number> {
  const { entries } = JSON.parse((await typed("session", "timeline", id, "--json")).out) as {
    readonly entries: readonly { readonly kind: string; readonly subject: string; readonly text: string }[];
  };
  const away = new Set<string>();
  return entries
    .filter(({ kind }) => kind === "host_marked")
    .reduce((most, { subject, text }) => {
      if (text === "draining") away.add(subject);
      if (text === "maintained") away.delete(subject);
      return Math.max(most, away.size);
    }, 0);
}

const worker = async () => void workers.push(await world.startWorker());

test(
  "as planned: several hosts are away at once, the end is foretold, and the session is certified",
  async () => {
    world = await crashWorld({ DATABASE_URL: databaseUrl }, roomyCloud());
    const plan_digest = await planned();
    const id = await world.createSession({ plan_digest });
    const { session, eta } = await detailOf(id);
    expect(session).toMatchObject({ plan_digest, options: { hosts_at_once: AT_ONCE } });
    expect(eta?.action.basis).toBe("plan");

    await worker();
    await worker();
    const bases = new Set<string | undefined>();
    await vi.waitFor(
      async () => {
        const { session, eta } = await detailOf(id);
        bases.add(eta?.action.basis);
        expect(session.state).toMatch(/^MAINTENANCE_(DONE|FAILED)$/);
      },
      { timeout: WITHIN_MS, interval: 500 },
    );
    expect(await world.state(id), await world.timeline(id)).toBe("MAINTENANCE_DONE");
    expect(bases).toContain("measured");
    expect((await detailOf(id)).eta).toBeNull();

    const { violations, maintained } = world.verdict();
    expect(violations).toEqual([]);
    expect(maintained).toHaveLength(10);
    const { code, out } = await typed("verify", id);
    expect({ code, out }).toEqual({ code: 0, out: expect.stringContaining(`session ${id}: certified, by`) });
    const { judged } = JSON.parse((await typed("verify", id, "--json")).out) as {
      readonly judged: readonly { readonly invariant: string; readonly gap: string | null }[];
    };
    expect(judged.flatMap(({ invariant, gap }) => (gap === null ? [] : [`${invariant}: ${gap}`]))).toEqual([]);
    expect(judged.map(({ invariant }) => invariant)).toEqual(expect.arrayContaining(["I2", "I8", "I9"]));
    const away = await mostAway(id);
    expect(away).toBeGreaterThan(1);
    expect(away).toBeLessThanOrEqual(AT_ONCE);
  },
  WITHIN_MS + 60_000,
);

test("the cloud has changed since: nothing is touched, and the session says what changed", async () => {
  world = await crashWorld({ DATABASE_URL: databaseUrl }, roomyCloud());
  const plan_digest = await planned();
  const shop = world.simulator.cloud.asTenant("shop");
  const gone = shop.instances.slice(0, 3);
  for (const { id } of gone) shop.delete(id);
  await expect.poll(() => shop.instances.filter(({ id }) => gone.some((one) => one.id === id))).toEqual([]);

  const id = await world.createSession({ plan_digest });
  await worker();
  await vi.waitFor(async () => expect(await world.state(id)).toBe("MAINTENANCE_FAILED"), {
    timeout: 60_000,
    interval: 250,
  });
  const { failure } = await detailOf(id);
  expect(failure?.reason).toMatch(/^the cloud has changed by 7\.5 % since it was planned, and 5 % are tolerated: /);
  expect(failure?.reason).toContain("3 instances deleted (");
  expect(world.verdict()).toMatchObject({ maintained: [], moves: { cold: 0, live: 0, failed: 0 } });
  expect(await typed("verify", id)).toMatchObject({ code: 0 });
}, 120_000);
