/** The way of a notification from the outbox to its receivers, when some of these are no good. */
import { randomUUID } from "node:crypto";
import { afterAll, afterEach, expect, test, vi } from "vitest";
import { notifierBy } from "../../../src/adapters/notifications/notifier.ts";
import { webhookSender } from "../../../src/adapters/notifications/webhook.ts";
import { guardedClient } from "../../../src/adapters/outgoing/guarded-client.ts";
import { postgresStore } from "../../../src/adapters/postgres/store.ts";
import { systemClock as clock } from "../../../src/adapters/system-clock.ts";
import type { Notification } from "../../../src/domain/notification.ts";
import { startDelivering } from "../../../src/effects/deliver.ts";
import { ReceiverId } from "../../../src/ports/effects.ts";
import { aReceiver } from "../../support/a-receiver.ts";
import { aWebhook } from "../../support/a-webhook.ts";
import { testDatabase } from "../../support/database.ts";
import { created, host, project, record } from "../postgres/support.ts";

const { db } = await testDatabase();
const store = postgresStore(db);
const outgoing = guardedClient({ allow: ["127.0.0.1"] });
const shutdowns: AbortController[] = [];
afterEach(async () => {
  for (const shutdown of shutdowns.splice(0)) shutdown.abort();
  await db.deleteFrom("webhook").execute();
});
afterAll(() => outgoing.close());

const delivering = {
  deliveries: store.deliveries,
  // Longer than the test may take: whoever hangs, hangs.
  notifier: notifierBy({
    webhooks: webhookSender({
      publicUrl: "http://192.0.2.10",
      connections: outgoing.connections,
      now: () => clock.now(),
      answerWithinMs: 600_000,
    }),
    bus: null,
  }),
  clock,
  random: () => 0,
  onError: (error: unknown) => {
    throw error;
  },
};

/** What a worker has for its deliveries. It shuts down at the end of the test. */
function aDeliverer(changes: Partial<typeof delivering> = {}) {
  const shutdown = new AbortController();
  shutdowns.push(shutdown);
  return startDelivering({ ...delivering, ...changes, shutdown: shutdown.signal });
}

const news: Notification = { type: "maintenance.host", host: host("a"), state: "IN_MAINTENANCE" };

async function webhookTo(url: string): Promise<ReceiverId> {
  const id = ReceiverId.parse(randomUUID());
  await store.webhooks.add(aWebhook({ id, url }));
  return id;
}

const lease = (now: Date) => ({ token: randomUUID(), until: new Date(now.getTime() + 10_000) });

test("a receiver that hangs delays nobody else, however much waits for it", async () => {
  const dead = await aReceiver(() => undefined);
  const alive = await aReceiver((response) => response.end());
  const ids = [await webhookTo(dead.url), await webhookTo(alive.url)];
  const session = await created(store, "hanging");
  const notifications = Array.from({ length: 100 }, () => news);
  const { receivers } = await record(store, session, { notifications }, clock.now());
  expect(receivers.toSorted()).toEqual(ids.toSorted());
  const { deliver } = aDeliverer();
  let given = false;
  void deliver(ids[0]!).then(() => (given = true));
  await vi.waitFor(() => expect(dead.got).toHaveLength(16));

  // Told again and again while the other one hangs, as by a session that goes on.
  for (let round = 1; round <= 3; round++) {
    if (round > 1) await record(store, session, { notifications }, clock.now());
    await deliver(ids[1]!);
    await vi.waitFor(() => expect(alive.got).toHaveLength(100 * round), { timeout: 20_000 });
  }
  expect(dead.got).toHaveLength(16);
  expect(given).toBe(false);
});

test("one delivery that hangs does not hold up the next ones to the same receiver", async () => {
  const answers: (() => void)[] = [];
  const moody = await aReceiver((response) => {
    if (answers.length > 0) return response.end();
    answers.push(() => void response.end());
  });
  const id = await webhookTo(moody.url);
  const session = await created(store, "moody");
  const { deliver, ended } = aDeliverer();
  await record(store, session, { notifications: [news] }, clock.now());
  await deliver(id);
  await vi.waitFor(() => expect(moody.got).toHaveLength(1));
  await record(store, session, { notifications: [news, news] }, clock.now());
  await deliver(id);
  await vi.waitFor(() => expect(moody.got).toHaveLength(3));
  answers[0]!();
  await ended();
  const told = await store.reports.notifications(session.id, { project: null, after: 0, limit: 10 });
  expect(told?.flatMap((one) => one.deliveries.map(({ status }) => status))).toEqual(Array(3).fill("delivered"));
});

test("one that refuses everything is tried once for each hint, not once for all that waits", async () => {
  const refusing = await aReceiver((response) => response.writeHead(503).end());
  const id = await webhookTo(refusing.url);
  const session = await created(store, "refusing");
  const { deliver, ended } = aDeliverer();
  await record(store, session, { notifications: Array.from({ length: 40 }, () => news) }, clock.now());
  await deliver(id);
  await ended();
  const first = refusing.got.length;
  expect(first).toBeLessThanOrEqual(17);
  await deliver(id);
  await ended();
  expect(refusing.got).toHaveLength(first + 1);
});

