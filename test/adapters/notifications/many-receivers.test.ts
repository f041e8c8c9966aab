/** The way of a notification from the outbox to its receivers, when some of these are no good. */
import { randomUUID } from "node:crypto";
import { afterAll, afterEach, expect, test, vi } from "vitest";
import { notifierBy } from "../../../src/adapters/notifications/notifier.ts";
import { webhookSender } from "../../../src/adapters/notifications/webhook.ts";
import { guardedClient } from "../../../src/adapters/outgoing/guarded-client.ts";
import { postgresStore } from "../../../src/adapters/postgres/store.ts";
import { systemClock as clock } from "../../../src/adapters/system-clock.ts";
import type { Notification } from "../../../src/domain/notification.ts";
import { deliver } from "../../../src/effects/deliver.ts";
import type { DeliveryId } from "../../../src/ports/effects.ts";
import { aReceiver } from "../../support/a-receiver.ts";
import { aWebhook } from "../../support/a-webhook.ts";
import { testDatabase } from "../../support/database.ts";
import { created, host, project, record } from "../postgres/support.ts";

const { db } = await testDatabase();
const store = postgresStore(db);
const outgoing = guardedClient({ allow: ["127.0.0.1"] });
const shutdown = new AbortController();
afterEach(() => db.deleteFrom("webhook").execute());
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
  shutdown: shutdown.signal,
};

const news: Notification = { type: "maintenance.host", host: host("a"), state: "IN_MAINTENANCE" };

async function webhookTo(url: string): Promise<string> {
  const id = randomUUID();
  await store.webhooks.add(aWebhook({ id, url }));
  return id;
}

/** Hands that take one hint after the other, as those of a worker do. */
function hands(count: number, hints: readonly DeliveryId[]): Promise<unknown> {
  const left = [...hints];
  const work = async () => {
    for (let hint = left.shift(); hint !== undefined && !shutdown.signal.aborted; hint = left.shift())
      await deliver(hint, delivering);
  };
  return Promise.all(Array.from({ length: count }, work));
}

test("a receiver that hangs delays nobody else, however much waits for it", async () => {
  const dead = await aReceiver(() => undefined);
  const alive = await aReceiver((response) => response.end());
  const ids = [await webhookTo(dead.url), await webhookTo(alive.url)];
  const session = await created(store, "hanging");
  const { deliveries } = await record(
    store,
    session,
    { notifications: Array.from({ length: 100 }, () => news) },
    clock.now(),
  );
  const whose = await db.selectFrom("delivery").select(["id", "webhook_id"]).execute();
  const forDead = new Set(whose.filter((row) => row.webhook_id === ids[0]).map((row) => row.id));
  // The dead one's come first, and there are far more of them than hands.
  const hints = deliveries.toSorted((a, b) => Number(forDead.has(b)) - Number(forDead.has(a)));
  const working = hands(40, hints);

  await vi.waitFor(() => expect(alive.got).toHaveLength(100), { timeout: 20_000 });
  expect(dead.got.length).toBeGreaterThan(0);
  // As many as it may have in hand, and those that were counted at the same moment: one for each connection to the database.
  expect(dead.got.length).toBeLessThanOrEqual(16 + 10);
  shutdown.abort();
  await working;
});

test("one that failed is tried one delivery at a time until one arrives", async () => {
  await webhookTo("http://192.0.2.20/");
  const session = await created(store, "failing");
  const now = clock.now();
  const lease = () => ({ token: randomUUID(), until: new Date(now.getTime() + 10_000) });
  const { deliveries } = await record(store, session, { notifications: [news, news, news] }, now);
  const claim = async (place: number) => store.deliveries.claim(deliveries[place]!, lease(), now);
  const first = (await claim(0))!;
  await store.deliveries.settle(first, {
    kind: "failed",
    at: now,
    error: "503",
    next: new Date(now.getTime() + 1_000),
  });
  expect(await store.webhooks.list()).toMatchObject([{ failingSince: now }]);

  const second = (await claim(1))!;
  expect(await claim(2)).toBeNull();
  await store.deliveries.settle(second, { kind: "delivered", at: now });
  expect(await store.webhooks.list()).toMatchObject([{ failingSince: null }]);
  expect(await store.deliveries.claimNext(second, lease(), now)).toMatchObject({ id: deliveries[2] });
  expect(await store.deliveries.claimNext(second, lease(), now)).toBeNull();
});

test("410 switches a receiver off: nothing waits for it, it makes no project managed, and registering switches it on", async () => {
  const gone = await aReceiver((response) => response.writeHead(410).end());
  const id = await webhookTo(gone.url);
  const session = await created(store, "gone");
  const { deliveries } = await record(store, session, { notifications: [news, news] }, clock.now());
  await deliver(deliveries[0]!, { ...delivering, shutdown: new AbortController().signal });
  const why = "the receiver answered 410: it is gone";
  expect(await store.webhooks.list()).toMatchObject([{ id, off: { at: expect.any(Date), why } }]);
  const told = await store.reports.notifications(session.id, { project: null, after: 0, limit: 10 });
  expect(told?.flatMap((one) => one.deliveries.map(({ status, lastError }) => [status, lastError]))).toEqual([
    ["failed", why],
    ["failed", `not sent: ${why}`],
  ]);

  expect((await record(store, session, { notifications: [news] }, clock.now())).deliveries).toEqual([]);
  await store.webhooks.switchOn(id);
  expect((await record(store, session, { notifications: [news] }, clock.now())).deliveries).toHaveLength(1);
});

test("while the message bus is away, webhooks hear all the same, and what the bus missed waits for it", async () => {
  const alive = await aReceiver((response) => response.end());
  await webhookTo(alive.url);
  const session = await created(store, "no-bus");
  const onBus = postgresStore(db, { bus: true });
  const { deliveries } = await record(onBus, session, { notifications: [news, news] }, clock.now());
  for (const id of deliveries) await deliver(id, { ...delivering, shutdown: new AbortController().signal });
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
  const { deliveries } = await record(store, session, { notifications: Array.from({ length: 60 }, () => news) }, now);
  const lease = { token: randomUUID(), until: now };
  const failed = { kind: "failed", at: now, error: "no answer within 10 s", next: now } as const;
  await store.deliveries.settle((await store.deliveries.claim(deliveries[0]!, lease, now))!, failed);
  await webhookTo("http://192.0.2.21/");
  const others = await record(store, session, { notifications: [news] }, now);
  const whose = new Map(
    (await db.selectFrom("delivery").select(["id", "webhook_id"]).execute()).map((row) => [row.id, row.webhook_id]),
  );
  const other = others.deliveries.find((id) => whose.get(id) !== dead);
  const due = await store.due.deliveries(new Date(now.getTime() + 1), 50);
  expect(due).toContain(other);
  expect(due.filter((id) => whose.get(id) === dead)).toHaveLength(1);
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
  const { deliveries } = await record(store, session, { notifications: [news] }, moving.now());
  const sent = deliver(deliveries[0]!, {
    ...delivering,
    clock: moving,
    shutdown: new AbortController().signal,
    deliveries: {
      ...store.deliveries,
      renew: async (claimed, until) => {
        renewed();
        if (renewed.mock.calls.length === 10) answer();
        return store.deliveries.renew(claimed, until);
      },
    },
  });
  await sent;
  expect(now - clock.now().getTime()).toBeGreaterThan(15_000);
  const [told] = (await store.reports.notifications(session.id, { project: null, after: 0, limit: 1 }))!;
  expect(told?.deliveries).toMatchObject([{ status: "delivered", attempts: 1 }]);
});
