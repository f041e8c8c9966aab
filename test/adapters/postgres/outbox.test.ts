import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import { postgresStore } from "../../../src/adapters/postgres/store.ts";
import type { EventType, Notification } from "../../../src/domain/notification.ts";
import { ReceiverId } from "../../../src/ports/effects.ts";
import type { Receiver, Webhook } from "../../../src/ports/deliveries.ts";
import { aWebhook as aNewWebhook } from "../../support/a-webhook.ts";
import { testDatabase } from "../../support/database.ts";
import {
  aLease,
  created,
  host,
  instance,
  later,
  NOON,
  project,
  record,
  snapshotOf,
  claimed,
  doneWith,
} from "./support.ts";

const { db } = await testDatabase();
const store = postgresStore(db);

async function aWebhook(name: string, of: string | null, ...events: EventType[]): Promise<Webhook> {
  const webhook = aNewWebhook({
    id: randomUUID(),
    project: of === null ? null : project(of),
    url: `http://127.0.0.1/${name}`,
    events,
  });
  await store.webhooks.add(webhook);
  return webhook;
}

const scheduled = (of: string): Notification => ({
  type: "maintenance.scheduled",
  project: project(of),
  state: "SCALE_IN",
  instance: null,
  instances: [instance("vm-1")],
  allowedActions: ["MIGRATE"],
  replyBy: later(40),
  actionsAt: later(60),
  missing: { VCPU: 2 },
  metadata: { replyBy: "tomorrow", release: "Zed" },
});
const inMaintenance: Notification = { type: "maintenance.host", host: host("a"), state: "IN_MAINTENANCE" };
const movedOn: Notification = { type: "maintenance.session", state: "SCALE_IN", percentDone: 50 };

const nameOf = (receiver: Receiver) =>
  receiver.kind === "webhook" ? receiver.webhook.url.split("/").at(-1) : receiver.kind;

const claimFor = async (receiver: string, now = NOON, until = new Date(now.getTime() + 10_000)) =>
  (await store.deliveries.claim(ReceiverId.parse(receiver), aLease(until), now)).claimed;

const claimAll = async (receivers: readonly ReceiverId[]) =>
  (await Promise.all(receivers.map((receiver) => claimFor(receiver)))).flat();

