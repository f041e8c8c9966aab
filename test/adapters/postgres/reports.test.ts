import { describe, expect, test } from "vitest";
import { postgresStore } from "../../../src/adapters/postgres/store.ts";
import type { AskedState, Question } from "../../../src/domain/question.ts";
import { PluginName } from "../../../src/domain/ids.ts";
import { judgeReply } from "../../../src/domain/reply.ts";
import type { HostStatus, InstanceAction, Session } from "../../../src/domain/session.ts";
import { aPlan, aSnapshot } from "../../planner/check/a-plan.ts";
import { testDatabase } from "../../support/database.ts";
import {
  aKnownHost,
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
} from "./support.ts";

const { db } = await testDatabase();
const store = postgresStore(db);

const shop = project("shop");
const observe = { kind: "observe", occasion: "start" } as const;

async function withInstances(session: Session, ...places: readonly (readonly [string, string])[]): Promise<void> {
  const instances = places.map(([name, where]) => ({
    id: instance(name),
    name,
    project: shop,
    host: host(where),
    status: "ACTIVE",
  }));
  await store.effects.finish(await claimed(store, session, observe), doneWith({ instances }));
}

const aQuestion = (state: AskedState, ...names: readonly string[]): Question => ({
  project: shop,
  state,
  round: 1,
  instances: names.map((name) => instance(name)),
  instance: null,
  allowedActions: ["MIGRATE", "LIVE_MIGRATE", "OWN_ACTION"],
  replyBy: later(40),
  actionsAt: later(60),
  missing: null,
});

const agree = (session: Session, state: AskedState, actions: Record<string, InstanceAction>, at = later(5)) =>
  store.sessions.reply(
    session.id,
    { project: shop, instance: null },
    {
      answer: "ACK",
      state: `ACK_${state}`,
      answers: state,
      actions: new Map(Object.entries(actions).map(([name, action]) => [instance(name), action])),
      reason: null,
      retryAt: null,
      at,
    },
    judgeReply,
  );

describe("a summary", () => {
  test("tells where the session stands and came from", async () => {
    const session = await created(store, "sum-1", "sum-2", "sum-3");
    expect(await store.reports.summary(session.id)).toEqual({
      id: session.id,
      workflow: "default",
      state: "MAINTENANCE",
      previousState: null,
      maintenanceAt: later(60),
      percentDone: 0,
      waiting: null,
      failure: null,
      report: null,
      createdAt: NOON,
      updatedAt: NOON,
      endedAt: null,
    });
    const maintained = { kind: "maintained", at: later(9) } as const;
    await record(
      store,
      session,
      {
        enter: { state: "START_MAINTENANCE" },
        hosts: [
          { host: host("sum-1"), status: maintained },
          { host: host("sum-2"), status: maintained },
        ],
        waiting: { for: "the reboot", until: later(99) },
      },
      later(9),
    );
    expect(await store.reports.summary(session.id)).toMatchObject({
      state: "START_MAINTENANCE",
      previousState: "MAINTENANCE",
      percentDone: 66,
      waiting: { for: "the reboot", until: later(99) },
      updatedAt: later(9),
    });
  });

  test("of a session whose hosts are not known yet says 0 percent", async () => {
    const session = aSession();
    await store.sessions.create(aNewSession({ session, hosts: null }), LIMITS);
    expect(await store.reports.summary(session.id)).toMatchObject({ percentDone: 0 });
    expect((await store.reports.list()).find(({ id }) => id === session.id)).toMatchObject({ percentDone: 0 });
  });
});

