/** Constraints as the real clients of Fenix declare them, over the real database. */
import { randomUUID } from "node:crypto";
import { afterAll, describe, expect, test } from "vitest";
import { postgresStore } from "../../src/adapters/postgres/store.ts";
import { testDatabase } from "../support/database.ts";
import { openDoor } from "./a-door.ts";

const { db } = await testDatabase();
const { constraints } = postgresStore(db);
const { send, close } = openDoor({ constraints });
afterAll(close);

const shop = "ead0dbcaf3564cbbb04842e3e54960e3";
const rival = "1b64b0a5d2f14b6f9b0a6a3e1f2d4c5b";
const times = { created_at: "2026-11-25 08:00:00", updated_at: "2026-11-25 08:00:00" };

/** What Doctor's VNFM sends for its pair (reference §2.5). */
const aGroup = (changes: object = {}) => ({
  group_id: randomUUID(),
  project_id: shop,
  group_name: "doctor_ha_app_group",
  anti_affinity_group: true,
  max_instances_per_host: 1,
  max_impacted_members: 1,
  recovery_time: 4,
  resource_mitigation: true,
  ...changes,
});

const anInstance = (changes: object = {}) => ({
  instance_id: randomUUID(),
  project_id: shop,
  group_id: null as string | null,
  instance_name: "doctor_ha_app_0",
  max_interruption_time: 120,
  migration_type: "MIGRATE",
  resource_mitigation: true,
  lead_time: 40,
  ...changes,
});

const at = { group: "/v1/instance_group", instance: "/v1/instance" };
const put = (url: string, payload: object) => send({ method: "PUT", url, payload });
const putGroup = (group: ReturnType<typeof aGroup>) => put(`${at.group}/${group.group_id}`, group);
const putInstance = (one: ReturnType<typeof anInstance>) => put(`${at.instance}/${one.instance_id}`, one);
const remove = (url: string) => send({ method: "DELETE", url, headers: { "content-type": "application/json" } });

describe("K8: constraints are declared and removed as Doctor and Tacker do it", () => {
  test("groups first, then instances; each is answered 200 with what is kept", async () => {
    const group = aGroup();
    const one = anInstance({ group_id: group.group_id });
    const [first, second] = [await putGroup(group), await putInstance(one)];
    expect([first.statusCode, first.json()]).toEqual([200, { ...group, ...times }]);
    expect([second.statusCode, second.json()]).toEqual([200, { ...one, ...times }]);
    expect((await send({ url: `${at.group}/${group.group_id}` })).json()).toEqual(first.json());
    expect((await send({ url: `${at.instance}/${one.instance_id}/` })).json()).toEqual(second.json());
  });

  test("an instance that was re-created says whose place it took, and that stays when it is declared again", async () => {
    const replaces = randomUUID();
    const one = anInstance();
    expect((await putInstance({ ...one, replaces } as typeof one)).json()).toEqual({ ...one, replaces, ...times });
    expect((await putInstance({ ...one, lead_time: 50 })).json()).toEqual({
      ...one,
      lead_time: 50,
      replaces,
      ...times,
    });
    const itself = await putInstance({ ...one, replaces: one.instance_id } as typeof one);
    expect([itself.statusCode, itself.json().field]).toEqual([422, "replaces"]);
  });

  test("the same again is the same, and something else replaces it", async () => {
    const group = aGroup();
    const first = await putGroup(group);
    expect((await putGroup(group)).json()).toEqual(first.json());
    const changed = { ...group, max_impacted_members: 2, anti_affinity_group: false };
    expect((await putGroup(changed)).json()).toEqual({ ...changed, ...times });
    const one = anInstance({ group_id: group.group_id });
    await putInstance(one);
    await putInstance(one);
    const alone = { ...one, group_id: null, migration_type: "OWN_ACTION" };
    await putInstance(alone);
    expect((await send({ url: `${at.instance}/${one.instance_id}` })).json()).toEqual({ ...alone, ...times });
  });

  test("Tacker removes the group before its members, and each of them once more", async () => {
    const group = aGroup();
    const one = anInstance({ group_id: group.group_id });
    await putGroup(group);
    await putInstance(one);
    for (const url of [`${at.group}/${group.group_id}`, `${at.instance}/${one.instance_id}`]) {
      const removed = await remove(url);
      expect([removed.statusCode, removed.json()]).toEqual([200, {}]);
      if (url.startsWith(at.group + "/"))
        expect((await send({ url: `${at.instance}/${one.instance_id}` })).json().group_id).toBeNull();
      expect((await remove(`${url}/`)).statusCode).toBe(200);
      expect((await send({ url })).statusCode).toBe(404);
    }
  });

  test("Tacker's group is of its own user's project, its instances are of the project of their stack", async () => {
    const group = aGroup({ project_id: rival, anti_affinity_group: false, max_instances_per_host: 0 });
    await putGroup(group);
    const answer = await putInstance(anInstance({ group_id: group.group_id }));
    expect([answer.statusCode, answer.json()]).toMatchObject([200, { project_id: shop, group_id: group.group_id }]);
  });

  test("the word of older Doctors for a cold move is understood", async () => {
    const answer = await putInstance(anInstance({ migration_type: "MIGRATION" }));
    expect([answer.statusCode, answer.json().migration_type]).toEqual([200, "MIGRATE"]);
  });

  test("keys that we do not know do no harm", async () => {
    const answer = await putInstance(anInstance({ session_id: randomUUID() }));
    expect([answer.statusCode, answer.json().session_id]).toEqual([200, undefined]);
  });

  test("values with the comma of Tacker's manual are what was meant (reference §6.6)", async () => {
    const group = aGroup({ recovery_time: "60,", resource_mitigation: "True,", max_impacted_members: "2," });
    const one = anInstance({ lead_time: "120,", max_interruption_time: "120,", migration_type: "MIGRATE," });
    expect((await putGroup(group)).json()).toMatchObject({
      recovery_time: 60,
      resource_mitigation: true,
      max_impacted_members: 2,
    });
    expect((await putInstance(one)).json()).toMatchObject({
      lead_time: 120,
      max_interruption_time: 120,
      migration_type: "MIGRATE",
    });
  });
});

