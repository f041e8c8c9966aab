/**
 * What Fenix puts on the message bus of a real OpenStack reaches the managers that listen to event alarms: outbox →
 * RabbitMQ → Ceilometer → AODH → a receiver on this machine. The alarms are taken away again.
 */
import { randomUUID } from "node:crypto";
import { afterAll, describe, expect, test } from "vitest";
import { openMessageBus } from "../../src/adapters/notifications/message-bus.ts";
import { notifierBy } from "../../src/adapters/notifications/notifier.ts";
import { openStackCloud } from "../../src/adapters/openstack/cloud.ts";
import { postgresStore } from "../../src/adapters/postgres/store.ts";
import { systemClock as clock } from "../../src/adapters/system-clock.ts";
import { HostName, InstanceId, ProjectId, SessionId } from "../../src/domain/ids.ts";
import type { MaintenanceScheduled, Notification } from "../../src/domain/notification.ts";
import { startDelivering } from "../../src/effects/deliver.ts";
import { aodhCallback } from "../../src/wire/aodh-callback.ts";
import { linksFrom } from "../../src/wire/links.ts";
import { replyTokens } from "../../src/wire/reply-token.ts";
import { created, record } from "../adapters/postgres/support.ts";
import { aReceiver } from "../support/a-receiver.ts";
import { testDatabase } from "../support/database.ts";
import { readPost, unlikeAnAlarm } from "./alarm-posts.ts";
import { type Client, logIn, loginFrom } from "./nova-client.ts";

const { OS_AUTH_URL, OS_TEST_PROJECTS = "tenant-a,tenant-b", FENIX_BUS_URL, FENIX_BUS_TOPIC } = process.env;
if (!OS_AUTH_URL) console.log("skipped: event alarms of a real OpenStack, since OS_AUTH_URL is not set");

const publicUrl = "http://192.0.2.10:12347";
const tokens = replyTokens(["0123456789abcdef0123456789abcdef"]);
const instance = InstanceId.parse("109e14d9-6566-42b3-93e4-76605f264d8f");

const question = (project: ProjectId, changes: Partial<MaintenanceScheduled> = {}): MaintenanceScheduled => ({
  type: "maintenance.scheduled",
  project,
  state: "PLANNED_MAINTENANCE",
  instances: [instance],
  allowedActions: ["MIGRATE", "LIVE_MIGRATE", "OWN_ACTION"],
  replyBy: new Date(Date.now() + 600_000),
  actionsAt: new Date(Date.now() + 600_000),
  missing: null,
  instance: null,
  metadata: {},
  ...changes,
});

const awkward: readonly (readonly [string, Partial<MaintenanceScheduled>])[] = [
  ["about one instance", { instance }],
  [
    "news, which nobody has to answer",
    { state: "INSTANCE_ACTION_DONE", allowedActions: [], replyBy: null, actionsAt: null },
  ],
  [
    "what has to become free",
    {
      state: "SCALE_IN",
      allowedActions: [],
      missing: { VCPU: 8, MEMORY_MB: 16_384 },
      members: Array.from({ length: 5 }, () => ({ instances: 2, group: null, demand: { VCPU: 2 } })),
    },
  ],
  ["nulls", { metadata: { nothing: null, more: { a: null, b: [null, 1] } } }],
  ["other alphabets and quotes", { metadata: { a: "grün – 維護", b: `it's`, c: `"so"`, d: `'"`, e: "\n\t\u0007\\" } }],
  ["numbers and yes or no", { metadata: { yes: true, no: false, whole: 7, part: 0.5, negative: -1 } }],
  ["more than a trait holds", { metadata: { first: "kept", long: "x".repeat(300), last: "lost" } }],
];

