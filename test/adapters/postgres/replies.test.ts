import { describe, expect, test } from "vitest";
import { postgresStore } from "../../../src/adapters/postgres/store.ts";
import type { AskedState, Question } from "../../../src/domain/question.ts";
import { judgeReply } from "../../../src/domain/reply.ts";
import type { Session } from "../../../src/domain/session.ts";
import type { GivenReply } from "../../../src/ports/sessions.ts";
import { testDatabase } from "../../support/database.ts";
import {
  aSession,
  claimed,
  created,
  effects,
  doneWith,
  host,
  instance,
  later,
  NOON,
  project,
  record,
  snapshotOf,
  texts,
} from "./support.ts";

const { db } = await testDatabase();
const store = postgresStore(db);

const shop = project("shop");

const aReply = (state: AskedState, changes: Partial<GivenReply> = {}): GivenReply => ({
  answer: "ACK",
  state: `ACK_${state}`,
  answers: state,
  actions: new Map(),
  reason: null,
  retryAt: null,
  at: later(5),
  ...changes,
});

const aQuestion = (changes: Partial<Question> = {}): Question => ({
  project: shop,
  state: "SCALE_IN",
  round: 1,
  instances: [instance("vm-1")],
  instance: null,
  allowedActions: ["MIGRATE"],
  replyBy: later(40),
  actionsAt: later(60),
  missing: null,
  ...changes,
});

/** A session in SCALE_IN with a project whose question, if any, stands. */
async function asked(name: string, question: Question | null = aQuestion()): Promise<Session> {
  const session = await created(store, name);
  const vm = { id: instance("vm-1"), name: "vm", project: shop, host: host(name), status: "ACTIVE" };
  const looking = await claimed(store, session, { kind: "observe", occasion: "start" });
  await store.effects.finish(looking, doneWith({ instances: [vm] }));
  await record(store, session, {
    enter: { state: "SCALE_IN" },
    questions: question ? [question] : [],
    wakeAt: later(3_600),
  });
  return session;
}

const reply = (session: Session, given: GivenReply, about: Question["instance"] = null) =>
  store.sessions.reply(session.id, { project: shop, instance: about }, given, judgeReply);
const isDue = async ({ id }: Session, now: Date) => (await store.due.sessions(now, 100)).includes(id);

describe("a reply", () => {
  test("that answers the question is kept, and makes the session due", async () => {
    const session = await asked("ack");
    const given = aReply("SCALE_IN", { actions: new Map([[instance("vm-1"), "MIGRATE"]]) });
    expect(await reply(session, given)).toEqual({ kind: "recorded" });
    expect(await isDue(session, later(5))).toBe(true);
    const { answer, actions, reason, retryAt, at } = given;
    expect((await snapshotOf(store, session, later(5))).questions).toEqual([
      { ...aQuestion(), reply: { answer, actions, reason, retryAt, at } },
    ]);
    expect((await texts(store, session)).at(-1)).toBe("reply_recorded: ACK_SCALE_IN");
  });

  test.each([
    {
      what: "after the window",
      given: aReply("SCALE_IN", { at: later(41) }),
      receipt: { kind: "too_late", replyBy: later(40) },
      text: `ACK_SCALE_IN ignored, the reply was due by ${later(40).toISOString()}`,
    },
    {
      what: "to another question",
      given: aReply("MAINTENANCE", { answer: "NACK", state: "NACK_MAINTENANCE", reason: "not today" }),
      receipt: { kind: "out_of_turn", expected: "SCALE_IN", got: "NACK_MAINTENANCE" },
      text: "NACK_MAINTENANCE ignored, the project is asked about SCALE_IN now: not today",
    },
  ])("$what has no effect and is in the journal", async ({ what, given, receipt, text }) => {
    const session = await asked(`ignored ${what}`);
    expect(await reply(session, given)).toEqual(receipt);
    expect(await isDue(session, later(41))).toBe(false);
    expect((await texts(store, session)).at(-1)).toBe(`reply_ignored: ${text}`);
  });

  test("of a project that was never asked is out of turn", async () => {
    const session = await asked("unasked", null);
    expect(await store.sessions.latestQuestion(session.id, { project: shop, instance: null })).toBeNull();
    expect(await reply(session, aReply("SCALE_IN"))).toEqual({
      kind: "out_of_turn",
      expected: null,
      got: "ACK_SCALE_IN",
    });
  });

  test("counts once, of many that come at once", async () => {
    const session = await asked("many");
    const receipts = await Promise.all(Array.from({ length: 5 }, () => reply(session, aReply("SCALE_IN"))));
    const counts = receipts.filter((receipt) => receipt?.kind === "recorded");
    const repeats = receipts.filter((receipt) => receipt?.kind === "already_recorded");
    expect([counts.length, repeats.length]).toEqual([1, 4]);
    expect(await texts(store, session)).toHaveLength(3 + 5); // Created, looked (two entries), and one for each reply.
  });

  test("goes to the newest question, not to one of an earlier entry of the same state", async () => {
    const session = await asked("newest");
    await record(
      store,
      session,
      { enter: { state: "SCALE_IN" }, questions: [aQuestion({ replyBy: later(4_000) })] },
      later(3_600),
    );
    expect(await store.sessions.latestQuestion(session.id, { project: shop, instance: null })).toMatchObject({
      replyBy: later(4_000),
      reply: null,
    });
    expect(await reply(session, aReply("SCALE_IN", { at: later(3_601) }))).toEqual({ kind: "recorded" });
    expect((await snapshotOf(store, session, later(3_601))).questions).toHaveLength(1);
  });

  test("finds nothing in an unknown session, in a removed one, for a project that is not in it", async () => {
    const session = await asked("nobody");
    const stranger = project("stranger");
    expect(
      await store.sessions.reply(session.id, { project: stranger, instance: null }, aReply("SCALE_IN"), judgeReply),
    ).toBeUndefined();
    expect(await store.sessions.latestQuestion(session.id, { project: stranger, instance: null })).toBeUndefined();
    expect(await reply(aSession(), aReply("SCALE_IN"))).toBeUndefined();
    await store.sessions.remove(session.id, NOON);
    expect(await reply(session, aReply("SCALE_IN"))).toBeUndefined();
    expect(await store.sessions.latestQuestion(session.id, { project: shop, instance: null })).toBeUndefined();
  });
});

