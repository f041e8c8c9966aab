/**
 * A Redis for the half of the tests that run on it:
 *
 *   private  a server of this test file alone, where a redis-server is installed; may be emptied and stopped
 *   shared   the one REDIS_URL names; tests stay below `prefix`, which is unique, and clean up there
 *   none     neither; `reason` says so, and it is printed once, so that nobody takes a skipped half for a passed one
 *
 * Use it as: `const redis = await testRedis(); describe.skipIf(redis.kind === "none")(…)`.
 */
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { afterAll } from "vitest";
import { removeKeys } from "../../demo/borrowed.ts";
import { openLocalRedis, whyNoLocalRedis } from "../../src/adapters/bullmq/redis-server.ts";

export type TestRedis =
  | {
      readonly kind: "private";
      readonly url: string;
      readonly prefix: string;
      /** Forgets everything, as a Redis without persistence does when it restarts. */
      readonly empty: () => Promise<void>;
    }
  | { readonly kind: "shared"; readonly url: string; readonly prefix: string }
  | { readonly kind: "none"; readonly reason: string };

/** `mustBePrivate` is for tests that empty or stop their Redis, which nobody may do to a shared one. */
export async function testRedis({ mustBePrivate = false } = {}): Promise<TestRedis> {
  const prefix = `fenix-test-${randomBytes(6).toString("hex")}`;
  const sharedUrl = process.env["REDIS_URL"];
  if (sharedUrl && !mustBePrivate) return sharedRedis(sharedUrl, prefix);
  const reason = whyNoLocalRedis();
  if (reason === undefined) return privateRedis(prefix);
  console.warn(`skipped what needs ${mustBePrivate ? "a private" : "a"} Redis: ${reason}`);
  return { kind: "none", reason };
}

async function privateRedis(prefix: string): Promise<TestRedis> {
  const folder = mkdtempSync(join(tmpdir(), `fenix-test-${process.pid}-redis-`));
  const server = await openLocalRedis({ dataDir: folder, durable: false });
  const client = new Redis(server.url);
  client.on("error", () => {}); // The server stops before its clients when a test ends it.
  afterAll(async () => {
    client.disconnect();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    kind: "private",
    url: server.url,
    prefix,
    empty: async () => {
      await client.flushall();
    },
  };
}

function sharedRedis(url: string, prefix: string): TestRedis {
  afterAll(() => removeKeys(url, prefix));
  return { kind: "shared", url, prefix };
}
