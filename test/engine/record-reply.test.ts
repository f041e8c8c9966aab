/** Replies about one instance, as the command takes them, on a real database. */
import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import { postgresStore } from "../../src/adapters/postgres/store.ts";
import { GroupId, type InstanceId } from "../../src/domain/ids.ts";
import type { InstanceAction, Session } from "../../src/domain/session.ts";
import { recordReply, type ReplyRequest } from "../../src/engine/commands/record-reply.ts";
import {
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
} from "../adapters/postgres/support.ts";
import { testDatabase } from "../support/database.ts";

const { db } = await testDatabase();
const store = postgresStore(db);
const shop = project("shop");
const silentWakes = { session: async () => {}, effects: async () => {}, receivers: async () => {} };
const deps = { ...store, wakes: silentWakes, clock: { now: () => later(5), sleep: async () => {} } };

/** A session that has asked about one instance. */
async function asked(): Promise<{ readonly session: Session; readonly vm: InstanceId }> {
  const { session, vms } = await askedAboutEach(1);
  return { session, vm: vms[0]! };
}

/** A session that has asked about so many instances, each by itself. */
async function askedAboutEach(
  count: number,
  allowedActions: readonly InstanceAction[] = ["MIGRATE", "LIVE_MIGRATE", "OWN_ACTION"],
): Promise<{ readonly session: Session; readonly vms: readonly InstanceId[] }> {
  const vms = Array.from({ length: count }, () => instance(randomUUID()));
  const session = await created(store, `host-${vms[0]}`);
  const found = vms.map((id) => ({ id, name: "web", project: shop, host: host(`host-${vms[0]}`), status: "ACTIVE" }));
  await store.effects.finish(
    await claimed(store, session, { kind: "observe", occasion: "start" }),
    doneWith({ instances: found }),
  );
  const questions = vms.map((vm, index) => ({
    project: shop,
    state: "PLANNED_MAINTENANCE" as const,
    round: index + 1,
    instances: [vm],
    instance: vm,
    missing: null,
    allowedActions,
    ...{ replyBy: later(40), actionsAt: later(40) },
  }));
  await record(store, session, { enter: { state: "PLANNED_MAINTENANCE" }, questions });
  return { session, vms };
}

async function declare(vm: InstanceId, migrationType: InstanceAction, owner = shop): Promise<void> {
  const group = GroupId.parse(randomUUID());
  const shared = { group, project: owner, name: "web", resourceMitigation: false };
  await store.constraints.groups.declare(
    { ...shared, antiAffinity: false, maxInstancesPerHost: 0, maxImpactedMembers: 1, recoveryTimeSeconds: 4 },
    NOON,
  );
  await store.constraints.instances.declare(
    { ...shared, instance: vm, migrationType, maxInterruptionSeconds: 120, leadTimeSeconds: 40 },
    NOON,
  );
}

const yes = (session: Session, vm: InstanceId, changes: Partial<ReplyRequest> = {}): ReplyRequest => ({
  ...{ session: session.id, project: shop, instance: vm, state: "ACK_PLANNED_MAINTENANCE", instanceActions: new Map() },
  ...{ instanceAction: null, reason: null, retryAt: null, question: null },
  ...changes,
});
const kept = async (session: Session) => (await snapshotOf(store, session, later(5))).questions[0]?.reply?.actions;

describe("a yes for one instance", () => {
  test("names its action (K7)", async () => {
    const { session, vm } = await asked();
    expect(await recordReply(yes(session, vm, { instanceAction: "OWN_ACTION" }), deps)).toEqual({ kind: "recorded" });
    expect(await kept(session)).toEqual(new Map([[vm, "OWN_ACTION"]]));
  });

  test("that names none means what was declared", async () => {
    const { session, vm } = await asked();
    await declare(vm, "LIVE_MIGRATE");
    expect(await recordReply(yes(session, vm), deps)).toEqual({ kind: "recorded" });
    expect(await kept(session)).toEqual(new Map([[vm, "LIVE_MIGRATE"]]));
  });

  test.each(["nothing was declared", "another project declared it"])(
    "that names none where %s is refused by name",
    async (what) => {
      const { session, vm } = await asked();
      if (what !== "nothing was declared") await declare(vm, "LIVE_MIGRATE", project("rival"));
      await expect(recordReply(yes(session, vm), deps)).rejects.toMatchObject({ code: "BODY_INVALID" });
      expect(await kept(session)).toBeUndefined();
    },
  );

  test("twice, as Tacker sends it, counts once; INSTANCE_ACTION_DONE is answered too (K11)", async () => {
    const { session, vm } = await asked();
    const reply = yes(session, vm, { instanceAction: "MIGRATE" });
    expect(await recordReply(reply, deps)).toEqual({ kind: "recorded" });
    expect(await recordReply(reply, deps)).toEqual({ kind: "already_recorded" });
    expect(await recordReply({ ...reply, state: "ACK_INSTANCE_ACTION_DONE" }, deps)).toMatchObject({
      kind: "out_of_turn",
    });
    expect(await recordReply({ ...reply, instance: null, state: "ACK_INSTANCE_ACTION_DONE" }, deps)).toMatchObject({
      kind: "out_of_turn",
    });
  });

  test("comes late without harm, whatever it names (K12)", async () => {
    const { session, vm } = await asked();
    const late = { ...deps, clock: { ...deps.clock, now: () => later(41) } };
    expect(await recordReply(yes(session, vm), late)).toEqual({ kind: "too_late", replyBy: later(40) });
  });
});

