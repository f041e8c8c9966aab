import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { pino } from "pino";
import { afterEach, describe, expect, test } from "vitest";
import { openQueues, type Queues, type QueuesOptions } from "../../../src/adapters/bullmq/queues.ts";
import { openLocalRedis } from "../../../src/adapters/bullmq/redis-server.ts";
import { SessionId } from "../../../src/domain/ids.ts";
import { EffectId, ReceiverId } from "../../../src/ports/effects.ts";
import type { Consuming, Handlers } from "../../../src/ports/wakes.ts";
import { testDatabase } from "../../support/database.ts";
import { testRedis } from "../../support/redis.ts";
import { aGate } from "../postgres/support.ts";

const { url: databaseUrl, pool } = await testDatabase();
const redis = await testRedis({ mustBePrivate: true });
const log = pino({ level: "silent" });

const toClose: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of toClose.splice(0).toReversed()) await each.close();
});

const aSessionId = () => SessionId.parse(randomUUID());
const anEffectId = () => EffectId.parse(Math.ceil(Math.random() * 1e9));

const idle: Handlers = { session: async () => {}, effect: async () => {}, receiver: async () => {} };

function consume(queues: Queues, handlers: Partial<Handlers>): Consuming {
  const consuming = queues.consumer.consume({ ...idle, ...handlers });
  toClose.push(consuming);
  return consuming;
}

const HANGING_WORKER = fileURLToPath(new URL("hanging-worker.ts", import.meta.url));

