import { randomUUID } from "node:crypto";
import { sql } from "kysely";
import { beforeEach, describe, expect, test } from "vitest";
import { recentMoves } from "../../../src/adapters/postgres/impacted.ts";
import { postgresStore } from "../../../src/adapters/postgres/store.ts";
import type { GroupConstraints, InstanceConstraints } from "../../../src/domain/constraint.ts";
import { GroupId, type InstanceId, type ProjectId } from "../../../src/domain/ids.ts";
import type { Question } from "../../../src/domain/question.ts";
import { judgeReply } from "../../../src/domain/reply.ts";
import type { InstanceAction, Session } from "../../../src/domain/session.ts";
import { testDatabase } from "../../support/database.ts";
import {
  aGate,
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
} from "./support.ts";

const { db } = await testDatabase();
const store = postgresStore(db);
const { instances, groups } = store.constraints;

/** A project, a group and a host of its own for each test. */
let shop: ProjectId;
let web: GroupId;
let on: string;
beforeEach(() => {
  const unique = randomUUID();
  shop = project(`shop-${unique}`);
  web = GroupId.parse(unique);
  on = `host-${unique}`;
});

const aGroup = (changes: Partial<GroupConstraints> = {}): GroupConstraints => ({
  group: web,
  project: shop,
  name: "web",
  antiAffinity: true,
  maxInstancesPerHost: 1,
  maxImpactedMembers: 1,
  recoveryTimeSeconds: 60,
  resourceMitigation: true,
  ...changes,
});

const anInstance = (id: InstanceId, changes: Partial<InstanceConstraints> = {}): InstanceConstraints => ({
  instance: id,
  project: shop,
  group: web,
  name: "web",
  maxInterruptionSeconds: 120,
  migrationType: "MIGRATE",
  resourceMitigation: true,
  leadTimeSeconds: 40,
  ...changes,
});

/** A session that has found these instances of the project. */
async function aSessionOver(...ids: readonly InstanceId[]): Promise<Session> {
  const session = await created(store, `${on}-${randomUUID()}`);
  const looked = await claimed(store, session, { kind: "observe", occasion: "start" });
  const found = ids.map((id) => ({ id, name: id, project: shop, host: host(on), status: "ACTIVE" }));
  await store.effects.finish(
    looked,
    doneWith({ facts: { computes: [], controllers: [], instances: [], groups: [] }, instances: found }),
  );
  return session;
}

const fresh = (): InstanceId => instance(randomUUID());