describe("a notification is delivered", () => {
  test("to the webhooks that shall hear of it, and to no other project", async () => {
    const hooks = [
      await aWebhook("shop", "shop", "maintenance.scheduled"),
      // As older releases let an admin register it: no project hears the names of hosts.
      await aWebhook("shop-all", "shop", "maintenance.scheduled", "maintenance.host", "maintenance.session"),
      await aWebhook("bank", "bank", "maintenance.scheduled"),
      await aWebhook("billing", null, "maintenance.host"),
      await aWebhook("admin", null, "maintenance.host", "maintenance.session", "maintenance.scheduled"),
    ];
    const session = await created(store, "outbox-1");
    const { receivers } = await record(store, session, { notifications: [scheduled("shop"), inMaintenance, movedOn] });
    const claims = await claimAll(receivers);
    const heard = claims.map((claim) => `${claim.notification.type} at ${nameOf(claim.receiver)}`);
    expect(heard.toSorted()).toEqual([
      "maintenance.host at admin",
      "maintenance.host at billing",
      "maintenance.scheduled at admin",
      "maintenance.scheduled at shop",
      "maintenance.scheduled at shop-all",
      "maintenance.session at admin",
    ]);
    for (const { id } of hooks) await store.webhooks.remove(id);
  });

  test("as it was told, under one message id for all receivers and tries", async () => {
    const hooks = [
      await aWebhook("one", null, "maintenance.scheduled"),
      await aWebhook("two", "shop", "maintenance.scheduled"),
    ];
    const session = await created(store, "outbox-2");
    const { receivers } = await record(store, session, { notifications: [scheduled("shop")] });
    const [first, second] = await claimAll(receivers);
    expect(first).toEqual({
      id: expect.any(Number),
      token: expect.any(String),
      messageId: expect.any(String),
      session: session.id,
      notification: scheduled("shop"),
      createdAt: NOON,
      attempt: 1,
      receiver: {
        kind: "webhook",
        webhook: expect.objectContaining({ events: ["maintenance.scheduled"], createdAt: NOON }),
      },
    });
    expect(second?.messageId).toBe(first?.messageId);
    for (const { id } of hooks) await store.webhooks.remove(id);
  });

  test("to the message bus too, where there is one, and once", async () => {
    const onBus = postgresStore(db, { bus: true });
    const hook = await aWebhook("beside", "shop", "maintenance.scheduled");
    const session = await created(store, "outbox-bus");
    const { receivers } = await record(onBus, session, { notifications: [scheduled("shop"), movedOn] });
    const claims = await claimAll(receivers);
    expect(claims.map((claim) => `${claim.notification.type} at ${nameOf(claim.receiver)}`).toSorted()).toEqual([
      "maintenance.scheduled at beside",
      "maintenance.scheduled at bus",
      "maintenance.session at bus",
    ]);
    const [first, second] = claims.filter((claim) => claim.receiver.kind === "bus");
    if (!first || !second) throw new Error("not claimed");
    await store.deliveries.settle(first, { kind: "failed", at: NOON, error: "out of reach", next: later(2) });
    await store.deliveries.settle(second, { kind: "delivered", at: NOON });
    expect(await store.due.receivers(later(1), 10)).toEqual([]);
    expect(await store.due.receivers(later(3), 10)).toEqual(["bus"]);
    expect(await claimFor("bus", later(3))).toMatchObject([{ id: first.id, attempt: 2 }]);
    await store.webhooks.remove(hook.id);
  });

  test("by one worker at a time, until it is settled", async () => {
    const { id: webhook } = await aWebhook("settle", null, "maintenance.session");
    const session = await created(store, "outbox-3");
    const { receivers } = await record(store, session, { notifications: [movedOn] });
    expect(receivers).toEqual([webhook]);
    const [stale] = await claimFor(webhook, NOON, later(10));
    expect(await claimFor(webhook, later(5))).toEqual([]);
    expect(await store.due.receivers(later(5), 10)).not.toContain(webhook);
    expect(await store.due.receivers(later(11), 10)).toContain(webhook);

    const [second] = await claimFor(webhook, later(11), later(21));
    if (!stale || !second) throw new Error("not claimed");
    expect(second).toMatchObject({ attempt: 2, messageId: stale.messageId });
    expect(await store.deliveries.settle(stale, { kind: "delivered", at: later(12) })).toBe(false);
    const refused = { kind: "failed", at: later(12), error: "503", next: later(30) } as const;
    expect(await store.deliveries.settle(second, refused)).toBe(true);
    expect(await store.due.receivers(later(29), 10)).not.toContain(webhook);

    const [third] = await claimFor(webhook, later(30), later(60));
    if (!third) throw new Error("not claimed");
    expect(await store.deliveries.settle(third, { kind: "delivered", at: later(31) })).toBe(true);
    expect(await store.due.receivers(later(9_999), 10)).not.toContain(webhook);
    expect(await claimFor(webhook, later(9_999))).toEqual([]);
    await store.webhooks.remove(webhook);
  });

  test("until it is given up", async () => {
    const { id: webhook } = await aWebhook("give-up", null, "maintenance.session");
    const session = await created(store, "outbox-4");
    const { receivers } = await record(store, session, { notifications: [movedOn] });
    const [claim] = await claimAll(receivers);
    if (!claim) throw new Error("not claimed");
    await store.deliveries.settle(claim, { kind: "failed", at: later(1), error: "gone \0", next: null });
    expect(await store.due.receivers(later(9_999), 10)).not.toContain(webhook);
    await store.webhooks.remove(webhook);
  });

  test("never by a webhook that was removed meanwhile", async () => {
    const { id: webhook } = await aWebhook("removed", null, "maintenance.session");
    const session = await created(store, "outbox-5");
    const { receivers } = await record(store, session, { notifications: [movedOn] });
    expect(await store.webhooks.remove(webhook)).toBe(true);
    expect(await claimAll(receivers)).toEqual([]);
  });
});

