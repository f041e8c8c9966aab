import { afterEach, expect, test } from "vitest";
import type { HealthCheck } from "../../src/http/health.ts";
import { checkHealth, remembered } from "../../src/http/health.ts";
import { now, openDoor } from "./a-door.ts";

let door: ReturnType<typeof openDoor> | undefined;
afterEach(() => door?.close());

const well: HealthCheck = { required: true, check: async () => undefined };
const ill = (required: boolean, reason: string): HealthCheck => ({
  required,
  check: () => Promise.reject(new Error(reason)),
});
const readyOf = async (health: Record<string, HealthCheck>) => {
  door = openDoor({ health });
  const answer = await door.send({ url: "/health/ready" });
  return [answer.statusCode, answer.json()];
};

test("the process is live whatever it stands on", async () => {
  door = openDoor({ health: { database: ill(true, "gone") } });
  const answer = await door.send({ url: "/health/live/" });
  expect([answer.statusCode, answer.json()]).toEqual([200, { status: "live", version: "0.1.0" }]);
});

test("ready when all is well", async () => {
  expect(await readyOf({ database: well, queue: well })).toEqual([
    200,
    {
      status: "ready",
      checks: {
        database: { ok: true, required: true, reason: null },
        queue: { ok: true, required: true, reason: null },
      },
    },
  ]);
});

test("not ready without the database, and says why", async () => {
  expect(await readyOf({ database: ill(true, "connect ECONNREFUSED"), queue: well })).toMatchObject([
    503,
    { status: "not_ready", checks: { database: { ok: false, reason: "connect ECONNREFUSED" } } },
  ]);
});

test("impaired, and still of use, without the cloud", async () => {
  expect(await readyOf({ database: well, cloud: ill(false, "wrong password") })).toMatchObject([
    200,
    { status: "impaired", checks: { cloud: { ok: false, required: false, reason: "wrong password" } } },
  ]);
});

test("what does not answer is not waited for, and is told to stop", async () => {
  let told = false;
  const hanging: HealthCheck = {
    required: true,
    check: ({ signal }) =>
      new Promise((resolve) => signal.addEventListener("abort", () => resolve(void (told = true)))),
  };
  const ready = await checkHealth({ database: hanging }, { now: () => now, sleep: async () => undefined });
  expect(ready).toMatchObject({
    status: "not_ready",
    checks: { database: { ok: false, reason: "no answer within 2000 ms" } },
  });
  expect(told).toBe(true);
});

test("an answer stands for ten seconds, so the cloud is not asked as often as we are", async () => {
  let asked = 0;
  let at = now.getTime();
  const clock = { now: () => new Date(at), sleep: async () => undefined };
  const check = remembered({ required: false, check: async () => void (asked += 1) }, clock);
  const options = { signal: new AbortController().signal };
  await check.check(options);
  at += 9_999;
  await check.check(options);
  expect(asked).toBe(1);
  at += 1;
  await check.check(options);
  expect(asked).toBe(2);
});