describe("what a session sees of declarations", () => {
  test("those of its projects and no others, also when they change between turns", async () => {
    const [a, b] = [fresh(), fresh()];
    const session = await aSessionOver(a);
    const seen = async () => (await snapshotOf(store, session)).constraints;
    expect(await seen()).toEqual({
      replacedBy: new Map(),
      instances: new Map(),
      groups: new Map(),
      members: new Map(),
    });

    await groups.declare(aGroup(), NOON);
    await instances.declare(anInstance(a), NOON);
    await instances.declare(anInstance(fresh(), { project: project("rival"), group: null }), NOON);
    expect(await seen()).toEqual({
      instances: new Map([[a, { ...anInstance(a), declaredAt: NOON }]]),
      replacedBy: new Map(),
      groups: new Map([[web, aGroup()]]),
      members: new Map([[web, [a]]]),
    });

    await instances.declare(anInstance(b), NOON);
    await groups.declare(aGroup({ maxImpactedMembers: 2 }), NOON);
    const changed = await seen();
    expect([...changed.instances.keys()]).toEqual([a, b].toSorted());
    expect(changed.groups.get(web)?.maxImpactedMembers).toBe(2);

    await instances.remove(b);
    expect([...(await seen()).instances.keys()]).toEqual([a]);
    await groups.remove(web);
    expect(await seen()).toEqual({
      instances: new Map([[a, { ...anInstance(a, { group: null }), declaredAt: NOON }]]),
      replacedBy: new Map(),
      groups: new Map(),
      members: new Map(),
    });
  });

  test("a project that the session finds later brings its own", async () => {
    const [mine, found] = [fresh(), fresh()];
    await groups.declare(aGroup(), NOON);
    await instances.declare(anInstance(mine), NOON);
    const late = project(`late-${shop}`);
    await instances.declare(anInstance(found, { project: late, group: null }), NOON);
    const session = await aSessionOver(mine);
    expect((await snapshotOf(store, session)).constraints.instances.has(found)).toBe(false);
    await db.insertInto("project").values({ session_id: session.id, id: late, created_at: NOON }).execute();
    expect((await snapshotOf(store, session)).constraints.instances.has(found)).toBe(true);
  });

  test("the group of an instance, whichever project declared it, and every change of it", async () => {
    const a = fresh();
    const tacker = project(`tacker-${shop}`);
    const group = aGroup({ project: tacker });
    await groups.declare(group, NOON);
    await instances.declare(anInstance(a), NOON);
    await instances.declare(anInstance(fresh(), { project: tacker }), NOON);
    const session = await aSessionOver(a);
    const seen = async () => (await snapshotOf(store, session)).constraints;
    expect(await seen()).toEqual({
      instances: new Map([[a, { ...anInstance(a), declaredAt: NOON }]]),
      replacedBy: new Map(),
      groups: new Map([[web, group]]),
      members: new Map([[web, [a]]]),
    });
    await groups.declare({ ...group, maxImpactedMembers: 3 }, NOON);
    expect((await seen()).groups.get(web)?.maxImpactedMembers).toBe(3);
    await groups.remove(web);
    expect((await seen()).groups.size).toBe(0);
    expect((await seen()).instances.get(a)?.group).toBeNull();
  });

  test("nothing is read again while nothing changed, and the same declaration changes nothing", async () => {
    const a = fresh();
    await groups.declare(aGroup(), NOON);
    await instances.declare(anInstance(a), NOON);
    const session = await aSessionOver(a);
    const before = (await snapshotOf(store, session)).constraints;
    const again = await instances.declare(anInstance(a), later(60));
    expect(again).toMatchObject({ kind: "declared", kept: { updatedAt: NOON } });
    await groups.declare(aGroup(), later(60));
    await instances.declare(anInstance(a, { project: project("rival"), group: null }), later(60));
    await instances.remove(fresh());
    expect((await snapshotOf(store, session)).constraints).toBe(before);
  });

  test("declarations that come at once are all seen", async () => {
    const session = await aSessionOver(fresh());
    await groups.declare(aGroup(), NOON);
    const ids = Array.from({ length: 50 }, fresh);
    await Promise.all([
      ...ids.map((id) => instances.declare(anInstance(id), NOON)),
      ...ids.map(() => snapshotOf(store, session).catch(() => null)), // Another turn may hold the session.
    ]);
    expect((await snapshotOf(store, session)).constraints.instances.size).toBe(50);
  });
});