describe("webhooks", () => {
  test("are listed by project, and removed once", async () => {
    const [mine, admins] = [
      await aWebhook("a", "lister", "maintenance.scheduled"),
      await aWebhook("b", null, "maintenance.host"),
    ];
    expect(await store.webhooks.list(project("lister"))).toEqual([mine]);
    expect(await store.webhooks.list()).toEqual(expect.arrayContaining([mine, admins]));
    expect(await store.webhooks.remove(mine.id)).toBe(true);
    expect(await store.webhooks.remove(mine.id)).toBe(false);
    expect(await store.webhooks.remove("not even an id")).toBe(false);
    await store.webhooks.remove(admins.id);
  });

  test("keep their secrets, and the one before until its end", async () => {
    const id = randomUUID();
    const [secret, next] = ["whsec_b2xk", "whsec_bmV3"];
    const signed = aNewWebhook({
      id,
      project: project("signer"),
      format: { kind: "cloudevents", secret, oldSecret: null },
    });
    await store.webhooks.add(signed);
    expect(await store.webhooks.list(project("signer"))).toEqual([signed]);
    await store.webhooks.changeSecret(id, next, later(60));
    const oldSecret = { secret, until: later(60) };
    expect(await store.webhooks.list(project("signer"))).toMatchObject([{ format: { secret: next, oldSecret } }]);
    await store.webhooks.remove(id);
  });

  test("for maintenance.scheduled make a project managed, as do event alarms and a manager that polls", async () => {
    const session = await created(store, "managed");
    const vm = (name: string, of: string) => ({
      id: instance(name),
      name,
      project: project(of),
      host: host("managed"),
      status: "ACTIVE",
    });
    const looking = await claimed(store, session, { kind: "observe", occasion: "start" });
    const vms = [vm("vm-a", "asked"), vm("vm-b", "deaf"), vm("vm-c", "silent")];
    await store.effects.finish(looking, doneWith({ instances: vms }));
    const hook = await aWebhook("asked", "asked", "maintenance.host", "maintenance.scheduled");
    await aWebhook("deaf", "deaf", "maintenance.host");
    expect((await snapshotOf(store, session)).projects).toEqual([
      { id: "asked", managed: true },
      { id: "deaf", managed: false },
      { id: "silent", managed: false },
    ]);

    const managed = async () =>
      (await snapshotOf(store, session)).projects.filter((one) => one.managed).map(({ id }) => id);
    let looks = 0;
    const look = async (alarmed?: readonly string[]) => {
      const again = await claimed(store, session, { kind: "observe", occasion: `look-${(looks += 1)}` });
      const listening = alarmed && { alarmed: alarmed.map((name) => project(name)) };
      await store.effects.finish(again, doneWith({ instances: vms, ...listening }));
    };
    await look(["silent", "not in the session"]);
    expect(await managed()).toEqual(["asked", "silent"]);
    await look(); // Nobody could say.
    expect(await managed()).toEqual(["asked", "silent"]);
    await look([]);
    expect(await managed()).toEqual(["asked"]);
    await store.polling.declare(project("deaf"), NOON);
    await store.polling.declare(project("deaf"), later(9));
    expect([await managed(), await store.polling.since(project("deaf"))]).toEqual([["asked", "deaf"], NOON]);
    await store.polling.takeBack(project("deaf"));
    expect([await managed(), await store.polling.since(project("deaf"))]).toEqual([["asked"], null]);
    await record(store, session, { notifications: [scheduled("asked")] });
    const [claim] = await claimFor(hook.id);
    await store.deliveries.settle(claim!, { kind: "gone", at: NOON, error: "410" });
    expect(await managed()).toEqual([]);
    await store.webhooks.remove(hook.id);
  });
});
