/**
 * Notifications on their way to webhooks: how many a second one worker delivers to a receiver on this machine, and what a
 * second receiver that never answers changes for the first.
 *
 *   node --import tsx bench/deliveries.ts [--count 5000]
 *
 * Prints one line of JSON: deliveries a second alone and beside the dead receiver, and how long half and 99 of 100 took.
 */
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { pino } from "pino";
import { startService } from "../demo/service.ts";
import { openQueues } from "../src/adapters/bullmq/queues.ts";
import { connect } from "../src/adapters/postgres/connect.ts";
import { openDatabaseServer } from "../src/adapters/postgres/embedded.ts";
import { migrate } from "../src/adapters/postgres/migrate.ts";
import { postgresStore } from "../src/adapters/postgres/store.ts";
import { HostName, PluginName, SessionId } from "../src/domain/ids.ts";
import type { Notification } from "../src/domain/notification.ts";
import { SessionOptions } from "../src/domain/session.ts";

const { values } = parseArgs({ options: { count: { type: "string", default: "5000" } } });
const count = Number(values.count);
/** Told in one turn, as a session does that moves many instances. */
const AT_ONCE = 50;
/** Far enough away that no worker takes the session for due. */
const NEVER = new Date("2100-01-01T00:00:00.000Z");

const folder = mkdtempSync(join(tmpdir(), "fenix-bench-"));
const server = await openDatabaseServer({ dataDir: folder });
const database = connect({ url: server.url, applicationName: "bench", onIdleError: () => {} });
await migrate(database.db);
const store = postgresStore(database.db);
const queues = await openQueues({
  ...{ redisUrl: process.env["REDIS_URL"], databaseUrl: server.url, prefix: "fenix", concurrency: 1 },
  log: pino({ level: "warn" }),
});

const sentAt = new Map<string, number>();
const tookMs: number[] = [];
const alive = createServer((request, response) => {
  request.on("data", () => undefined);
  request.on("end", () => {
    response.end();
    tookMs.push(Date.now() - (sentAt.get(String(request.headers["webhook-id"])) ?? 0));
  });
});
const dead = createServer(() => undefined);
const urlOf = async (receiver: typeof alive): Promise<string> => {
  await new Promise<void>((resolve) => receiver.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`;
};
const register = async (url: string): Promise<void> =>
  store.webhooks.add({
    ...{ id: randomUUID(), project: null, url, events: ["maintenance.host"], createdAt: new Date() },
    format: { kind: "cloudevents", secret: "whsec_c2VjcmV0", oldSecret: null },
    ...{ off: null, failingSince: null },
  });

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
    const { deliveries } = await open.record({
      ...{ at: new Date(), enter: null, failure: null, cancelPending: false, effects: [], questions: [], hosts: [] },
      ...{
        notifications: Array.from({ length: AT_ONCE }, () => news),
        waiting: null,
        wakeAt: NEVER,
        ended: null,
        journal: [],
      },
    });
    hints.push(...deliveries);
  });
  const now = Date.now();
  const told = await store.reports.notifications(id, { project: null, after: last, limit: AT_ONCE });
  for (const { messageId, number } of told ?? []) {
    sentAt.set(messageId, now);
    last = number;
  }
  await queues.wakes.deliveries(hints.splice(0));
}
const hints: Awaited<ReturnType<typeof store.due.deliveries>>[number][] = [];
let last = 0;

async function measure() {
  tookMs.length = 0;
  const began = Date.now();
  for (let told = 0; told < count; told += AT_ONCE) await tell();
  while (tookMs.length < count) await sleep(20);
  const seconds = (Date.now() - began) / 1_000;
  const sorted = tookMs.toSorted((a, b) => a - b);
  return {
    perSecond: Math.round(count / seconds),
    p50Ms: sorted[Math.floor(count / 2)],
    p99Ms: sorted[Math.floor(count * 0.99)],
  };
}

await register(await urlOf(alive));
const worker = await startService({
  mode: "worker",
  settings: { FENIX_DATA_DIR: folder, FENIX_OUTGOING_ALLOW: "127.0.0.1", FENIX_LOG_LEVEL: "warn" },
  log: join(folder, "worker.log"),
});
const alone = await measure();
await register(await urlOf(dead));
const besideDead = await measure();
console.log(JSON.stringify({ count, alone, besideDead }));

await worker.stop();
await queues.close();
await database.close();
await server.stop();
for (const receiver of [alive, dead]) receiver.closeAllConnections();
rmSync(folder, { recursive: true, force: true });
process.exit(0);