describe("what is declared at one moment, by many", () => {
  test("each gets its own answer", async () => {
    const [mine, known, rivals, lost, missing] = [fresh(), fresh(), fresh(), fresh(), fresh()];
    const [rival, nowhere] = [project(`rival-${shop}`), GroupId.parse(randomUUID())];
    await groups.declare(aGroup(), NOON);
    await instances.declare(anInstance(known), NOON);
    await instances.declare(anInstance(rivals, { project: rival, group: null }), NOON);

    const declare = (id: InstanceId, changes: Partial<InstanceConstraints> = {}) =>
      instances.declare(anInstance(id, changes), later(1));
    expect(
      await Promise.all([
        declare(mine),
        declare(known),
        declare(rivals),
        declare(lost, { group: nowhere }),
        declare(missing, { project: rival, group: null }),
      ]),
    ).toEqual([
      {
        kind: "declared",
        kept: { ...anInstance(mine), declaredAt: later(1), createdAt: later(1), updatedAt: later(1) },
      },
      { kind: "declared", kept: { ...anInstance(known), declaredAt: NOON, createdAt: NOON, updatedAt: NOON } },
      { kind: "held" },
      { kind: "group_unknown", group: nowhere },
      { kind: "declared", kept: expect.objectContaining({ instance: missing, project: rival, group: null }) },
    ]);
    const ids = [mine, lost, rivals, mine];
    expect((await Promise.all(ids.map((id) => instances.find(id)))).map((kept) => kept?.project)).toEqual([
      shop,
      undefined,
      rival,
      shop,
    ]);
  });

  test("the same instance again is declared in the order of the calls", async () => {
    await groups.declare(aGroup(), NOON);
    const [id, other] = [fresh(), fresh()];
    const leads = [10, 20, 10, 30];
    const answers = await Promise.all([
      ...leads.map((leadTimeSeconds, at) => instances.declare(anInstance(id, { leadTimeSeconds }), later(at))),
      instances.declare(anInstance(other), later(9)),
    ]);
    const kept = answers.map((answer) => (answer.kind === "declared" ? answer.kept : null));
    expect(kept.map((one) => one?.leadTimeSeconds)).toEqual([...leads, 40]);
    expect(kept.map((one) => one?.updatedAt)).toEqual([later(0), later(1), later(2), later(3), later(9)]);
    expect(await instances.find(id)).toMatchObject({ leadTimeSeconds: 30, createdAt: NOON });
  });

  test("while groups come and go, everything ends, and nobody is left in a group that is gone", async () => {
    const ids = Array.from({ length: 20 }, fresh);
    const others = GroupId.parse(randomUUID());
    for (let round = 0; round < 15; round++) {
      await Promise.all([groups.declare(aGroup(), NOON), groups.declare(aGroup({ group: others }), NOON)]);
      await Promise.all([
        ...ids.map((id, at) =>
          instances.declare(anInstance(id, { group: at % 2 === round % 2 ? web : others }), later(round)),
        ),
        groups.declare(aGroup({ maxImpactedMembers: round + 2 }), NOON),
        groups.remove(others),
      ]);
      const kept = await instances.list(shop, { after: "", limit: 100 });
      expect(kept.filter(({ group }) => group === others)).toEqual([]);
    }
    expect(await instances.list(shop, { after: "", limit: 100 })).toHaveLength(20);
  });
});

