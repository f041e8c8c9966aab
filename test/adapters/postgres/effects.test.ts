import { describe, expect, test, vi } from "vitest";
import { postgresStore } from "../../../src/adapters/postgres/store.ts";
import type { ClaimedEffect, EffectEnd, EffectId } from "../../../src/ports/effects.ts";
import { testDatabase } from "../../support/database.ts";
import {
  aKnownHost,
  aLease,
  aNewSession,
  aSession,
  claim,
  claimed,
  created,
  doneWith,
  effects,
  host,
  instance,
  later,
  LIMITS,
  NOON,
  project,
  record,
  snapshotOf,
  texts,
} from "./support.ts";

const { db, pool } = await testDatabase();
const store = postgresStore(db);

const observe = { kind: "observe", occasion: "start" } as const;
const aMove = (name: string) =>
  ({ kind: "move_instance", instance: instance(name), from: host("a"), to: null, how: "MIGRATE", attempt: 1 }) as const;
const seen = (name: string, where: string | null, status = "ACTIVE") => ({
  id: instance(name),
  name,
  project: project("shop"),
  host: where === null ? null : host(where),
  status,
});

describe("an effect is taken", () => {
  test("by one of many workers", async () => {
    const session = await created(store, "claim-1");
    const { effects: ids } = await record(store, session, effects(observe));
    const [id] = ids;
    if (id === undefined) throw new Error("nothing was recorded");
    const taken = await Promise.all(Array.from({ length: 8 }, () => store.effects.claim(id, aLease(), NOON)));
    expect(taken.filter((one) => one !== null)).toHaveLength(1);
  });

  test("with all that its performer needs", async () => {
    const session = await created(store, "claim-2a", "claim-2b");
    expect(await claimed(store, session, observe)).toEqual({
      id: expect.any(Number),
      session,
      entry: 1,
      effect: observe,
      token: expect.any(String),
      recordedAt: NOON,
      attempt: 1,
      postponedSince: null,
      interrupted: false,
      hosts: { kind: "known", names: ["claim-2a", "claim-2b"] },
      instances: [],
    });
  });

  test("again when its lease has ended, and is told to be interrupted", async () => {
    const session = await created(store, "claim-3");
    const first = await claimed(store, session, observe);
    expect(await store.effects.claim(first.id, aLease(), later(10))).toBeNull();
    expect(await store.due.effects(later(10), 10)).not.toContain(first.id);
    expect(await store.due.effects(later(11), 10)).toContain(first.id);
    const second = await claim(store, first.id, later(11));
    expect(second).toMatchObject({ attempt: 2, interrupted: true });
    expect(await texts(store, session)).toEqual([
      "session_created: MAINTENANCE: created with workflow default, 1 hosts",
      "effect_started: observe started, try 1",
      "effect_started: observe started, try 2, since the worker before never told how it ended",
    ]);
  });

  test("not before its time, when it was postponed", async () => {
    const session = await created(store, "claim-4");
    const first = await claimed(store, session, observe);
    expect(await store.effects.postpone(first, later(5), "the cloud is away", later(1))).toBe(true);
    expect(await store.effects.claim(first.id, aLease(), later(4))).toBeNull();
    const [waiting] = (await snapshotOf(store, session)).effects;
    expect(waiting?.status).toEqual({ kind: "pending", lastError: "the cloud is away" });
    const second = await claim(store, first.id, later(5));
    expect(second).toMatchObject({ attempt: 2, interrupted: false, postponedSince: later(1) });
    await store.effects.postpone(second, later(9), "still away", later(6));
    expect(await claim(store, first.id, later(9))).toMatchObject({ postponedSince: later(1) });
  });
});

describe("a worker whose lease was lost", () => {
  test("writes nothing, by whatever call", async () => {
    const session = await created(store, "lost-1");
    const stale = await claimed(store, session, observe);
    const holder = await claim(store, stale.id, later(11));
    const before = await texts(store, session);
    expect(await store.effects.renew([stale, holder], later(60))).toEqual(new Set([holder]));
    expect(await store.effects.postpone(stale, later(60), "too late", later(12))).toBe(false);
    const end = doneWith({ hosts: [aKnownHost("lost-2")], instances: [seen("lost-vm", "lost-1")] }, later(12));
    expect(await store.effects.finish(stale, end)).toBe(false);
    await store.effects.keepOutput(stale, "stale");
    expect(await texts(store, session)).toEqual(before);
    expect(await snapshotOf(store, session)).toMatchObject({
      hosts: [{ name: "lost-1" }],
      instances: [],
      projects: [],
    });
    expect(await store.effects.finish(holder, doneWith({}, later(13)))).toBe(true);
    expect(await store.effects.finish(holder, doneWith({}, later(14)))).toBe(false);
  });

  test("keeps it as long as it renews", async () => {
    const session = await created(store, "lost-3");
    const taken = await claimed(store, session, observe);
    expect(await store.effects.renew([taken], later(20))).toEqual(new Set([taken]));
    expect(await store.effects.claim(taken.id, aLease(), later(15))).toBeNull();
  });
});

