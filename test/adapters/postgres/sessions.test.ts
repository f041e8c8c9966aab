import { describe, expect, test } from "vitest";
import { postgresStore } from "../../../src/adapters/postgres/store.ts";
import { testDatabase } from "../../support/database.ts";
import {
  aKnownHost,
  aNewSession,
  aSession,
  claimed,
  created,
  doneWith,
  effects,
  host,
  later,
  LIMITS,
  NOON,
  record,
  snapshotOf,
  someChanges,
  texts,
} from "./support.ts";

const { db } = await testDatabase();
const store = postgresStore(db);
const emptyStore = postgresStore((await testDatabase()).db);

const noReport = { maintained: [], notMaintained: [], stillClosed: [] };
const aFailure = { reason: "no room", advice: "add a host" };
const counted = async () => (await store.reports.list()).length;

describe("a new session", () => {
  test("is due at once, in its first state, with its hosts waiting", async () => {
    const session = aSession({ metadata: { "openstack release": "Zed" } });
    const hosts = [
      aKnownHost("new-b"),
      aKnownHost("new-a", ["controller"], null),
      aKnownHost("new-c", ["compute"], { kind: "closed", reason: "broken fan" }),
    ];
    await store.sessions.create(aNewSession({ session, hosts }), LIMITS);
    expect(await store.due.sessions(NOON, 10)).toContain(session.id);
    expect(await snapshotOf(store, session)).toMatchObject({
      session,
      entry: { state: "MAINTENANCE", number: 1, since: NOON },
      hosts: [
        { name: "new-a", roles: ["controller"], status: { kind: "waiting" }, closure: "open" },
        { name: "new-b", roles: ["compute"], status: { kind: "waiting" }, closure: "open" },
        { name: "new-c", roles: ["compute"], status: { kind: "waiting" }, closure: "closed_by_others" },
      ],
      projects: [],
      instances: [],
      facts: null,
      failure: null,
      waiting: null,
    });
  });

  test("is refused when another session holds one of its hosts, and leaves nothing behind", async () => {
    const holder = await created(store, "held-1", "held-2");
    const before = await counted();
    const refused = store.sessions.create(
      aNewSession({ hosts: [aKnownHost("held-0"), aKnownHost("held-1"), aKnownHost("held-2")] }),
      LIMITS,
    );
    await expect(refused).rejects.toMatchObject({
      code: "HOST_HELD",
      field: "hosts",
      message: `held-1 is held by session ${holder.id}; held-2 is held by session ${holder.id}`,
    });
    expect(await counted()).toBe(before);
    await created(store, "held-0");
  });

  test("is refused when too many have not ended, also when all come at once", async () => {
    const creations = Array.from({ length: 6 }, () => emptyStore.sessions.create(aNewSession(), { maxSessions: 2 }));
    const results = await Promise.allSettled(creations);
    expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(2);
    for (const result of results) {
      if (result.status === "rejected") expect(result.reason).toMatchObject({ code: "TOO_MANY_SESSIONS" });
    }
  });

  test("of two that want the same hosts at once, one gets them", async () => {
    const wanting = (...names: string[]) =>
      store.sessions.create(aNewSession({ hosts: names.map((name) => aKnownHost(name)) }), LIMITS);
    const results = await Promise.allSettled([
      wanting("both-1", "both-2", "both-3"),
      wanting("both-3", "both-2", "both-1"),
    ]);
    expect(results.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
  });
});

describe("a session that has ended", () => {
  test("gives its hosts back, and is due no more", async () => {
    const session = await created(store, "end-1");
    await record(store, session, { ended: { ...noReport, maintained: [host("end-1")] }, wakeAt: null });
    expect(await store.due.sessions(later(9_999), 100)).not.toContain(session.id);
    await created(store, "end-1");
  });

  test("stays at rest, whatever comes late", async () => {
    const session = await created(store, "end-2");
    const taken = await claimed(store, session, { kind: "observe", occasion: "start" });
    await record(store, session, { ended: noReport, wakeAt: null });
    expect(await store.effects.finish(taken, doneWith({}, later(3)))).toBe(true);
    expect(await store.due.sessions(later(9_999), 100)).not.toContain(session.id);
  });
});

describe("a failed session is continued", () => {
  const failedSession = async (...names: string[]) => {
    const session = await created(store, ...names);
    await record(store, session, { enter: { state: "SCALE_IN" } });
    await record(store, session, { enter: { state: "MAINTENANCE_FAILED" }, failure: aFailure });
    const [first, second, third] = names.map((name) => host(name));
    if (first && second && third) {
      const hosts = [
        { host: first, status: { kind: "maintained", at: NOON } },
        { host: second, status: { kind: "failed", reason: "no boot" } },
        { host: third, status: { kind: "skipped", reason: "NACK" } },
      ] as const;
      await record(store, session, { hosts });
    }
    await record(store, session, { ended: noReport, wakeAt: null });
    return session;
  };

  test("in the state in which it failed, with nothing asked or done yet", async () => {
    const session = await failedSession("on-1", "on-2", "on-3");
    expect(await store.sessions.resume(session.id, null, later(60))).toEqual({ state: "SCALE_IN" });
    expect(await store.due.sessions(later(60), 100)).toContain(session.id);
    const { entry, hosts, effects: recorded, failure } = await snapshotOf(store, session, later(60));
    expect(entry).toEqual({ state: "SCALE_IN", number: 4, since: later(60) });
    expect(hosts.map(({ status }) => status.kind)).toEqual(["maintained", "waiting", "waiting"]);
    expect([recorded, failure]).toEqual([[], null]);
    expect(await store.reports.summary(session.id)).toMatchObject({ failure: null, report: null, endedAt: null });
    expect((await texts(store, session)).at(-1)).toBe("session_continued: SCALE_IN: continued by the admin");
  });

  test("in the state that the admin names", async () => {
    const session = await failedSession("on-4");
    expect(await store.sessions.resume(session.id, "MAINTENANCE", later(60))).toEqual({ state: "MAINTENANCE" });
  });

  test("unless another session holds a host of it now", async () => {
    const session = await failedSession("on-5");
    await created(store, "on-5");
    await expect(store.sessions.resume(session.id, null, later(60))).rejects.toMatchObject({ code: "HOST_HELD" });
    expect(await store.reports.summary(session.id)).toMatchObject({ state: "MAINTENANCE_FAILED", failure: aFailure });
  });

  test("unless it has not failed, or has not come to rest, or is not there", async () => {
    const running = await created(store, "on-6");
    await expect(store.sessions.resume(running.id, null, NOON)).rejects.toMatchObject({ code: "NOT_FAILED" });
    await record(store, running, { enter: { state: "MAINTENANCE_FAILED" }, failure: aFailure });
    await expect(store.sessions.resume(running.id, null, NOON)).rejects.toMatchObject({ code: "NOT_FAILED" });
    await record(store, running, { ended: noReport, wakeAt: null });
    await store.sessions.remove(running.id, NOON);
    expect(await store.sessions.resume(running.id, null, NOON)).toBe(false);
    expect(await store.sessions.resume(aSession().id, null, NOON)).toBe(false);
  });
});

describe("a removed session", () => {
  test("is found by nobody but the engine, which is to wind it up", async () => {
    const session = await created(store, "gone-1");
    await record(store, session, { ...effects({ kind: "observe", occasion: "start" }), wakeAt: later(3_600) });
    expect(await store.sessions.remove(session.id, later(1))).toBe(true);
    expect(await store.sessions.remove(session.id, later(2))).toBe(false);
    expect(await store.reports.summary(session.id)).toBeUndefined();
    expect(await store.reports.detail(session.id)).toBeUndefined();
    expect(await store.reports.timeline(session.id, 0, 10)).toBeUndefined();
    expect((await store.reports.list()).map(({ id }) => id)).not.toContain(session.id);
    expect(await store.due.sessions(later(1), 100)).toContain(session.id);
    let removed: boolean | undefined;
    await store.sessions.inTurn(session.id, later(1), async (open) => {
      removed = open.removed;
      await open.record(someChanges({ ended: noReport, wakeAt: null }));
    });
    expect(removed).toBe(true);
    await created(store, "gone-1"); // Its host is free again.
  });

  test("that had ended before stays at rest", async () => {
    const session = await created(store, "gone-2");
    await record(store, session, { ended: noReport, wakeAt: null });
    expect(await store.sessions.remove(session.id, later(1))).toBe(true);
    expect(await store.due.sessions(later(9_999), 100)).not.toContain(session.id);
  });

  test("is an unknown one", async () => {
    expect(await store.sessions.remove(aSession().id, NOON)).toBe(false);
  });
});