describe.skipIf(!OS_AUTH_URL)("an event alarm of a real OpenStack", async () => {
  const store = postgresStore((await testDatabase()).db, { bus: true });
  const admin = Object.fromEntries(Object.entries(process.env).filter(([name]) => name.startsWith("OS_")));
  const cloud = openStackCloud(admin);
  const closing: (() => Promise<unknown>)[] = [() => cloud.disconnect()];
  afterAll(async () => {
    for (const close of closing.toReversed()) await close();
  });

  /** An alarm of the client's project that calls a receiver of its own. */
  async function alarm(client: Client, eventType: string) {
    const receiver = await aReceiver((response) => response.end());
    const { alarm_id } = await client.post<{ alarm_id: string }>("alarming", "/v2/alarms", {
      name: `fenix-test-${randomUUID()}`,
      type: "event",
      event_rule: { event_type: eventType },
      repeat_actions: true,
      alarm_actions: [receiver.url],
    });
    closing.push(() => client.remove("alarming", `/v2/alarms/${alarm_id}`));
    return receiver;
  }

  function openBus(envelope: "1.0" | "2.0") {
    const bus = openMessageBus(
      {
        url: FENIX_BUS_URL ?? "rabbit://guest:guest@127.0.0.1:5672/",
        exchange: "openstack",
        topic: FENIX_BUS_TOPIC ?? "notifications",
        durable: false,
        quorum: false,
        envelope,
      },
      {
        publicUrl,
        replyTokens: tokens,
        project: (options) => cloud.ownProject(options),
        log: { info: () => undefined, warn: (fields, message) => console.warn(message, fields) },
      },
    );
    closing.push(() => bus.close());
    return bus;
  }

  /** Tells it until AODH has heard of the alarm, which takes up to a minute (reference §3.6). */
  async function tellUntilHeard(envelope: "1.0" | "2.0", told: Notification, heard: () => boolean): Promise<void> {
    const bus = openBus(envelope);
    const webhooks = { send: async () => undefined };
    const session = await created(store, `bus-${randomUUID()}`);
    const deliverer = startDelivering({
      ...{ deliveries: store.deliveries, notifier: notifierBy({ webhooks, bus }), clock, random: () => 0 },
      ...{ shutdown: new AbortController().signal, onError: (error) => console.warn(error) },
    });
    const end = Date.now() + 120_000;
    while (!heard() && Date.now() < end) {
      const { receivers } = await record(store, session, { notifications: [told] }, clock.now());
      for (const receiver of receivers) await deliverer.deliver(receiver);
      for (let waited = 0; waited < 5_000 && !heard(); waited += 100) await clock.sleep(100);
    }
    await deliverer.ended();
    const states = await store.reports.notifications(session.id, { project: null, after: 0, limit: 100 });
    expect(states?.flatMap(({ deliveries }) => deliveries)).toContainEqual(
      expect.objectContaining({ receiver: { kind: "bus" }, status: "delivered" }),
    );
  }

  const traitsIn = (text: string | undefined) =>
    JSON.parse(text ?? "{}").reason_data.event.traits as readonly (readonly [string, number, string])[];

  test.each(["2.0", "1.0"] as const)(
    "fires at a project's manager for what its project is asked, envelope %s (K9)",
    async (envelope) => {
      const [name = ""] = OS_TEST_PROJECTS.split(",");
      const tenant = await logIn(loginFrom(process.env, name));
      const receiver = await alarm(tenant, "maintenance.scheduled");
      const project = ProjectId.parse(tenant.projectId);
      await tellUntilHeard(envelope, question(project, { metadata: { urgent: true } }), () => receiver.got.length > 0);
      expect(receiver.got[0]).toMatchObject({ method: "POST" });
      const traits = traitsIn(receiver.got[0]?.text);
      expect(traits).toEqual(
        expect.arrayContaining([
          ["service", 1, "fenix"],
          ["project_id", 1, project],
          ["state", 1, "PLANNED_MAINTENANCE"],
          ["allowed_actions", 1, "['MIGRATE', 'LIVE_MIGRATE', 'OWN_ACTION']"],
          ["metadata", 1, "{'urgent': True}"],
        ]),
      );
      const reply = traits.find(([trait]) => trait === "reply_url")?.[2];
      expect(reply).toMatch(
        new RegExp(`^http://192\\.0\\.2\\.10:12347/v1/maintenance/[0-9a-f-]{36}/${project}\\?token=[\\w.-]{31}$`),
      );
    },
  );

  test("posts the very traits that Fenix's own webhook posts (K10)", async () => {
    const [name = ""] = OS_TEST_PROJECTS.split(",");
    const tenant = await logIn(loginFrom(process.env, name));
    const receiver = await alarm(tenant, "maintenance.scheduled");
    const project = ProjectId.parse(tenant.projectId);
    const session = SessionId.parse(randomUUID());
    const bus = openBus("2.0");
    const heard = () => receiver.got.map(({ text }) => readPost(text));
    const tell = async (notification: Notification) => {
      const event = { messageId: randomUUID(), generated: clock.now(), session, notification };
      await bus.publish(event, { signal: AbortSignal.timeout(10_000) });
      return event;
    };
    // Connecting takes a moment, and AODH may hear of the alarm a minute later.
    for (const end = Date.now() + 120_000; heard().length === 0 && Date.now() < end; await clock.sleep(2_000))
      await tell(question(project)).catch(() => undefined);
    const links = linksFrom(publicUrl, tokens);
    for (const [what, changes] of awkward) {
      const event = await tell(question(project, changes));
      const post = () => heard().find(({ reason_data }) => reason_data.event.message_id === event.messageId);
      await expect.poll(post, { timeout: 10_000 }).toBeDefined();
      const { reason, reason_data } = aodhCallback(event, { id: randomUUID(), project }, links);
      const got = post()!;
      const own = new Map(reason_data.event.traits.map(([trait, ...rest]) => [trait, rest]));
      const theirs = new Map(got.reason_data.event.traits.map(([trait, ...rest]) => [trait, rest]));
      // Ours alone: a cloud whose definitions are those of the original has no traits for them.
      for (const trait of ["missing", "members"]) if (!theirs.has(trait)) own.delete(trait);
      expect(theirs, what).toEqual(own);
      expect(got.reason, what).toBe(reason);
      expect(unlikeAnAlarm(JSON.stringify(got)), what).toEqual([]);
    }
  });

  test("makes its project managed, from whichever project it is seen", async () => {
    // One that has not asked yet each time: what AODH said is believed for a minute.
    const listening = async () => {
      const fresh = openStackCloud(admin);
      closing.push(() => fresh.disconnect());
      return fresh.alarms.listening({ signal: AbortSignal.timeout(30_000) });
    };
    const [, name = ""] = OS_TEST_PROJECTS.split(",");
    const tenant = await logIn(loginFrom(process.env, name));
    const before = await listening();
    await alarm(tenant, "maintenance.*");
    expect(before).not.toContain(tenant.projectId);
    expect(await listening()).toContain(tenant.projectId);
  });

  test("fires at an infrastructure service in the project of Fenix's own user for hosts (K13)", async () => {
    const operators = await logIn(loginFrom(process.env));
    const receiver = await alarm(operators, "maintenance.*");
    const down: Notification = { type: "maintenance.host", host: HostName.parse("compute-1"), state: "IN_MAINTENANCE" };
    await tellUntilHeard("2.0", down, () => receiver.got.length > 0);
    expect(traitsIn(receiver.got[0]?.text)).toEqual(
      expect.arrayContaining([
        ["host", 1, "compute-1"],
        ["state", 1, "IN_MAINTENANCE"],
        ["project_id", 1, operators.projectId],
      ]),
    );
  });
});