describe("who is impacted", () => {
  async function waitingForLock(): Promise<boolean> {
    const waiting = await sql`
      select from pg_locks where locktype = 'advisory' and not granted
        and database = (select oid from pg_database where datname = current_database())
    `.execute(db);
    return waiting.rows.length > 0;
  }

  const move = (id: InstanceId, attempt = 1) =>
    ({ kind: "move_instance", instance: id, from: host(on), to: null, how: "MIGRATE", attempt }) as const;

  const noteOf = (id: InstanceId, replacement: InstanceId | null = null) =>
    ({ kind: "note_own_action", project: shop, instance: id, round: 1, group: web, replacement }) as const;

  test("members that any session moves: from the decision until the recovery time has passed", async () => {
    const [a, b] = [fresh(), fresh()];
    await groups.declare(aGroup(), NOON);
    for (const id of [a, b]) await instances.declare(anInstance(id), NOON);
    const mover = await aSessionOver(a);
    const observer = await aSessionOver(b);
    const seenAt = async (seconds: number) => (await snapshotOf(store, observer, later(seconds))).impacted;
    expect(await seenAt(0)).toEqual(new Map());

    const { effects: pending } = await record(store, mover, effects(move(a)));
    const moving = new Map([[web, [{ kind: "moving", instance: a }]]]);
    expect(await seenAt(0)).toEqual(moving);
    expect((await snapshotOf(store, mover)).impacted).toEqual(moving);
    const taken = await claim(store, pending[0]);
    expect(await seenAt(1)).toEqual(moving);

    await store.effects.finish(taken, doneWith({}, later(5)));
    const recovering = new Map([[web, [{ kind: "recovering", instance: a, until: later(65) }]]]);
    expect(await seenAt(5)).toEqual(recovering);
    expect(await seenAt(64)).toEqual(recovering);
    expect(await seenAt(65)).toEqual(new Map());
  });

  test("a move that was cancelled before it began has impacted nobody", async () => {
    const a = fresh();
    await groups.declare(aGroup(), NOON);
    await instances.declare(anInstance(a), NOON);
    const session = await aSessionOver(a);
    await record(store, session, effects(move(a)));
    await record(store, session, { cancelPending: true });
    expect((await snapshotOf(store, session)).impacted).toEqual(new Map());
  });

  test("what a project moved itself recovers in the eyes of every session", async () => {
    const [a, b] = [fresh(), fresh()];
    await groups.declare(aGroup(), NOON);
    for (const id of [a, b]) await instances.declare(anInstance(id), NOON);
    const [session, observer] = [await aSessionOver(a), await aSessionOver(b)];
    await record(store, session, effects(noteOf(a)));
    const recovering = new Map([[web, [{ kind: "recovering", instance: a, until: later(60) }]]]);
    expect((await snapshotOf(store, observer, later(59))).impacted).toEqual(recovering);
    expect((await snapshotOf(store, observer, later(60))).impacted).toEqual(new Map());
  });

  describe("while a project moves an instance itself", () => {
    /** In an entry of its own the project is asked about the instance and promises to move it, at the fifth second. */
    async function promised(id: InstanceId, own_action_seconds = 300, action: InstanceAction = "OWN_ACTION") {
      const { session, question } = await asked(id, own_action_seconds, action);
      await answered(session, question, "ACK", action);
      return { session, question };
    }

    async function asked(id: InstanceId, own_action_seconds = 300, action: InstanceAction = "OWN_ACTION") {
      const session = await aSessionOver(id);
      const question: Question = {
        ...{ project: shop, state: "PLANNED_MAINTENANCE" as const, round: 1, instances: [id], instance: id },
        ...{ allowedActions: [action], replyBy: later(40), actionsAt: later(40), missing: null },
      };
      await sql`update session set options = options || ${JSON.stringify({ own_action_seconds })}::jsonb where id = ${session.id}`.execute(
        db,
      );
      await record(store, session, { enter: { state: "PLANNED_MAINTENANCE" }, questions: [question] });
      return { session, question };
    }

    async function answered(
      { id }: Awaited<ReturnType<typeof aSessionOver>>,
      { instance }: Question,
      answer: "ACK" | "NACK",
      action?: InstanceAction,
    ) {
      const reply = { answer, state: `${answer}_PLANNED_MAINTENANCE`, answers: "PLANNED_MAINTENANCE" } as const;
      const actions = new Map(instance !== null && action !== undefined ? [[instance, action]] : []);
      const given = { ...reply, actions, reason: null, retryAt: null, at: later(5) };
      const receipt = await store.sessions.reply(id, { project: shop, instance }, given, judgeReply);
      expect(receipt).toEqual({ kind: "recorded" });
    }

    async function twoMembers() {
      const [a, b] = [fresh(), fresh()];
      await groups.declare(aGroup(), NOON);
      for (const id of [a, b]) await instances.declare(anInstance(id), NOON);
      const observer = await aSessionOver(b);
      return { a, b, seenAt: async (seconds: number) => (await snapshotOf(store, observer, later(seconds))).impacted };
    }

    test.each([
      { migrationType: "OWN_ACTION" as const, offered: "OWN_ACTION" as const, impacted: 1 },
      { migrationType: "OWN_ACTION" as const, offered: "MIGRATE" as const, impacted: 0 },
      { migrationType: "MIGRATE" as const, offered: "OWN_ACTION" as const, impacted: 0 },
    ])("declared as $migrationType, offered $offered: $impacted impacted while the question is open", async (each) => {
      const { a, seenAt } = await twoMembers();
      await instances.declare(anInstance(a, { migrationType: each.migrationType }), NOON);
      const { session, question } = await asked(a, 300, each.offered);
      expect((await seenAt(6)).size).toBe(each.impacted);
      expect((await seenAt(40)).size).toBe(each.impacted);
      expect(await seenAt(41)).toEqual(new Map());
      await answered(session, question, "NACK");
      expect(await seenAt(6)).toEqual(new Map());
    });

    test("it is impacted in the eyes of every session, until its time is over", async () => {
      const { a, seenAt } = await twoMembers();
      await promised(a);
      expect(await seenAt(6)).toEqual(new Map([[web, [{ kind: "moving", instance: a }]]]));
      expect((await seenAt(339)).size).toBe(1);
      expect(await seenAt(341)).toEqual(new Map());
    });

    test("any other action impacts nobody before its move", async () => {
      const { a, seenAt } = await twoMembers();
      await promised(a, 300, "MIGRATE");
      expect(await seenAt(6)).toEqual(new Map());
    });

    test("seen to be done, it recovers; its replacement stands for it, and nothing that is removed makes that forgotten", async () => {
      const { a, seenAt } = await twoMembers();
      const { session } = await promised(a);
      const successor = fresh();
      await instances.declare(anInstance(successor, { replaces: a }), later(10));
      expect(await seenAt(11)).toEqual(new Map([[web, [{ kind: "moving", instance: successor }]]]));
      await record(store, session, effects(noteOf(a, successor)), later(20));
      const recovering = new Map([[web, [{ kind: "recovering", instance: successor, until: later(80) }]]]);
      expect(await seenAt(21)).toEqual(recovering);
      await instances.remove(a);
      expect(await seenAt(22)).toEqual(recovering);
      expect(await seenAt(80)).toEqual(new Map());
    });

    test("asked again, or in a session that has moved on or ended, the old promise counts no more", async () => {
      const { a, seenAt } = await twoMembers();
      const { session, question } = await promised(a);
      await record(store, session, { questions: [{ ...question, round: 2 }] });
      expect(await seenAt(7)).toEqual(new Map());

      const next = await twoMembers();
      const other = await promised(next.a);
      await record(store, other.session, { enter: { state: "START_MAINTENANCE" } });
      expect(await next.seenAt(7)).toEqual(new Map());
    });
  });

  test("an instance without a declared group is nobody's member", async () => {
    const [alone, undeclared] = [fresh(), fresh()];
    await groups.declare(aGroup(), NOON);
    await instances.declare(anInstance(fresh()), NOON);
    await instances.declare(anInstance(alone, { group: null }), NOON);
    const session = await aSessionOver(alone, undeclared);
    await record(store, session, effects(move(alone), move(undeclared)));
    expect((await snapshotOf(store, session)).impacted).toEqual(new Map());
  });

  test("two sessions look one after the other, so that no two take the last place of a group (I2)", async () => {
    const [a, b] = [fresh(), fresh()];
    await groups.declare(aGroup(), NOON);
    for (const id of [a, b]) await instances.declare(anInstance(id), NOON);
    const [first, second] = [await aSessionOver(a), await aSessionOver(b)];
    const looked = aGate();
    const decided = aGate();
    const firstTurn = store.sessions.inTurn(first.id, NOON, async (open) => {
      await open.snapshot();
      looked.open();
      await decided.opened;
      await open.record(someChanges(effects(move(a))));
    });
    await looked.opened;
    const secondSees = snapshotOf(store, second);
    await expect.poll(waitingForLock).toBe(true);
    decided.open();
    await firstTurn;
    expect((await secondSees).impacted).toEqual(new Map([[web, [{ kind: "moving", instance: a }]]]));
  });

  test("is found by indexes, however many effects there were", async () => {
    const plan = await db.transaction().execute(async (trx) => {
      await sql`set local enable_seqscan = off`.execute(trx);
      return sql<{ "QUERY PLAN": string }>`explain ${recentMoves(NOON, NOON)}`.execute(trx);
    });
    const text = plan.rows.map((row) => row["QUERY PLAN"]).join("\n");
    expect(text).toContain("effect_moving");
    expect(text).toContain("effect_moved");
    expect(text).toContain("effect_own_action");
    expect(text).toContain("reply_own_action");
  });
});
