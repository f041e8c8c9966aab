import { sql } from "kysely";
import { describe, expect, test } from "vitest";
import { postgresStore } from "../../../src/adapters/postgres/store.ts";
import type { CloudFacts } from "../../../src/domain/cloud.ts";
import { testDatabase } from "../../support/database.ts";
import {
  aGate,
  aSession,
  claim,
  claimed,
  created,
  doneWith,
  effects,
  host,
  instance,
  later,
  NOON,
  project,
  record,
  snapshotOf,
  someChanges,
  texts,
} from "./support.ts";

const { db, pool } = await testDatabase();
const store = postgresStore(db);

const observe = (occasion: string) => ({ kind: "observe", occasion }) as const;
const noFacts: CloudFacts = { computes: [], controllers: [], instances: [], groups: [] };

describe("who may take a turn", () => {
  test("one of two workers that come at once; the other is told so and does not wait", async () => {
    const { id } = await created(store, "race-1");
    const [inside, release] = [aGate(), aGate()];
    const first = store.sessions.inTurn(id, NOON, async () => {
      inside.open();
      await release.opened;
    });
    await inside.opened;
    expect(await store.sessions.inTurn(id, NOON, async () => expect.unreachable())).toBe(false);
    release.open();
    expect(await first).toBe(true);
  });

  test("nobody before the session is due, and nobody once it has ended", async () => {
    const session = await created(store, "race-2");
    const turn = async () => expect.unreachable();
    await record(store, session, { wakeAt: later(10) });
    expect(await store.sessions.inTurn(session.id, later(9), turn)).toBe(false);
    await record(store, session, { ended: { maintained: [], notMaintained: [], stillClosed: [] } }, later(10));
    expect(await store.sessions.inTurn(session.id, later(99), turn)).toBe(false);
    expect(await store.sessions.inTurn(aSession().id, NOON, turn)).toBe(false);
  });

  test("a turn waits for an effect that is just recording its end, instead of giving up", async () => {
    const session = await created(store, "race-3");
    const client = await pool.connect();
    await client.query("begin");
    await client.query("select from session where id = $1 for update", [session.id]);
    const turn = store.sessions.inTurn(session.id, NOON, async () => {});
    await client.query("commit");
    client.release();
    expect(await turn).toBe(true);
  });

  test("what happens during a turn makes the session due again after it", async () => {
    const session = await created(store, "race-4");
    const taken = await claimed(store, session, observe("start"));
    const [inside, release] = [aGate(), aGate()];
    const turn = store.sessions.inTurn(session.id, NOON, async (open) => {
      inside.open();
      await release.opened;
      await open.record(someChanges({ wakeAt: later(3_600), waiting: { for: "the look", until: later(3_600) } }));
    });
    await inside.opened;
    const finished = store.effects.finish(taken, doneWith({}, later(1)));
    release.open();
    await Promise.all([turn, finished]);
    expect(await store.due.sessions(later(1), 10)).toContain(session.id);
  });
});

