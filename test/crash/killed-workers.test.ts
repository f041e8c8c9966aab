/**
 * Workers are killed with SIGKILL at random, all through a session, on both kinds of queue; and once Redis forgets
 * everything again and again. Nothing may be lost, and nothing done twice. `FENIX_KILL_RUNS=20` runs it so often.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import type { Service } from "../../demo/service.ts";
import { testDatabase, type TestDatabase } from "../support/database.ts";
import { testRedis } from "../support/redis.ts";
import { type CrashWorld, crashWorld } from "./world.ts";

const RUNS = Number(process.env["FENIX_KILL_RUNS"] ?? 1);
/** Then the workers are left alone, so that every run ends. */
const KILLS = 12;
const WITHIN_MS = 240_000;

const database = await testDatabase();
const redis = await testRedis();
const forgetful = await testRedis({ mustBePrivate: true });

const queues = [
  { queue: "PostgreSQL", settings: { QUEUE_BACKEND: "postgres" }, skipped: false },
  redis.kind === "none"
    ? { queue: "Redis", settings: {}, skipped: true }
    : { queue: "Redis", settings: { REDIS_URL: redis.url, FENIX_QUEUE_PREFIX: redis.prefix }, skipped: false },
];

describe.each(queues)("workers killed at random, the queue on $queue", ({ settings, skipped }) => {
  test.skipIf(skipped).each(Array.from({ length: RUNS }, (_, run) => run + 1))(
    "run %i",
    async (run) => {
      const world = await crashWorld({ DATABASE_URL: database.url, ...settings });
      try {
        const random = seeded(run);
        const id = await world.createSession();
        const kills = await whileItRuns(world, id, { random, kills: KILLS });
        await nothingLostNothingTwice(world, id, database);
        expect(kills).toBeGreaterThanOrEqual(3);
      } finally {
        await world.close();
      }
    },
    WITHIN_MS + 60_000,
  );
});

test.skipIf(forgetful.kind !== "private")(
  "Redis forgets everything, again and again",
  async () => {
    if (forgetful.kind !== "private") return;
    const world = await crashWorld({
      DATABASE_URL: database.url,
      REDIS_URL: forgetful.url,
      FENIX_QUEUE_PREFIX: forgetful.prefix,
    });
    try {
      const id = await world.createSession();
      const forgetting = setInterval(() => void forgetful.empty(), 700);
      await whileItRuns(world, id, { random: seeded(0), kills: 0 }).finally(() => clearInterval(forgetting));
      await nothingLostNothingTwice(world, id, database);
    } finally {
      await world.close();
    }
  },
  WITHIN_MS + 60_000,
);

/** Keeps two workers running until the session has ended, killing one of them now and then. Answers how many were killed. */
async function whileItRuns(
  world: CrashWorld,
  id: string,
  { random, kills }: { random: () => number; kills: number },
): Promise<number> {
  const deadline = Date.now() + WITHIN_MS;
  const workers: Service[] = [await world.startWorker(), await world.startWorker()];
  let killed = 0;
  try {
    while (!isOver(await world.state(id))) {
      if (Date.now() > deadline)
        throw new Error(`not at its end after ${WITHIN_MS / 1_000} s:\n${await world.timeline(id)}`);
      await sleep(300 + random() * 2_500);
      const victim = killed < kills ? workers.shift() : undefined;
      if (!victim) continue;
      process.kill(victim.pid, "SIGKILL");
      killed += 1;
      workers.push(await world.startWorker());
    }
    return killed;
  } finally {
    await Promise.all(workers.map((worker) => worker.stop()));
  }
}

const isOver = (state: string): boolean => state === "MAINTENANCE_DONE" || state === "MAINTENANCE_FAILED";

async function nothingLostNothingTwice(world: CrashWorld, id: string, { db }: TestDatabase): Promise<void> {
  expect(await world.state(id), await world.timeline(id)).toBe("MAINTENANCE_DONE");
  const { violations, moves, maintained } = world.verdict();
  expect(violations, await world.timeline(id)).toEqual([]);
  expect(maintained).toHaveLength(10);
  const certificate = await world.certificate(id);
  expect(certificate.violations, await world.timeline(id)).toEqual([]);
  expect(certificate).toMatchObject({ holds: true, ended: true });
  const done = await db.selectFrom("effect").select(["kind", "status"]).where("session_id", "=", id).execute();
  const moved = done.filter(({ kind, status }) => kind === "move_instance" && status === "done");
  expect(moves.cold + moves.live, "each move was made once").toBe(moved.length);
  const numbers = await db
    .selectFrom("journal")
    .select("number")
    .where("session_id", "=", id)
    .orderBy("number")
    .execute();
  expect(numbers.map(({ number }) => number)).toEqual(numbers.map((_, index) => index + 1));
}

/** The same chances in every run with this seed (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