describe("a reply at the project's link, while its instances are asked about one by one", () => {
  const atProject = (session: Session, actions: Readonly<Record<string, InstanceAction>>, changes = {}) =>
    yes(session, instance("none"), {
      instance: null,
      instanceActions: new Map(Object.entries(actions).map(([id, action]) => [instance(id), action])),
      ...changes,
    });
  const answers = async (session: Session) =>
    (await snapshotOf(store, session, later(5))).questions.map(({ reply }) =>
      reply ? `${reply.answer} ${[...reply.actions.values()].join()}` : "open",
    );
  const journal = async ({ id }: Session) =>
    (await store.reports.timeline(id, 0, 100))!.filter(({ kind }) => kind.startsWith("reply")).map(({ kind }) => kind);

  test("answers for those that it names, each with its own action, and for no other", async () => {
    const { session, vms } = await askedAboutEach(3);
    const reply = atProject(session, { [vms[0]!]: "MIGRATE", [vms[1]!]: "LIVE_MIGRATE" });
    expect(await recordReply(reply, deps)).toEqual({ kind: "recorded" });
    expect(await answers(session)).toEqual(["ACK MIGRATE", "ACK LIVE_MIGRATE", "open"]);
    expect(await journal(session)).toEqual(["reply_recorded", "reply_recorded"]);
  });

  test("twice counts once, and each repetition is in the journal (I5, I6)", async () => {
    const { session, vms } = await askedAboutEach(2);
    const reply = atProject(session, { [vms[0]!]: "MIGRATE", [vms[1]!]: "MIGRATE" });
    await recordReply(reply, deps);
    expect(await recordReply(reply, deps)).toEqual({ kind: "already_recorded" });
    expect((await journal(session)).toSorted()).toEqual([
      ...["reply_ignored", "reply_ignored", "reply_recorded", "reply_recorded"],
    ]);
  });

  test("says no with a reason for each that it names", async () => {
    const { session, vms } = await askedAboutEach(2);
    const no = atProject(
      session,
      { [vms[1]!]: "MIGRATE" },
      { state: "NACK_PLANNED_MAINTENANCE", reason: "in a match" },
    );
    expect(await recordReply(no, deps)).toEqual({ kind: "recorded" });
    expect(await answers(session)).toEqual(["open", "NACK "]);
  });

  test("is refused whole where one action is not allowed", async () => {
    const { session, vms } = await askedAboutEach(2, ["LIVE_MIGRATE"]);
    const reply = atProject(session, { [vms[0]!]: "LIVE_MIGRATE", [vms[1]!]: "MIGRATE" });
    await expect(recordReply(reply, deps)).rejects.toMatchObject({
      code: "BODY_INVALID",
      field: `instance_actions.${vms[1]}`,
    });
    expect(await answers(session)).toEqual(["open", "open"]);
  });

  test("has no effect for instances that nobody asked about, for another state, or after its time", async () => {
    const { session, vms } = await askedAboutEach(2);
    const strange = atProject(session, { [vms[0]!]: "MIGRATE", [randomUUID()]: "MIGRATE" });
    expect(await recordReply(strange, deps)).toEqual({ kind: "recorded" });
    expect(await journal(session)).toEqual(["reply_recorded", "reply_ignored"]);
    const early = atProject(session, { [vms[1]!]: "MIGRATE" }, { state: "ACK_PREPARE_MAINTENANCE" });
    expect(await recordReply(early, deps)).toMatchObject({ kind: "out_of_turn" });
    const late = { ...deps, clock: { ...deps.clock, now: () => later(41) } };
    expect(await recordReply(atProject(session, { [vms[1]!]: "MIGRATE" }), late)).toMatchObject({ kind: "too_late" });
    expect(await answers(session)).toEqual(["ACK MIGRATE", "open"]);
  });

  test("by a link that is good for one question answers that one only", async () => {
    const { session, vms } = await askedAboutEach(2);
    const reply = atProject(session, { [vms[0]!]: "MIGRATE" }, { question: { replyBy: later(40) } });
    expect(await recordReply(reply, deps)).toMatchObject({ kind: "out_of_turn" });
    expect(await answers(session)).toEqual(["open", "open"]);
  });
});