describe("the detail", () => {
  test("has each project with the state its clients know", async () => {
    const session = await created(store, "det-1");
    await withInstances(session, ["det-vm-1", "det-1"]);
    const states = async () => (await store.reports.detail(session.id))?.projects;
    expect(await states()).toEqual([{ id: "shop", managed: false, state: null, createdAt: NOON, updatedAt: null }]);
    await record(store, session, { enter: { state: "SCALE_IN" }, questions: [aQuestion("SCALE_IN", "det-vm-1")] });
    expect(await states()).toMatchObject([{ state: "SCALE_IN", updatedAt: NOON }]);
    await agree(session, "SCALE_IN", {});
    expect(await states()).toMatchObject([{ state: "ACK_SCALE_IN", updatedAt: later(5) }]);
  });

  test("has what was measured: visits of hosts, and the moves that ended well", async () => {
    const session = await created(store, "pace-1", "pace-2");
    const mark = (name: string, status: HostStatus, at: Date) =>
      record(store, session, effects({ kind: "mark_host", host: host(name), status }), at);
    const move = (name: string) =>
      ({
        kind: "move_instance",
        instance: instance(name),
        from: host("pace-1"),
        to: null,
        how: "MIGRATE",
        attempt: 1,
      }) as const;
    await mark("pace-1", { kind: "draining", since: NOON }, NOON);
    await store.effects.finish(await claimed(store, session, move("pace-vm-1"), NOON), doneWith({}, later(10)));
    await store.effects.finish(await claimed(store, session, move("pace-vm-2"), NOON), doneWith({}, later(20)));
    await store.effects.finish(await claimed(store, session, move("pace-vm-3"), NOON), {
      ...doneWith({}, later(99)),
      status: { kind: "failed", at: later(99), reason: "no room" },
    });
    await mark("pace-1", { kind: "in_maintenance", since: later(30) }, later(30));
    await mark("pace-1", { kind: "maintained", at: later(90) }, later(90));
    await mark("pace-2", { kind: "draining", since: later(95) }, later(95));
    expect((await store.reports.detail(session.id))?.pace).toEqual({
      visits: new Map([
        ["pace-1", { drainingAt: NOON, emptyAt: later(30), maintainedAt: later(90), moves: 2 }],
        ["pace-2", { drainingAt: later(95), emptyAt: null, maintainedAt: null, moves: 0 }],
      ]),
      moves: { count: 2, meanSeconds: 15 },
      expected: null,
    });
  });

  test("of a session by a plan has what the plan expects", async () => {
    const cloud = aSnapshot({ session: { hosts: ["a"] } });
    const plan = aPlan(cloud, { hosts: { a: { drain_start: 0, empty_at: 10, action_start: 10, action_end: 110 } } });
    await store.plans.keep({ plan, cloud }, NOON);
    const session = aSession({ planDigest: plan.digest });
    await store.sessions.create(aNewSession({ session }), LIMITS);
    expect(await store.reports.detail(session.id)).toMatchObject({
      session: { planDigest: plan.digest },
      pace: { expected: { hostsAtOnce: 1, drainSeconds: 10, actionSeconds: 100 } },
    });
  });

  test("tells who took the place of an instance that was re-created: as the session saw it, or as its manager says", async () => {
    const session = await created(store, "twin-1");
    await withInstances(session, ["twin-old", "twin-1"], ["twin-older", "twin-1"], ["twin-stays", "twin-1"]);
    const seen = {
      ...({ kind: "note_own_action", project: shop, round: 1, group: null } as const),
      ...{ instance: instance("twin-old"), replacement: instance("twin-new") },
    };
    await record(store, session, effects(seen));
    const declared = { project: shop, group: null, name: "twin", maxInterruptionSeconds: 1, leadTimeSeconds: 0 };
    const action = { migrationType: "OWN_ACTION", resourceMitigation: false } as const;
    const replaces = instance("twin-older");
    await store.constraints.instances.declare(
      { ...declared, ...action, instance: instance("twin-newer"), replaces },
      NOON,
    );
    const { instances = [] } = (await store.reports.detail(session.id)) ?? {};
    expect(instances.map(({ id, replacedBy }) => [id, replacedBy])).toEqual([
      ["twin-old", "twin-new"],
      ["twin-older", "twin-newer"],
      ["twin-stays", null],
    ]);
  });

  test("has each instance with its newest action, and whether that is done", async () => {
    const session = await created(store, "act-1", "act-2");
    await withInstances(
      session,
      ["act-own", "act-1"],
      ["act-move", "act-1"],
      ["act-forced", "act-2"],
      ["act-none", "act-2"],
    );
    const names = ["act-own", "act-move", "act-forced", "act-none"];
    await record(store, session, {
      enter: { state: "PLANNED_MAINTENANCE" },
      questions: [aQuestion("PLANNED_MAINTENANCE", ...names)],
    });
    await agree(session, "PLANNED_MAINTENANCE", {
      "act-own": "OWN_ACTION",
      "act-move": "MIGRATE",
      "act-forced": "MIGRATE",
    });
    const actions = async () =>
      ((await store.reports.detail(session.id))?.instances ?? []).map(({ id, action, actionDone }) => [
        id,
        action,
        actionDone,
      ]);
    expect(await actions()).toEqual([
      ["act-forced", "MIGRATE", false],
      ["act-move", "MIGRATE", false],
      ["act-none", null, false],
      ["act-own", "OWN_ACTION", false],
    ]);

    const move = (name: string, how: "MIGRATE" | "LIVE_MIGRATE") =>
      ({ kind: "move_instance", instance: instance(name), from: host("act-1"), to: null, how, attempt: 1 }) as const;
    const { effects: ids } = await record(
      store,
      session,
      effects(move("act-move", "MIGRATE"), move("act-forced", "LIVE_MIGRATE")),
      later(6),
    );
    await store.effects.finish(await claim(store, ids[0], later(6)), {
      at: later(7),
      status: { kind: "done", at: later(7), outcome: { host: host("b"), seconds: 1 } },
      consequences: { place: { instance: instance("act-move"), host: host("b") } },
      journal: [],
    });
    const looked = [{ id: instance("act-own"), name: "act-own", project: shop, host: host("b"), status: "ACTIVE" }];
    const again = await claimed(store, session, { kind: "observe", occasion: "again" }, later(8));
    await store.effects.finish(again, doneWith({ instances: looked }, later(8)));
    expect(await actions()).toEqual([
      ["act-forced", "LIVE_MIGRATE", false],
      ["act-move", "MIGRATE", true],
      ["act-none", null, false],
      ["act-own", "OWN_ACTION", true],
    ]);
  });

  test("has the runs of host actions, with the output so far", async () => {
    const plugin = PluginName.parse("reboot");
    const session = aSession({ actions: [{ plugin, phase: "host", order: 1, metadata: { timeoutSeconds: 5 } }] });
    await store.sessions.create(aNewSession({ session, hosts: [aKnownHost("run-1")] }), LIMITS);
    const run = await claimed(store, session, {
      kind: "run_action",
      plugin,
      phase: "host",
      host: host("run-1"),
      index: 0,
    });
    await store.effects.keepOutput(run, "going down \0\n");
    const [running] = (await store.reports.detail(session.id))?.runs ?? [];
    expect(running).toEqual({
      id: String(run.id),
      plugin: "reboot",
      phase: "host",
      host: "run-1",
      status: "running",
      attempt: 1,
      startedAt: NOON,
      endedAt: null,
      output: "going down \ufffd\n",
    });
    const end = {
      ...doneWith({ output: "up again\n" }, later(9)),
      status: { kind: "failed", at: later(9), reason: "no" },
    } as const;
    await store.effects.finish(run, end);
    expect((await store.reports.detail(session.id))?.runs).toMatchObject([
      { status: "failed", endedAt: later(9), output: "up again\n" },
    ]);
  });

  test("has the hosts, the session itself, and what is under way", async () => {
    const session = await created(store, "det-2");
    const { effects: ids } = await record(
      store,
      session,
      effects(observe, { kind: "close_host", host: host("det-2") }),
    );
    await store.effects.postpone(await claim(store, ids[0], later(1)), later(30), "the cloud is away", later(2));
    const detail = await store.reports.detail(session.id);
    expect(detail?.session).toEqual(session);
    expect(detail?.hosts).toEqual([
      {
        name: "det-2",
        roles: ["compute"],
        status: { kind: "waiting" },
        closure: "open",
        createdAt: NOON,
        updatedAt: NOON,
      },
    ]);
    expect(detail?.underWay).toEqual([
      { kind: "observe", subject: "start", since: later(1), lastError: "the cloud is away" },
      { kind: "close_host", subject: "det-2", since: NOON, lastError: null },
    ]);
  });
});