test("one that refuses one of ten gets all the others", async () => {
  let count = 0;
  const flaky = await aReceiver((response) => response.writeHead((count += 1) % 10 === 0 ? 503 : 200).end());
  const id = await webhookTo(flaky.url);
  const session = await created(store, "flaky");
  const { deliver, ended } = aDeliverer();
  await record(store, session, { notifications: Array.from({ length: 60 }, () => news) }, clock.now());
  await expect
    .poll(async () => {
      await deliver(id);
      await ended();
      return flaky.got.length;
    })
    .toBeGreaterThanOrEqual(60);
});

test("one that failed is tried one delivery at a time until one arrives", async () => {
  const id = await webhookTo("http://192.0.2.20/");
  const session = await created(store, "failing");
  const now = clock.now();
  await record(store, session, { notifications: [news, news, news, news] }, now);
  const { claimed: all, full } = await store.deliveries.claim(id, lease(now), now);
  expect([all.length, full]).toEqual([4, false]);
  const next = new Date(now.getTime() + 1_000);
  for (const one of all) await store.deliveries.settle(one, { kind: "failed", at: now, error: "503", next });
  expect(await store.webhooks.list()).toMatchObject([{ failingSince: now }]);

  const second = await store.deliveries.claim(id, lease(next), next);
  expect(second).toMatchObject({ claimed: [{ id: all[0]!.id, attempt: 2 }], full: true });
  expect(await store.deliveries.claim(id, lease(next), next)).toEqual({ claimed: [], full: true });
  await store.deliveries.settle(second.claimed[0]!, { kind: "delivered", at: next });
  expect(await store.webhooks.list()).toMatchObject([{ failingSince: null }]);
  const rest = await store.deliveries.claim(id, lease(next), next);
  expect(rest.claimed.map((one) => one.id)).toEqual(all.slice(1).map((one) => one.id));
  expect(await store.deliveries.claim(id, lease(next), next)).toEqual({ claimed: [], full: false });
});

test("all workers together have no more on their way to a receiver than it may have in hand", async () => {
  const id = await webhookTo("http://192.0.2.20/");
  const session = await created(store, "shared");
  const now = clock.now();
  await record(store, session, { notifications: Array.from({ length: 40 }, () => news) }, now);
  const first = await store.deliveries.claim(id, lease(now), now);
  expect([first.claimed.length, first.full]).toEqual([16, true]);
  expect(await store.deliveries.claim(id, lease(now), now)).toEqual({ claimed: [], full: true });
  const arrived = first.claimed.slice(0, 3);
  const settled = arrived.map((one) => store.deliveries.settle(one, { kind: "delivered", at: now }));
  expect(await Promise.all(settled)).toEqual([true, true, true]);
  const second = await store.deliveries.claim(id, lease(now), now);
  expect([second.claimed.length, second.full]).toEqual([3, true]);

  // Leases that ended are taken over, and then neither renewed nor settled by whoever had them.
  const later = new Date(now.getTime() + 10_001);
  const others = await store.deliveries.claim(id, lease(later), later);
  expect(others.claimed).toHaveLength(16);
  const [lost] = others.claimed.filter(({ attempt }) => attempt === 2);
  const stale = [...first.claimed, ...second.claimed].find((one) => one.id === lost?.id)!;
  const renewed = await store.deliveries.renew([stale, lost!], new Date(later.getTime() + 20_000));
  expect([...renewed]).toEqual([lost]);
  expect(await store.deliveries.renew([stale], later)).toEqual(new Set());
  const late = { kind: "delivered", at: later } as const;
  expect(await Promise.all([stale, lost!].map((one) => store.deliveries.settle(one, late)))).toEqual([false, true]);
});

test("410 switches a receiver off: nothing waits for it, it makes no project managed, and registering switches it on", async () => {
  const gone = await aReceiver((response) => response.writeHead(410).end());
  const id = await webhookTo(gone.url);
  const session = await created(store, "gone");
  // The second one is to be sent later, and never will be.
  await record(store, session, { notifications: [news] }, clock.now());
  const later = new Date(clock.now().getTime() + 60_000);
  await record(store, session, { notifications: [news] }, later);
  const { deliver, ended } = aDeliverer();
  await deliver(id);
  await ended();
  const why = "the receiver answered 410: it is gone";
  expect(await store.webhooks.list()).toMatchObject([{ id, off: { at: expect.any(Date), why } }]);
  const told = await store.reports.notifications(session.id, { project: null, after: 0, limit: 10 });
  expect(told?.flatMap((one) => one.deliveries.map(({ status, lastError }) => [status, lastError]))).toEqual([
    ["failed", why],
    ["failed", `not sent: ${why}`],
  ]);

  expect((await record(store, session, { notifications: [news] }, later)).receivers).toEqual([]);
  await store.webhooks.switchOn(id);
  expect((await record(store, session, { notifications: [news] }, later)).receivers).toEqual([id]);
});