describe("several effects are locked in the order of their ids, so that nobody waits in a circle", () => {
  async function somebodyWaits(): Promise<boolean> {
    const { rows } = await pool.query(`
      select from pg_locks join pg_stat_activity using (pid) where not granted and datname = current_database()
    `);
    return rows.length > 0;
  }

  /** Those that others could lock while `locks` waits for the first. */
  async function leftFree(first: EffectId, ids: readonly EffectId[], locks: () => Promise<unknown>): Promise<unknown> {
    const client = await pool.connect();
    try {
      await client.query("begin");
      await client.query("select from effect where id = $1 for update", [first]);
      const locked = locks();
      await vi.waitUntil(somebodyWaits, 10_000);
      const free = "select id from effect where id = any($1) order by id for update skip locked";
      const { rows } = await pool.query<{ id: EffectId }>(free, [ids]);
      await client.query("commit");
      await locked;
      return rows.map(({ id }) => id);
    } finally {
      client.release(true);
    }
  }

  test.each<{ name: string; locks: (all: readonly ClaimedEffect[]) => Promise<unknown> }>([
    { name: "renewed", locks: (all) => store.effects.renew(all, later(20)) },
    { name: "ended", locks: (all) => Promise.all(all.map((one) => store.effects.finish(one, doneWith({})))) },
    {
      name: "ended, with hosts found",
      locks: (all) => Promise.all(all.map((one) => store.effects.finish(one, doneWith({ hosts: [] })))),
    },
    {
      name: "taken over",
      locks: (all) => Promise.all(all.map(({ id }) => store.effects.claim(id, aLease(later(30)), later(11)))),
    },
  ])("when they are $name", async ({ name, locks }) => {
    const session = await created(store, `order, ${name}`);
    const { effects: ids } = await record(store, session, effects(aMove("a"), aMove("b"), aMove("c")));
    const [first, ...rest] = await Promise.all(ids.map((id) => claim(store, id)));
    if (!first) throw new Error("nothing was recorded");
    await store.effects.keepOutput(first, "now its row lies behind the others in the table");
    const free = await leftFree(first.id, ids, () => locks([...rest.toReversed(), first]));
    expect(free).toEqual(rest.map(({ id }) => id));
  });
});

