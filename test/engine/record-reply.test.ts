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
  const vm = instance(randomUUID());
  const session = await created(store, `host-${vm}`);
  const found = { id: vm, name: "web", project: shop, host: host(`host-${vm}`), status: "ACTIVE" };
  await store.effects.finish(
    await claimed(store, session, { kind: "observe", occasion: "start" }),
    doneWith({ instances: [found] }),
  );
  const question = {
    project: shop,
    state: "PLANNED_MAINTENANCE",
    round: 1,
    instances: [vm],
    instance: vm,
    missing: null,
    allowedActions: ["MIGRATE", "LIVE_MIGRATE", "OWN_ACTION"],
    ...{ replyBy: later(40), actionsAt: later(40) },
  } as const;
  await record(store, session, { enter: { state: "PLANNED_MAINTENANCE" }, questions: [question] });
  return { session, vm };
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
