/** Replies by a reply token, which is good for one question, over a real store. */
import { beforeAll, expect, test } from "vitest";
import { postgresStore } from "../../src/adapters/postgres/store.ts";
import type { Question } from "../../src/domain/question.ts";
import type { Session } from "../../src/domain/session.ts";
import { recordReply, type ReplyRequest } from "../../src/engine/commands/record-reply.ts";
import {
  claimed,
  created,
  doneWith,
  host,
  instance,
  later,
  project,
  record,
  texts,
} from "../adapters/postgres/support.ts";
import { testDatabase } from "../support/database.ts";

const { db } = await testDatabase();
const store = postgresStore(db);
const shop = project("shop");
const vm = { id: instance("vm-1"), name: "vm", project: shop, host: host("compute-1"), status: "ACTIVE" };

let session: Session;
beforeAll(async () => {
  session = await created(store, "compute-1");
  const looking = await claimed(store, session, { kind: "observe", occasion: "start" });
  await store.effects.finish(looking, doneWith({ instances: [vm] }));
});

const ask = (replyBy: Date): Promise<unknown> => {
  const question: Question = {
    project: shop,
    state: "SCALE_IN",
    round: 1,
    instances: [vm.id],
    instance: null,
    allowedActions: [],
    replyBy,
    actionsAt: replyBy,
    missing: null,
  };
  return record(store, session, { enter: { state: "SCALE_IN" }, questions: [question] });
};
const reply = (question: ReplyRequest["question"]) =>
  recordReply(
    {
      ...{ session: session.id, project: shop, instance: null, question, state: "ACK_SCALE_IN" },
      ...{ instanceActions: new Map(), instanceAction: null, reason: null, retryAt: null },
    },
    {
      ...store,
      wakes: { session: async () => {}, effects: async () => {}, receivers: async () => {} },
      clock: { now: () => later(5), sleep: async () => {} },
    },
  );

test("a token of an earlier round has no effect on the next one, though it asks the same", async () => {
  await ask(later(40));
  await ask(later(90));
  expect(await reply({ replyBy: later(40) })).toMatchObject({ kind: "out_of_turn" });
  expect((await texts(store, session)).at(-1)).toBe(
    "reply_ignored: ACK_SCALE_IN ignored, the project is asked about SCALE_IN now",
  );
  expect(await reply({ replyBy: later(90) })).toEqual({ kind: "recorded" });
  expect(await reply({ replyBy: later(90) })).toEqual({ kind: "already_recorded" });
});
