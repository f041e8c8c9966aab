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
  at: later(5),
  ...changes,
});

const aQuestion = (changes: Partial<Question> = {}): Question => ({
  project: shop,
  state: "SCALE_IN",
  round: 1,
  instances: [instance("vm-1")],
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

const reply = (session: Session, given: GivenReply) => store.sessions.reply(session.id, shop, given, judgeReply);
const isDue = async ({ id }: Session, now: Date) => (await store.due.sessions(now, 100)).includes(id);

describe("a reply", () => {
  test("that answers the question is kept, and makes the session due", async () => {
    const session = await asked("ack");
    const given = aReply("SCALE_IN", { actions: new Map([[instance("vm-1"), "MIGRATE"]]) });
    expect(await reply(session, given)).toEqual({ kind: "recorded" });
    expect(await isDue(session, later(5))).toBe(true);
    const { answer, actions, reason, at } = given;
    expect((await snapshotOf(store, session, later(5))).questions).toEqual([
      { ...aQuestion(), reply: { answer, actions, reason, at } },
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
    expect(await store.sessions.latestQuestion(session.id, shop)).toBeNull();
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
    expect(await store.sessions.latestQuestion(session.id, shop)).toMatchObject({ replyBy: later(4_000), reply: null });
    expect(await reply(session, aReply("SCALE_IN", { at: later(3_601) }))).toEqual({ kind: "recorded" });
    expect((await snapshotOf(store, session, later(3_601))).questions).toHaveLength(1);
  });

  test("finds nothing in an unknown session, in a removed one, for a project that is not in it", async () => {
    const session = await asked("nobody");
    const stranger = project("stranger");
    expect(await store.sessions.reply(session.id, stranger, aReply("SCALE_IN"), judgeReply)).toBeUndefined();
    expect(await store.sessions.latestQuestion(session.id, stranger)).toBeUndefined();
    expect(await reply(aSession(), aReply("SCALE_IN"))).toBeUndefined();
    await store.sessions.remove(session.id, NOON);
    expect(await reply(session, aReply("SCALE_IN"))).toBeUndefined();
    expect(await store.sessions.latestQuestion(session.id, shop)).toBeUndefined();
  });
});