/** Another process that takes effects and hangs; killed at the latest when the test ends. */
function spawnHangingWorker(options: Omit<QueuesOptions, "log">) {
  const child = spawn(process.execPath, ["--import", "tsx", HANGING_WORKER, JSON.stringify(options)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let printed = "";
  child.stdout.on("data", (chunk: Buffer) => (printed += chunk.toString()));
  const kill = () => void child.kill("SIGKILL");
  toClose.push({ close: async () => kill() });
  return { taken: () => printed.trim().split("\n"), kill };
}

const backends = [
  { name: "Redis", skipped: redis.kind === "none", options: redis.kind === "none" ? {} : { redisUrl: redis.url } },
  { name: "PostgreSQL", skipped: false, options: {} },
] satisfies { name: string; skipped: boolean; options: Partial<QueuesOptions> }[];

describe.each(backends)("on $name", ({ skipped, options }) => {
  const open = async (more: Partial<QueuesOptions> = {}) => {
    const queues = await openQueues({ databaseUrl, prefix: `test-${randomUUID()}`, log, ...options, ...more });
    toClose.push(queues);
    return queues;
  };

  test.skipIf(skipped)("each hint comes to its handler, with its id", async () => {
    const queues = await open();
    const [session, effect, bus] = [aSessionId(), anEffectId(), ReceiverId.parse("bus")];
    const webhook = ReceiverId.parse(randomUUID());
    const seen: unknown[] = [];
    consume(queues, {
      session: async (id) => void seen.push({ session: id }),
      effect: async (id) => void seen.push({ effect: id }),
      receiver: async (id) => void seen.push({ receiver: id }),
    });
    await queues.wakes.session(session);
    await queues.wakes.effects([effect]);
    await queues.wakes.receivers([bus, webhook]);
    await expect.poll(() => seen).toHaveLength(4);
    expect(seen).toEqual(expect.arrayContaining([{ session }, { effect }, { receiver: bus }, { receiver: webhook }]));
  });

  test.skipIf(skipped)("hints at one thing that still waits become one", async () => {
    const queues = await open();
    const effect = anEffectId();
    for (let hint = 0; hint < 5; hint++) await queues.wakes.effects([effect, effect]);
    const seen: EffectId[] = [];
    const last = anEffectId();
    await queues.wakes.effects([last]);
    consume(queues, { effect: async (id) => void seen.push(id) });
    await expect.poll(() => seen).toContain(last);
    expect(seen.filter((id) => id === effect)).toHaveLength(1);
  });

  test.skipIf(skipped)("a hint that comes during the look makes another look after it, however many come", async () => {
    const queues = await open();
    const session = aSessionId();
    const [looking, go] = [aGate(), aGate()];
    let looks = 0;
    consume(queues, {
      session: async (id) => {
        if (id !== session) return;
        looks++;
        looking.open();
        await go.opened;
      },
    });
    await queues.wakes.session(session);
    await looking.opened;
    for (let hint = 0; hint < 3; hint++) await queues.wakes.session(session);
    go.open();
    await expect.poll(() => looks).toBe(2);
    await queues.wakes.session(session);
    await expect.poll(() => looks).toBe(3);
  });

  test.skipIf(skipped)("a handler that throws costs only its own hint", async () => {
    const queues = await open();
    const [broken, fine] = [anEffectId(), anEffectId()];
    const seen: EffectId[] = [];
    consume(queues, {
      effect: async (id) => {
        seen.push(id);
        if (id === broken) throw new Error("broken");
      },
    });
    await queues.wakes.effects([broken, fine]);
    await expect.poll(() => seen).toEqual([broken, fine]);
    await queues.wakes.effects([broken]);
    await expect.poll(() => seen).toEqual([broken, fine, broken]);
  });

  test.skipIf(skipped)("closing takes nothing more and waits for what runs", async () => {
    const queues = await open();
    const [running, next] = [anEffectId(), anEffectId()];
    const [inside, go] = [aGate(), aGate()];
    const ended: EffectId[] = [];
    const consuming = consume(queues, {
      effect: async (id) => {
        inside.open();
        await go.opened;
        ended.push(id);
      },
    });
    await queues.wakes.effects([running]);
    await inside.opened;
    let closed = false;
    const closing = consuming.close().then(() => (closed = true));
    await queues.wakes.effects([next]);
    expect(closed).toBe(false);
    go.open();
    await closing;
    expect(ended).toEqual([running]);
  });

  test.skipIf(skipped)("thousands of hints arrive, each once", async () => {
    const queues = await open({ concurrency: 32 });
    const ids = Array.from({ length: 3_000 }, (_, n) => EffectId.parse(1_000_000 + n));
    const seen = new Map<EffectId, number>();
    consume(queues, { effect: async (id) => void seen.set(id, (seen.get(id) ?? 0) + 1) });
    await queues.wakes.effects(ids);
    await expect.poll(() => ids.filter((id) => !seen.has(id)).length, { timeout: 20_000 }).toBe(0);
    expect(ids.filter((id) => seen.get(id) !== 1)).toEqual([]);
  });

  test.skipIf(skipped)("adding does not throw when the queue is closed, and says what was lost", async () => {
    const warnings: unknown[] = [];
    const telling = { ...log, info: () => {}, error: () => {}, warn: (fields: unknown) => void warnings.push(fields) };
    const queues = await openQueues({ databaseUrl, ...options, log: telling });
    await queues.close();
    await queues.wakes.effects([anEffectId(), anEffectId()]);
    expect(warnings).toContainEqual(expect.objectContaining({ queue: "effects", hints: 2 }));
  });

  test.skipIf(skipped)("what a killed worker had in hand is looked at again", { timeout: 30_000 }, async () => {
    const prefix = `test-${randomUUID()}`;
    const queues = await open({ prefix });
    const victim = spawnHangingWorker({ databaseUrl, prefix, ...options });
    const effect = anEffectId();
    await queues.wakes.effects([effect]);
    await expect.poll(() => victim.taken(), { timeout: 15_000 }).toContain(String(effect));
    victim.kill();
    const seen: EffectId[] = [];
    consume(queues, { effect: async (id) => void seen.push(id) });
    await expect.poll(() => seen, { timeout: 10_000 }).toContain(effect);
  });
});

test.skipIf(redis.kind === "none")("a Redis that forgets everything costs hints, and nothing else", async () => {
  if (redis.kind !== "private") throw new Error("this test empties its Redis");
  const queues = await openQueues({ databaseUrl, redisUrl: redis.url, log });
  toClose.push(queues);
  const seen: EffectId[] = [];
  const [inside, go] = [aGate(), aGate()];
  const slow = anEffectId();
  consume(queues, {
    effect: async (id) => {
      if (id === slow) {
        inside.open();
        await go.opened;
      }
      seen.push(id);
    },
  });
  await queues.wakes.effects([slow]);
  await inside.opened;
  await redis.empty();
  go.open();
  await expect.poll(() => seen).toEqual([slow]);
  const next = [slow, anEffectId(), anEffectId()];
  await queues.wakes.effects(next);
  await expect.poll(() => seen).toEqual([slow, ...next]);
});

test.skipIf(redis.kind === "none")("a Redis that restarts, empty, costs hints, and nothing else", async () => {
  const dataDir = mkdtempSync(join(tmpdir(), `fenix-test-${process.pid}-redis-restart-`));
  const first = await openLocalRedis({ dataDir, durable: false });
  const queues = await openQueues({ databaseUrl, redisUrl: first.url, log });
  const seen: EffectId[] = [];
  consume(queues, { effect: async (id) => void seen.push(id) });
  const [before, during, after] = [anEffectId(), anEffectId(), anEffectId()];
  await queues.wakes.effects([before]);
  await expect.poll(() => seen).toEqual([before]);
  await first.stop();
  await queues.wakes.effects([during]); // Lost, without a throw.
  const second = await openLocalRedis({ dataDir, durable: false });
  toClose.unshift({ close: () => second.stop() }, queues);
  await expect
    .poll(
      async () => {
        await queues.wakes.effects([after]);
        return seen;
      },
      { timeout: 15_000 },
    )
    .toContain(after);
  rmSync(dataDir, { recursive: true, force: true });
});

test("connections to PostgreSQL that break cost hints, and nothing else", async () => {
  const queues = await openQueues({ databaseUrl, log });
  toClose.push(queues);
  const seen: EffectId[] = [];
  consume(queues, { effect: async (id) => void seen.push(id) });
  const [first, next] = [anEffectId(), anEffectId()];
  await queues.wakes.effects([first]);
  await expect.poll(() => seen).toContain(first);
  await pool.query(
    "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()",
  );
  // The hint after the break may be lost with its connection: the sweep would hint again.
  await expect
    .poll(
      async () => {
        await queues.wakes.effects([next]);
        return seen;
      },
      { timeout: 10_000 },
    )
    .toContain(next);
});
