import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { afterAll, describe, expect, test, vi } from "vitest";
import { checkRedis } from "../../../src/adapters/bullmq/check-redis.ts";
import { openLocalRedis, whyNoLocalRedis } from "../../../src/adapters/bullmq/redis-server.ts";

const root = mkdtempSync(join(tmpdir(), `fenix-test-${process.pid}-local-redis-`));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const reason = whyNoLocalRedis();
if (reason !== undefined) console.warn(`skipped the local Redis: ${reason}`);

describe.skipIf(reason !== undefined)("a local Redis", () => {
  test("is shared, outlives its first owner, and is as BullMQ wants it", async () => {
    const first = await openLocalRedis({ dataDir: root });
    const second = await openLocalRedis({ dataDir: root });
    expect([first.origin, second.origin]).toEqual(["redis-local", "attached"]);

    const client = new Redis(second.url);
    client.on("error", () => {});
    expect((await checkRedis(client)).warnings).toEqual([]);
    await client.set("kept", "yes");

    await first.stop();
    await vi.waitFor(() => expect(second.origin).toBe("redis-local"), { timeout: 20_000, interval: 20 });
    expect(await client.get("kept")).toBe("yes");

    client.disconnect();
    await second.stop();
  });
});

describe("a Redis is looked at before queues rely on it", () => {
  test.each([
    { name: "a good one", info: { redis_version: "7.0.15" }, warnings: [] },
    {
      name: "one that may drop jobs",
      info: { maxmemory_policy: "allkeys-lru" },
      warnings: [/maxmemory-policy allkeys-lru/],
    },
    { name: "one without persistence", info: { aof_enabled: "0" }, warnings: [/appendonly is off/] },
  ])("$name", async ({ info, warnings }) => {
    const check = await checkRedis(redisSaying({ redis_version: "7.2.4", ...info }));
    expect(check.warnings).toEqual(warnings.map((text) => expect.stringMatching(text)));
  });

  test.each(["6.0.16", "5.0.14"])("%s is too old", async (redis_version) => {
    await expect(checkRedis(redisSaying({ redis_version }))).rejects.toThrow(
      `Redis ${redis_version} at REDIS_URL is too old`,
    );
  });
});

function redisSaying(info: Readonly<Record<string, string>>): Redis {
  const facts = { maxmemory_policy: "noeviction", aof_enabled: "1", ...info };
  const text = Object.entries(facts).map(([name, value]) => `${name}:${value}`);
  return { info: async () => `# Server\r\n${text.join("\r\n")}\r\n` } as unknown as Redis;
}
