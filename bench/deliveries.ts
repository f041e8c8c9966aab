/**
 * Notifications on their way to webhooks: how many a second one worker delivers to a receiver on this machine, and what
 * receivers that never answer, or answer late, change for it.
 *
 *   node --import tsx bench/deliveries.ts [--count 10000] [--rate 500] [--redis]
 *
 * Prints one line of JSON. `burst`: `count` of them are told as fast as the database takes them. The others: `rate` a second
 * are told for as long as `count` takes, to the receiver alone, beside one that never answers, and beside one that answers
 * after three seconds too. Times in milliseconds, from being told to being received; `load` is the machine's at the end,
 * `cpuMs` what one notification cost each process.
 */
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { pino } from "pino";
import { startService } from "../demo/service.ts";
import { openQueues } from "../src/adapters/bullmq/queues.ts";
import { openLocalRedis } from "../src/adapters/bullmq/redis-server.ts";
import { connect } from "../src/adapters/postgres/connect.ts";
import { openDatabaseServer } from "../src/adapters/postgres/embedded.ts";
import { migrate } from "../src/adapters/postgres/migrate.ts";
import { postgresStore } from "../src/adapters/postgres/store.ts";
import { HostName, PluginName, SessionId } from "../src/domain/ids.ts";
import type { Notification } from "../src/domain/notification.ts";
import { SessionOptions } from "../src/domain/session.ts";
import { cpuSeconds, familyCpuSeconds, postmasterOf } from "./processes.ts";

const { values } = parseArgs({
  options: {
    count: { type: "string", default: "10000" },
    rate: { type: "string", default: "500" },
    redis: { type: "boolean", default: false },
    profile: { type: "string" },
  },
});
const count = Number(values.count);
const rate = Number(values.rate);
/** Told in one turn, as a session does that moves many instances. */
const AT_ONCE = 50;
/** Far enough away that no worker takes the session for due. */
const NEVER = new Date("2100-01-01T00:00:00.000Z");
const SLOW_MS = 3_000;

const folder = mkdtempSync(join(tmpdir(), "fenix-bench-"));
const server = await openDatabaseServer({ dataDir: folder });
const redis = values.redis ? await openLocalRedis({ dataDir: folder }) : null;
const postmaster = await postmasterOf(server.url);
const database = connect({ url: server.url, applicationName: "bench", onIdleError: () => {} });
await migrate(database.db);
const store = postgresStore(database.db);
const queues = await openQueues({
  ...{ redisUrl: redis?.url, databaseUrl: server.url, prefix: "fenix", concurrency: 1 },
  log: pino({ level: "warn" }),
});

const tookMs: number[] = [];
const alive: RequestListener = (request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    response.end();
    const { time } = JSON.parse(Buffer.concat(chunks).toString()) as { time: string };
    tookMs.push(Date.now() - Date.parse(time));
  });
};
const dead: RequestListener = () => undefined;
const slow: RequestListener = (request, response) => {
  request.resume();
  setTimeout(() => response.end(), SLOW_MS);
};
const receivers: ReturnType<typeof createServer>[] = [];
async function register(listener: RequestListener): Promise<void> {
  const receiver = createServer(listener);
  receivers.push(receiver);
  await new Promise<void>((resolve) => receiver.listen(0, "127.0.0.1", resolve));
  await store.webhooks.add({
    ...{ id: randomUUID(), project: null, events: ["maintenance.host"], createdAt: new Date() },
    url: `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`,
    format: { kind: "cloudevents", secret: "whsec_c2VjcmV0", oldSecret: null },
    ...{ off: null, failingSince: null },
  });
}

const id = SessionId.parse(randomUUID());
await store.sessions.create(
  {
    session: {
      ...{
        id,
        workflow: PluginName.parse("default"),
        planDigest: null,
        maintenanceAt: NEVER,
        metadata: {},
        actions: [],
      },
      options: SessionOptions.parse({}),
    },
    ...{ initialState: "MAINTENANCE", hosts: [], requestedHosts: [], at: NEVER },
  },
  { maxSessions: 1 },
);

const news: Notification = { type: "maintenance.host", host: HostName.parse("compute-1"), state: "IN_MAINTENANCE" };
async function tell(): Promise<void> {
  await store.sessions.inTurn(id, NEVER, async (open) => {
    const { receivers: heard } = await open.record({
      ...{ at: new Date(), enter: null, failure: null, cancelPending: false, effects: [], questions: [], hosts: [] },
      ...{
        notifications: Array.from({ length: AT_ONCE }, () => news),
        waiting: null,
        wakeAt: NEVER,
        ended: null,
        journal: [],
      },
    });
    hinted.push(...heard);
  });
  await queues.wakes.receivers(hinted.splice(0));
}
const hinted: Awaited<ReturnType<typeof store.due.receivers>>[number][] = [];

/** `perSecond`: told in a second; null: as fast as the database takes them. */
async function measure(perSecond: number | null) {
  tookMs.length = 0;
  const before = { worker: cpuSeconds(worker.pid), postgres: familyCpuSeconds(postmaster) };
  const began = Date.now();
  for (let told = 0; told < count; told += AT_ONCE) {
    if (perSecond !== null) await sleep(began + (told / perSecond) * 1_000 - Date.now());
    await tell();
  }
  while (tookMs.length < count) await Promise.race([sleep(10), worker.broken]);
  const seconds = (Date.now() - began) / 1_000;
  const perOne = (after: number, first: number) => Math.round(((after - first) / count) * 100_000) / 100;
  const sorted = tookMs.toSorted((a, b) => a - b);
  return {
    perSecond: Math.round(count / seconds),
    p50: sorted[Math.floor(count / 2)],
    p99: sorted[Math.floor(count * 0.99)],
    cpuMs: {
      worker: perOne(cpuSeconds(worker.pid), before.worker),
      postgres: perOne(familyCpuSeconds(postmaster), before.postgres),
    },
    load: Math.round((loadavg()[0] ?? 0) * 10) / 10,
  };
}

await register(alive);
const worker = await startService({
  mode: "worker",
  settings: {
    ...{ FENIX_DATA_DIR: folder, FENIX_OUTGOING_ALLOW: "127.0.0.1", FENIX_LOG_LEVEL: "warn" },
    ...(redis && { REDIS_URL: redis.url }),
  },
  log: join(folder, "worker.log"),
  nodeOptions: values.profile === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${values.profile}`],
});
// The worker has started and its code is compiled.
for (let round = 0; round < 20; round++) await tell();
while (tookMs.length < 20 * AT_ONCE) await sleep(10);
const burst = await measure(null);
const alone = await measure(rate);
await register(dead);
const besideDead = await measure(rate);
await register(slow);
const besideDeadAndSlow = await measure(rate);
console.log(JSON.stringify({ count, rate, queue: queues.backend, burst, alone, besideDead, besideDeadAndSlow }));

await worker.stop();
await queues.close();
await database.close();
await redis?.stop();
await server.stop();
for (const receiver of receivers) receiver.closeAllConnections();
rmSync(folder, { recursive: true, force: true });
process.exit(0);