describe("the timeline", () => {
  test("is read in pages, oldest first", async () => {
    const session = await created(store, "time-1");
    const entry = (text: string) => ({ at: NOON, kind: "waiting", subject: null, text }) as const;
    await record(store, session, {
      journal: [{ ...entry("one"), data: { for: "you" } }, entry("two"), entry("three")],
    });
    const page = await store.reports.timeline(session.id, 1, 2);
    expect(page).toEqual([
      { number: 2, ...entry("one"), data: { for: "you" } },
      { number: 3, ...entry("two") },
    ]);
    expect((await store.reports.timeline(session.id, 3, 9))?.map(({ text }) => text)).toEqual(["three"]);
    expect(await store.reports.timeline(aSession().id, 0, 9)).toBeUndefined();
  });
});

describe("a project sees", () => {
  test("its instances that are still there, and its newest question", async () => {
    const session = await created(store, "see-1");
    await withInstances(session, ["see-vm-1", "see-1"], ["see-vm-2", "see-1"]);
    expect(await store.reports.project(session.id, shop)).toEqual({
      state: "MAINTENANCE",
      instances: ["see-vm-1", "see-vm-2"],
      question: null,
      unanswered: [],
    });
    const question = aQuestion("SCALE_IN", "see-vm-1");
    await record(store, session, { enter: { state: "SCALE_IN" }, questions: [question] });
    const again = await claimed(store, session, { kind: "observe", occasion: "again" });
    await store.effects.finish(again, doneWith({ gone: [instance("see-vm-2")] }));
    expect(await store.reports.project(session.id, shop)).toEqual({
      state: "SCALE_IN",
      instances: ["see-vm-1"],
      question: { ...question, reply: null },
      unanswered: [{ ...question, reply: null }],
    });
    expect((await store.reports.detail(session.id))?.instances).toMatchObject([
      { id: "see-vm-1", status: "ACTIVE" },
      { id: "see-vm-2", status: "DELETED", host: null },
    ]);
  });

  test("nothing of a session it is not in", async () => {
    const session = await created(store, "see-2");
    expect(await store.reports.project(session.id, shop)).toBeUndefined();
    expect(await store.reports.project(aSession().id, shop)).toBeUndefined();
  });
});