describe("what is refused", () => {
  test.each([
    ["does not exist", async () => randomUUID()],
    ["was removed", async () => removedGroup()],
  ])("an instance whose group %s", async (_what, groupId) => {
    const one = anInstance({ group_id: await groupId() });
    const answer = await putInstance(one);
    expect([answer.statusCode, answer.json()]).toMatchObject([422, { code: "GROUP_UNKNOWN", field: "group_id" }]);
    expect((await send({ url: `${at.instance}/${one.instance_id}` })).statusCode).toBe(404);
  });

  test("what another project has declared stays as it is", async () => {
    const group = aGroup({ project_id: rival });
    const one = anInstance({ project_id: rival });
    await putGroup(group);
    await putInstance(one);
    const taken = [await putGroup({ ...group, project_id: shop }), await putInstance({ ...one, project_id: shop })];
    expect(taken.map((answer) => [answer.statusCode, answer.json().code, answer.json().field])).toEqual([
      [409, "CONSTRAINTS_HELD", "group_id"],
      [409, "CONSTRAINTS_HELD", "instance_id"],
    ]);
    expect((await send({ url: `${at.group}/${group.group_id}` })).json().project_id).toBe(rival);
  });

  test("a body about something else than its URL", async () => {
    const one = anInstance();
    const answer = await put(`${at.instance}/${randomUUID()}`, one);
    expect([answer.statusCode, answer.json().field]).toEqual([422, "instance_id"]);
  });

  test.each([
    [at.instance, "INSTANCE_NOT_FOUND"],
    [at.group, "GROUP_NOT_FOUND"],
  ])("%s/… that nobody declared, or that cannot be", async (url, code) => {
    for (const id of [randomUUID(), "%00", "a%20b", "x".repeat(65)])
      expect((await send({ url: `${url}/${id}` })).json()).toMatchObject({ status: 404, code });
  });

  async function removedGroup() {
    const group = aGroup();
    await putGroup(group);
    await remove(`${at.group}/${group.group_id}`);
    return group.group_id;
  }
});

test("a project's declarations are listed page by page, and nobody else's", async () => {
  const project = randomUUID().replaceAll("-", "");
  const ids = ["a", "b", "c"].map((start) => start + randomUUID().slice(1));
  for (const id of ids) {
    await putGroup(aGroup({ group_id: id, project_id: project }));
    await putInstance(anInstance({ instance_id: id, project_id: project, group_id: id }));
  }
  for (const [url, list, key] of [
    [at.group, "instance_groups", "group_id"],
    [at.instance, "instances", "instance_id"],
  ] as const) {
    const page = async (query: string) => (await send({ url: `${url}/?project_id=${project}${query}` })).json();
    const idsOf = (answer: Record<string, Record<string, string>[]>) => answer[list]?.map((one) => one[key]);
    const whole = await page("");
    expect([idsOf(whole), whole.next]).toEqual([ids, null]);
    const first = await page("&limit=2");
    expect([idsOf(first), first.next]).toEqual([ids.slice(0, 2), ids[1]]);
    const rest = await page(`&limit=2&after=${first.next}`);
    expect([idsOf(rest), rest.next]).toEqual([ids.slice(2), null]);
  }
});

test("members can be declared while their group is being removed: each is answered, none is left in a lost group", async () => {
  const group = aGroup();
  const members = Array.from({ length: 20 }, () => anInstance({ group_id: group.group_id }));
  await putGroup(group);
  const answers = await Promise.all([
    ...members.map(putInstance),
    remove(`${at.group}/${group.group_id}`),
    ...members.map(putInstance),
  ]);
  for (const { statusCode } of answers) expect([200, 422]).toContain(statusCode);
  for (const { instance_id } of members) {
    const kept = await send({ url: `${at.instance}/${instance_id}` });
    expect(kept.statusCode === 404 || kept.json().group_id === null).toBe(true);
  }
});