describe("a reply about one instance", () => {
  const [one, two] = [instance("vm_1"), instance("vm-1")] as const;
  const about = (vm: typeof one, round: number) =>
    aQuestion({
      state: "PLANNED_MAINTENANCE",
      instances: [vm],
      instance: vm,
      round,
      allowedActions: ["MIGRATE", "OWN_ACTION"],
    });
  const says = (action: "MIGRATE" | "OWN_ACTION", at = later(5)) =>
    aReply("PLANNED_MAINTENANCE", { actions: new Map([[one, action]]), at });
  const move = (vm: typeof one) =>
    ({ kind: "move_instance", instance: vm, from: host("x"), to: null, how: "MIGRATE", attempt: 1 }) as const;

  async function askedAboutEach(name: string): Promise<Session> {
    const session = await asked(name, about(one, 1));
    await record(store, session, { questions: [about(two, 2)], wakeAt: later(3_600) }, later(3_600));
    return session;
  }

  test("goes to the question about it, and to no other", async () => {
    const session = await askedAboutEach("own link");
    expect(await reply(session, says("MIGRATE"), one)).toEqual({ kind: "recorded" });
    expect(await reply(session, says("MIGRATE"), instance("vm-9"))).toMatchObject({ kind: "out_of_turn" });
    expect(await reply(session, says("MIGRATE"))).toMatchObject({ kind: "out_of_turn" });
    const { questions } = await snapshotOf(store, session, later(3_600));
    expect(questions.map((question) => question.reply?.answer)).toEqual(["ACK", undefined]);
    expect((await store.reports.project(session.id, shop))?.unanswered).toMatchObject([{ instance: two }]);
  });

  test("may change as long as no move of this very instance is decided on, and makes the session due", async () => {
    const session = await askedAboutEach("change of mind");
    await reply(session, says("OWN_ACTION"), one);
    await record(store, session, { ...effects(move(two)), wakeAt: later(3_600) }, later(3_600));
    expect(await reply(session, says("MIGRATE", later(9)), one)).toEqual({ kind: "changed" });
    expect(await isDue(session, later(9))).toBe(true);
    expect((await texts(store, session)).at(-1)).toBe(
      "reply_recorded: ACK_PLANNED_MAINTENANCE for vm_1 instead of what it said before",
    );
    await record(store, session, { ...effects(move(one)), wakeAt: later(3_600) }, later(3_600));
    expect(await reply(session, says("OWN_ACTION", later(10)), one)).toEqual({ kind: "already_recorded" });
    const { questions } = await snapshotOf(store, session, later(3_600));
    expect(questions[0]?.reply).toMatchObject({ actions: new Map([[one, "MIGRATE"]]), at: later(9) });
  });

  test("keeps when to ask again", async () => {
    const session = await askedAboutEach("retry");
    const no = aReply("PLANNED_MAINTENANCE", {
      answer: "NACK",
      state: "NACK_PLANNED_MAINTENANCE",
      retryAt: later(600),
    });
    await reply(session, no, one);
    expect((await snapshotOf(store, session, later(3_600))).questions[0]?.reply?.retryAt).toEqual(later(600));
  });
});