describe("the sessions of a project", () => {
  const mine = project("a project of its own");
  const withInstance = async (name: string, changes: Parameters<typeof record>[2]) => {
    const session = await created(store, name);
    const found = { id: instance(`vm-${name}`), name, project: mine, host: host(name), status: "ACTIVE" };
    await store.effects.finish(await claimed(store, session, observe), doneWith({ instances: [found] }));
    await record(store, session, changes);
    return session;
  };
  const asked = (state: AskedState, round: number) => ({ ...aQuestion(state), project: mine, round });

  test("are those that have not ended, each with the questions that nobody answered yet", async () => {
    const quiet = await withInstance("of-1", {});
    const asking = await withInstance("of-2", {
      enter: { state: "SCALE_IN" },
      questions: [asked("SCALE_IN", 1), asked("SCALE_IN", 2)],
    });
    const gone = await withInstance("of-3", {});
    await store.sessions.remove(gone.id, NOON);
    const answer = { answer: "ACK", state: "ACK_SCALE_IN", answers: "SCALE_IN", actions: new Map() } as const;
    await store.sessions.reply(
      asking.id,
      { project: mine, instance: null },
      { ...answer, reason: null, retryAt: null, at: later(5) },
      judgeReply,
    );
    const sessions = await store.reports.ofProject(mine);
    const told = sessions.map(({ id, state, unanswered }) => [id, state, unanswered.map(({ round }) => round)]);
    expect(new Map(told.map(([id, ...rest]) => [id, rest]))).toEqual(
      new Map([
        [quiet.id, ["MAINTENANCE", []]],
        [asking.id, ["SCALE_IN", [1]]],
      ]),
    );
    expect(await store.reports.ofProject(project("somebody else"))).toEqual([]);
  });
});