describe("what a turn records", () => {
  test("nothing at all when it throws", async () => {
    const session = await created(store, "rollback");
    const turn = store.sessions.inTurn(session.id, NOON, async (open) => {
      await open.record(someChanges({ enter: { state: "SCALE_IN" }, ...effects(observe("start")) }));
      throw new Error("the worker dies");
    });
    await expect(turn).rejects.toThrow("the worker dies");
    const { entries, effects: recorded } = await snapshotOf(store, session);
    expect(entries).toEqual([{ state: "MAINTENANCE", number: 1, since: NOON }]);
    expect(recorded).toEqual([]);
    expect(await texts(store, session)).toHaveLength(1);
  });

  test("everything, and it comes back as it was", async () => {
    const session = await created(store, "all-1", "all-2");
    const taken = await claimed(store, session, observe("start"));
    const web = { id: instance("web-1"), name: "web", project: project("shop"), host: host("all-1"), status: "ACTIVE" };
    await store.effects.finish(taken, doneWith({ facts: noFacts, instances: [web] }));
    const question = {
      project: project("shop"),
      state: "SCALE_IN",
      round: 1,
      instances: [instance("web-1")],
      instance: null,
      allowedActions: ["MIGRATE", "LIVE_MIGRATE"],
      replyBy: later(40),
      actionsAt: later(60),
      missing: { VCPU: 4 },
      members: [{ instances: 2, group: null, demand: { VCPU: 2 } }],
    } as const;
    const draining = { kind: "draining", since: later(1) } as const;
    await record(store, session, {
      ...effects(
        { kind: "ask", question },
        { kind: "mark_host", host: host("all-1"), status: draining },
        { kind: "close_host", host: host("all-1") },
      ),
      enter: { state: "SCALE_IN" },
      questions: [question],
      hosts: [{ host: host("all-1"), status: draining }],
      waiting: { for: "replies", until: later(40) },
      failure: { reason: "no room", advice: "add a host" },
    });
    expect(await snapshotOf(store, session)).toEqual({
      session,
      entry: { state: "SCALE_IN", number: 2, since: NOON },
      entries: [
        { state: "MAINTENANCE", number: 1, since: NOON },
        { state: "SCALE_IN", number: 2, since: NOON },
      ],
      hosts: [
        { name: "all-1", roles: ["compute"], status: draining, closure: "open" },
        { name: "all-2", roles: ["compute"], status: { kind: "waiting" }, closure: "open" },
      ],
      projects: [{ id: "shop", managed: false }],
      instances: [web],
      facts: noFacts,
      constraints: { instances: new Map(), groups: new Map(), members: new Map(), replacedBy: new Map() },
      impacted: new Map(),
      effects: [
        {
          effect: { kind: "ask", question },
          status: { kind: "done", at: NOON, outcome: null },
          recordedAt: NOON,
          entry: 2,
        },
        {
          effect: { kind: "mark_host", host: "all-1", status: draining },
          status: { kind: "done", at: NOON, outcome: null },
          recordedAt: NOON,
          entry: 2,
        },
        {
          effect: { kind: "close_host", host: "all-1" },
          status: { kind: "pending", lastError: null },
          recordedAt: NOON,
          entry: 2,
        },
      ],
      questions: [{ ...question, reply: null }],
      plan: null,
      failure: { reason: "no room", advice: "add a host" },
      waiting: { for: "replies", until: later(40) },
    });
  });

  test("an effect whose key exists stays as it is", async () => {
    const session = await created(store, "twice");
    const first = await record(store, session, effects(observe("start")));
    const again = await record(store, session, effects(observe("start"), observe("later")));
    expect(first.effects).toHaveLength(1);
    expect(again.effects).toHaveLength(1);
    expect(again.effects).not.toEqual(first.effects);
  });

  test("the same key in the next entry of a state is another effect", async () => {
    const session = await created(store, "next-entry");
    await record(store, session, effects(observe("start")));
    const next = await record(store, session, { ...effects(observe("start")), enter: { state: "MAINTENANCE" } });
    expect(next.effects).toHaveLength(1);
  });

  test("cancelling leaves running effects to their end", async () => {
    const session = await created(store, "cancel");
    const { effects: ids } = await record(store, session, effects(observe("one"), observe("two")));
    const running = await claim(store, ids[0]);
    await record(store, session, { enter: { state: "MAINTENANCE_FAILED" }, cancelPending: true });
    const seen = await snapshotOf(store, session);
    expect(seen.effects.map(({ effect, status }) => [effect, status.kind])).toEqual([[observe("one"), "running"]]);
    expect(await store.effects.finish(running, doneWith({}))).toBe(true);
    expect((await snapshotOf(store, session)).effects).toEqual([]);
  });

  test("what cannot be stored becomes a sign for it", async () => {
    const session = await created(store, "unstorable");
    const reason = "zero \0, half \ud83d, a path C:\\u0000, and a smile 🙂";
    await record(store, session, { failure: { reason, advice: "" } });
    expect((await snapshotOf(store, session)).failure?.reason).toBe(
      "zero \ufffd, half \ufffd, a path C:\\u0000, and a smile 🙂",
    );
  });
});

describe("the facts of the last look", () => {
  test("are read once, and again after the next look", async () => {
    const session = await created(store, "facts");
    await store.effects.finish(await claimed(store, session, observe("one")), doneWith({ facts: noFacts }));
    const first = await snapshotOf(store, session);
    expect((await snapshotOf(store, session)).facts).toBe(first.facts);
    const more = { ...noFacts, controllers: [host("ctl")] };
    await store.effects.finish(await claimed(store, session, observe("two")), doneWith({ facts: more }));
    expect((await snapshotOf(store, session)).facts).toEqual(more);
    expect((await snapshotOf(postgresStore(db), session)).facts).toEqual(more);
  });
});

test("journal numbers are dense and in commit order, however many write", async () => {
  const session = await created(store, "dense");
  const { effects: ids } = await record(
    store,
    session,
    effects(...Array.from({ length: 20 }, (_, n) => observe(`${n}`))),
  );
  await Promise.all(
    ids.map(async (id) => {
      const taken = await claim(store, id);
      await store.effects.finish(taken, doneWith({}));
    }),
  );
  const { rows } = await sql<{ number: number; effect_started: boolean }>`
    select number from journal where session_id = ${session.id} order by number
  `.execute(db);
  expect(rows.map(({ number }) => number)).toEqual(Array.from({ length: 41 }, (_, n) => n + 1));
});