test("while the message bus is away, webhooks hear all the same, and what the bus missed waits for it", async () => {
  const alive = await aReceiver((response) => response.end());
  await webhookTo(alive.url);
  const session = await created(store, "no-bus");
  const onBus = postgresStore(db, { bus: true });
  const { receivers } = await record(onBus, session, { notifications: [news, news] }, clock.now());
  const { deliver, ended } = aDeliverer();
  for (const receiver of receivers) await deliver(receiver);
  await ended();
  expect(alive.got).toHaveLength(2);
  const told = await store.reports.notifications(session.id, { project: null, after: 0, limit: 10 });
  const waiting = told?.flatMap((one) => one.deliveries).filter(({ receiver }) => receiver.kind === "bus");
  expect(waiting).toMatchObject(
    [1, 2].map(() => ({ status: "pending", attempts: 1, lastError: expect.stringContaining("no message bus") })),
  );
});

test("what was told is read page by page; a project reads what was told to it, and of its own receivers", async () => {
  const question: Notification = {
    ...{ type: "maintenance.scheduled", project: project("shop"), state: "MAINTENANCE", instances: [] },
    ...{ allowedActions: [], replyBy: clock.now(), actionsAt: null, missing: null, instance: null, metadata: {} },
  };
  const shops = randomUUID();
  await store.webhooks.add(aWebhook({ id: shops, project: project("shop"), events: ["maintenance.scheduled"] }));
  const admins = randomUUID();
  await store.webhooks.add(aWebhook({ id: admins, events: ["maintenance.scheduled", "maintenance.host"] }));
  const session = await created(store, "read");
  await db.insertInto("project").values({ session_id: session.id, id: "shop", created_at: clock.now() }).execute();
  await record(store, session, { notifications: [news, question] }, clock.now());

  const read = async (of: string | null, after = 0, limit = 10) =>
    (await store.reports.notifications(session.id, { project: of === null ? null : project(of), after, limit }))?.map(
      ({ notification, deliveries }) => [
        notification.type,
        ...deliveries.map(({ receiver }) => (receiver.kind === "bus" ? "bus" : receiver.id)),
      ],
    );
  const all = [
    ["maintenance.host", admins],
    ["maintenance.scheduled", ...[shops, admins]],
  ];
  const sorted = (rows: string[][] | undefined) => rows?.map(([type, ...to]) => [type, ...to.toSorted()]);
  expect(sorted(await read(null))).toEqual(sorted(all));
  const [first] = (await store.reports.notifications(session.id, { project: null, after: 0, limit: 1 }))!;
  expect(first?.notification.type).toBe("maintenance.host");
  expect(sorted(await read(null, first?.number))).toEqual(sorted(all.slice(1)));
  expect(await read("shop")).toEqual([["maintenance.scheduled", shops]]);
  expect(await read("bank")).toBeUndefined();
});

test("what waits for a dead receiver does not stand before the tries of others", async () => {
  const session = await created(store, "backlog");
  const now = clock.now();
  const dead = await webhookTo("http://192.0.2.20/");
  await record(store, session, { notifications: Array.from({ length: 60 }, () => news) }, now);
  const other = await webhookTo("http://192.0.2.21/");
  const soon = new Date(now.getTime() + 1);
  await record(store, session, { notifications: [news] }, soon);
  expect(await store.due.receivers(soon, 50)).toEqual([dead, other]);
  expect(await store.due.receivers(now, 50)).toEqual([dead]);
  expect(await store.due.receivers(soon, 1)).toEqual([dead]);
});

test("a receiver may take longer to answer than a lease lasts, and is told once", async () => {
  let answer = () => {};
  const slow = await aReceiver((response) => (answer = () => void response.end()));
  await webhookTo(slow.url);
  const session = await created(store, "slow");
  // A clock that is moved by whoever sleeps, which here is who renews the lease.
  let now = clock.now().getTime();
  const renewed = vi.fn<() => void>();
  const moving = {
    now: () => new Date(now),
    sleep: async (ms: number, signal?: AbortSignal) => {
      await vi.waitFor(() => expect(slow.got).toHaveLength(1));
      if (!signal?.aborted) now += ms;
    },
  };
  const { receivers } = await record(store, session, { notifications: [news] }, moving.now());
  const { deliver, ended } = aDeliverer({
    clock: moving,
    deliveries: {
      ...store.deliveries,
      renew: async (claimed, until) => {
        renewed();
        if (renewed.mock.calls.length === 10) answer();
        return store.deliveries.renew(claimed, until);
      },
    },
  });
  await deliver(receivers[0]!);
  await ended();
  expect(now - clock.now().getTime()).toBeGreaterThan(15_000);
  const [told] = (await store.reports.notifications(session.id, { project: null, after: 0, limit: 1 }))!;
  expect(told?.deliveries).toMatchObject([{ status: "delivered", attempts: 1 }]);
});