describe("an effect ends", () => {
  test("with everything that follows from a look at the cloud", async () => {
    const session = await created(store, "end-1", "end-2");
    const first = doneWith({
      instances: [seen("end-vm-1", "end-1"), seen("end-vm-2", "end-2"), seen("end-vm-3", "end-2")],
    });
    await store.effects.finish(await claimed(store, session, observe), first);
    const again = await claimed(store, session, { kind: "observe", occasion: "again" });
    expect(again.instances).toEqual(["end-vm-1", "end-vm-2", "end-vm-3"]);
    const second = {
      instances: [seen("end-vm-1", "elsewhere"), seen("end-vm-2", "end-2", "SHUTOFF")],
      gone: [instance("end-vm-3")],
    };
    await store.effects.finish(again, doneWith(second, later(5)));
    const { instances, projects } = await snapshotOf(store, session);
    expect(instances).toEqual([seen("end-vm-1", "elsewhere"), seen("end-vm-2", "end-2", "SHUTOFF")]);
    expect(projects).toEqual([{ id: "shop", managed: false }]);
    const back = await claimed(store, session, { kind: "observe", occasion: "back" });
    expect(back.instances).toEqual(["end-vm-1", "end-vm-2"]);
    await store.effects.finish(back, doneWith({ instances: [seen("end-vm-3", "end-1")] }));
    expect((await snapshotOf(store, session)).instances).toContainEqual(seen("end-vm-3", "end-1"));
  });

  test("and the session is due", async () => {
    const session = await created(store, "end-3");
    const taken = await claimed(store, session, observe);
    await record(store, session, { wakeAt: later(3_600) });
    expect(await store.due.sessions(later(8), 100)).not.toContain(session.id);
    await store.effects.finish(taken, doneWith({}, later(8)));
    expect(await store.due.sessions(later(8), 100)).toContain(session.id);
  });

  test.each([
    { status: { kind: "failed", at: later(3), reason: "no room" } },
    { status: { kind: "unknown", at: later(3), reason: "a worker died" } },
    { status: { kind: "done", at: later(3), outcome: { host: host("b"), seconds: 3 } } },
  ] satisfies Pick<EffectEnd, "status">[])("as $status.kind, and is read back so", async ({ status }) => {
    const session = await created(store, `end-as-${status.kind}`);
    const taken = await claimed(store, session, aMove("vm"));
    await store.effects.finish(taken, { at: later(3), status, consequences: {}, journal: [] });
    const [ended] = (await snapshotOf(store, session, later(3))).effects;
    expect(ended?.status).toEqual(status);
  });

  test("with a door closed, an instance moved, an output kept", async () => {
    const session = await created(store, "end-5");
    await store.effects.finish(
      await claimed(store, session, observe),
      doneWith({ instances: [seen("end-vm-5", "end-5")] }),
    );
    const closing = await claimed(store, session, { kind: "close_host", host: host("end-5") });
    await store.effects.finish(closing, doneWith({ closure: { host: host("end-5"), closure: "closed_by_session" } }));
    const moving = await claimed(store, session, aMove("end-vm-5"));
    await store.effects.finish(moving, doneWith({ place: { instance: instance("end-vm-5"), host: host("b") } }));
    const { hosts, instances } = await snapshotOf(store, session);
    expect(hosts).toMatchObject([{ closure: "closed_by_session" }]);
    expect(instances).toEqual([seen("end-vm-5", "b")]);
  });

  test("and patience with the cloud begins anew", async () => {
    const session = await created(store, "end-6");
    const first = await claimed(store, session, observe);
    await store.effects.postpone(first, later(5), "away", later(1));
    await store.effects.finish(await claim(store, first.id, later(5)), doneWith({}, later(6)));
    const { rows } = await pool.query("select postponed_since, lease_token, lease_until from effect where id = $1", [
      first.id,
    ]);
    expect(rows).toEqual([{ postponed_since: null, lease_token: null, lease_until: null }]);
  });
});

describe("hosts that the first look finds", () => {
  const unknownHosts = async (...requested: readonly string[]) => {
    const session = aSession();
    const hosts = requested.map((name) => host(name));
    await store.sessions.create(aNewSession({ session, hosts: null, requestedHosts: hosts }), LIMITS);
    return session;
  };

  test("are the session's from then on", async () => {
    const session = await unknownHosts("found-1");
    const taken = await claimed(store, session, observe);
    expect(taken.hosts).toEqual({ kind: "requested", names: ["found-1"] });
    const closed = { kind: "closed", reason: "broken fan" } as const;
    await store.effects.finish(taken, doneWith({ hosts: [aKnownHost("found-1", ["compute", "controller"], closed)] }));
    expect((await snapshotOf(store, session)).hosts).toEqual([
      { name: "found-1", roles: ["compute", "controller"], status: { kind: "waiting" }, closure: "closed_by_others" },
    ]);
    await expect(store.sessions.create(aNewSession({ hosts: [aKnownHost("found-1")] }), LIMITS)).rejects.toMatchObject({
      code: "HOST_HELD",
    });
  });

  test("make a failure of the look when another session holds one, and nothing else", async () => {
    const holder = await created(store, "found-3");
    const session = await unknownHosts();
    const end = doneWith({
      hosts: [aKnownHost("found-2"), aKnownHost("found-3")],
      instances: [seen("found-vm", "found-2")],
    });
    expect(await store.effects.finish(await claimed(store, session, observe), end)).toBe(true);
    const { effects: recorded, hosts, instances } = await snapshotOf(store, session);
    const reason = `found-3 is held by session ${holder.id}`;
    expect(recorded.map(({ status }) => status)).toEqual([{ kind: "failed", at: NOON, reason }]);
    expect([hosts, instances]).toEqual([[], []]);
    expect((await texts(store, session)).at(-1)).toBe(`effect_failed: observe failed: ${reason}`);
    await created(store, "found-2"); // Free: the failed look kept nothing.
  });
});
