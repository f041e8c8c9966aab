import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Manager, type ManagerEvent, type ManagerOptions, startManager } from "../../examples/manager/manager.ts";
import { DeclareInstance } from "../../src/wire/instance-constraints.ts";
import { DeclareGroup } from "../../src/wire/instance-group.ts";
import { credentials, type FakeServer, type FakeWorld, fakeWorld, notice, project } from "./fake-world.ts";

let world: FakeWorld;
let manager: Manager | undefined;
let events: ManagerEvent[];

beforeEach(async () => {
  world = await fakeWorld();
  events = [];
  for (const name of ["web-1", "web-2", "web-10", "db-1"]) world.servers.push(aServer(name));
});
afterEach(async () => {
  await manager?.close();
  manager = undefined;
  await world.close();
});

const aServer = (name: string, changes: Partial<FakeServer> = {}): FakeServer => {
  const kind = { flavor: { id: "small" }, image: { id: "tiny" }, metadata: { role: name.split("-")[0]! } };
  return { id: name, name, status: "ACTIVE", ...kind, ...changes };
};

async function start(options: Partial<ManagerOptions> = {}): Promise<Manager> {
  manager = await startManager({
    fenixUrl: world.url,
    credentials: credentials(world),
    onEvent: (event) => events.push(event),
    ...options,
  });
  return manager;
}

async function post(body: unknown, url = manager!.callbackUrl): Promise<number> {
  const { status } = await fetch(url, { method: "POST", body: typeof body === "string" ? body : JSON.stringify(body) });
  return status;
}

const replied = (count: number) => expect.poll(() => world.replies.length, { timeout: 5_000 }).toBe(count);
const names = () => world.servers.map(({ name }) => name);

test("registers its webhook at start and takes it away at the end", async () => {
  await start();
  expect(world.webhooks).toEqual([
    { webhook_id: "hook-1", project_id: project, url: manager!.callbackUrl, events: ["maintenance.scheduled"] },
  ]);
  await manager!.close();
  manager = undefined;
  expect(world.webhooks).toEqual([]);
});

test("takes the place of the webhook of an earlier life, and leaves others alone", async () => {
  const first = await start();
  const port = Number(new URL(first.callbackUrl).port);
  await first.close();
  world.webhooks.push(
    { webhook_id: "left-behind", project_id: project, url: `http://127.0.0.1:${port}/maintenance/old`, events: [] },
    { webhook_id: "of-somebody", project_id: project, url: "http://elsewhere.example/maintenance", events: [] },
  );
  await start({ listen: { port } });
  expect(world.webhooks.map(({ url }) => url)).toEqual(["http://elsewhere.example/maintenance", manager!.callbackUrl]);
});

test("hears by an event alarm of its project, where it is told to, and takes it away at the end", async () => {
  const left = { type: "event", alarm_actions: ["http://127.0.0.1:12348/maintenance/old"] };
  const others = { type: "event", alarm_actions: ["http://elsewhere.example/maintenance"] };
  world.alarms.push({ alarm_id: "left-behind", ...left }, { alarm_id: "of-somebody", ...others });
  await start({ hears: "alarm", listen: { publicUrl: "http://127.0.0.1:12348" } });
  expect(world.webhooks).toEqual([]);
  expect(world.alarms).toEqual([
    { alarm_id: "of-somebody", ...others },
    expect.objectContaining({
      type: "event",
      event_rule: { event_type: "maintenance.scheduled" },
      repeat_actions: true,
      alarm_actions: [manager!.callbackUrl],
    }),
  ]);
  await manager!.close();
  manager = undefined;
  expect(world.alarms.map(({ alarm_id }) => alarm_id)).toEqual(["of-somebody"]);
});

test("declares groups before their members, where it is told to", async () => {
  world.groups.push({ id: "apart", name: "pair", policy: "anti-affinity", rules: {}, members: ["web-1", "web-2"] });
  await start({ needs: { leadSeconds: 30, recoverySeconds: 5, interruptionSecondsMax: 2 }, action: "LIVE_MIGRATE" });
  const paths = ["instance_group/apart", "instance/web-1", "instance/web-2", "instance/web-10", "instance/db-1"];
  expect(world.declared.map(({ path }) => path)).toEqual(paths.map((path) => `/v1/${path}`));
  const [group, web1, , web10] = world.declared.map(({ body }) => body);
  expect(DeclareGroup.parse(group)).toMatchObject({
    anti_affinity_group: true,
    max_impacted_members: 1,
    recovery_time: 5,
  });
  expect(DeclareInstance.parse(web1)).toMatchObject({
    group_id: "apart",
    migration_type: "LIVE_MIGRATE",
    lead_time: 30,
  });
  expect(DeclareInstance.parse(web10)).toMatchObject({ project_id: project, group_id: null, max_interruption_time: 2 });
});

test("does not start with a wrong password", async () => {
  const as = { username: "shop", password: "wrong", projectName: "shop", userDomainName: "D", projectDomainName: "D" };
  await expect(start({ credentials: { authUrl: world.url, as } })).rejects.toThrow("401");
});

test("agrees to MAINTENANCE, with its token", async () => {
  await start();
  expect(await post(notice(world, "MAINTENANCE"))).toBe(200);
  await replied(1);
  expect(world.replies[0]).toMatchObject({ token: "t0ken", body: { state: "ACK_MAINTENANCE" } });
  expect(world.replies[0]!.body).not.toHaveProperty("instance_actions");
});

describe("which action it chooses", () => {
  test.each([
    { wanted: "MIGRATE", status: "ACTIVE", allowed: "['MIGRATE', 'LIVE_MIGRATE']", chosen: "MIGRATE" },
    { wanted: "LIVE_MIGRATE", status: "ACTIVE", allowed: "['MIGRATE', 'LIVE_MIGRATE']", chosen: "LIVE_MIGRATE" },
    { wanted: "LIVE_MIGRATE", status: "SHUTOFF", allowed: "['MIGRATE', 'LIVE_MIGRATE']", chosen: "MIGRATE" },
    { wanted: "LIVE_MIGRATE", status: "ACTIVE", allowed: "['MIGRATE']", chosen: "MIGRATE" },
    { wanted: "MIGRATE", status: "ACTIVE", allowed: "['LIVE_MIGRATE', 'EVICTION']", chosen: "LIVE_MIGRATE" },
  ] as const)("$wanted wanted, $status, $allowed offered: $chosen", async ({ wanted, status, allowed, chosen }) => {
    world.servers[0]!.status = status;
    world.affected = ["web-1"];
    await start({ action: wanted });
    await post(notice(world, "PLANNED_MAINTENANCE", { allowed_actions: allowed }));
    await replied(1);
    expect(world.replies[0]!.body).toMatchObject({
      state: "ACK_PLANNED_MAINTENANCE",
      instance_actions: { "web-1": chosen },
    });
  });

  test("a question about one listed instance is answered for that instance", async () => {
    await start();
    await post(notice(world, "PREPARE_MAINTENANCE", { instance_ids: "['web-2']" }));
    await replied(1);
    expect(world.replies[0]!.body).toMatchObject({ state: "ACK_PREPARE_MAINTENANCE", instance_action: "MIGRATE" });
  });

  test("with nothing it knows on offer it refuses, and says why", async () => {
    world.affected = ["web-1"];
    await start();
    await post(notice(world, "PLANNED_MAINTENANCE", { allowed_actions: "['EVICTION']" }));
    await replied(1);
    expect(world.replies[0]!.body).toMatchObject({
      state: "NACK_PLANNED_MAINTENANCE",
      reason: expect.stringContaining("nothing that this manager knows for web-1"),
    });
  });
});

describe("scaling", () => {
  test("gives up its last spare servers before it agrees, and creates the same again at the end", async () => {
    world.groups.push({ id: "apart", name: "apart", policy: "anti-affinity", rules: {}, members: ["web-10"] });
    await start({ scaling: { step: 2, spare: ({ name }) => name.startsWith("web"), networks: "none" } });
    await post(notice(world, "SCALE_IN"));
    await replied(1);
    expect(world.replies[0]!.body).toMatchObject({ state: "ACK_SCALE_IN" });
    expect(names()).toEqual(["web-1", "db-1"]);

    await post(notice(world, "MAINTENANCE_COMPLETE"));
    await replied(2);
    expect(names().toSorted()).toEqual(["db-1", "web-1", "web-10", "web-2"]);
    const web10 = { name: "web-10", flavorRef: "small", imageRef: "tiny", metadata: { role: "web" }, networks: "none" };
    expect(world.created[0]).toEqual({ server: web10, "os:scheduler_hints": { group: "apart" } });
    expect(world.created[1]).toEqual({ server: { ...web10, name: "web-2" } });
  });

  test("a second round gives up more, down to the least it can live with, and then still agrees", async () => {
    await start({ scaling: { step: 2, atLeast: 1 } });
    for (const [index, left] of [2, 1, 1].entries()) {
      await post(notice(world, "SCALE_IN", { message_id: `round-${index}` }));
      await replied(index + 1);
      expect(world.servers).toHaveLength(left);
    }
    expect(world.replies.map(({ body }) => body["state"])).toEqual(["ACK_SCALE_IN", "ACK_SCALE_IN", "ACK_SCALE_IN"]);
  });

  test("the same notice twice scales in once and is answered twice", async () => {
    await start();
    await post(notice(world, "SCALE_IN"));
    await post(notice(world, "SCALE_IN"));
    await replied(2);
    expect(world.servers).toHaveLength(3);
    expect(events.filter(({ kind }) => kind === "notified")).toMatchObject([{ again: false }, { again: true }]);
  });

  test("a server that boots from a volume is not given up", async () => {
    world.servers.splice(0, Infinity, aServer("web-1"), aServer("web-2", { image: "" }));
    await start({ scaling: { step: 2, atLeast: 0 } });
    await post(notice(world, "SCALE_IN"));
    await replied(1);
    expect(names()).toEqual(["web-2"]);
  });

  test("when a server cannot be created again, it says so and leaves nothing broken behind", async () => {
    await start();
    await post(notice(world, "SCALE_IN"));
    await replied(1);
    world.createdStatus = "ERROR";
    await post(notice(world, "MAINTENANCE_COMPLETE"));
    await replied(2);
    expect(world.replies[1]!.body).toMatchObject({
      state: "NACK_MAINTENANCE_COMPLETE",
      reason: expect.stringContaining("web-10 could not be created"),
    });
    expect(world.servers).toHaveLength(3);

    world.createdStatus = "ACTIVE";
    await post(notice(world, "MAINTENANCE_COMPLETE", { message_id: "asked-again" }));
    await replied(3);
    expect(names()).toContain("web-10");
  });
});

test("OWN_ACTION: replies first, then creates another server and deletes the old one", async () => {
  world.affected = ["web-1"];
  await start({ action: "OWN_ACTION" });
  await post(notice(world, "PLANNED_MAINTENANCE"));
  await expect.poll(() => events.at(-1)?.kind).toBe("replaced");
  expect(events.map(({ kind }) => kind)).toEqual(["notified", "replied", "replaced"]);
  expect(world.servers.map(({ id }) => id)).toEqual(["web-2", "web-10", "db-1", "new-1"]);
  expect(names()).toContain("web-1");
});

test("INSTANCE_ACTION_DONE is news, and not answered", async () => {
  await start();
  await post(notice(world, "INSTANCE_ACTION_DONE"));
  await post(notice(world, "MAINTENANCE"));
  await replied(1);
  expect(world.replies[0]!.body).toMatchObject({ state: "ACK_MAINTENANCE" });
});

describe("bad manners on demand", () => {
  test("refuses one state and agrees to the others", async () => {
    await start({ manners: { answers: { SCALE_IN: "NACK" } } });
    await post(notice(world, "MAINTENANCE"));
    await post(notice(world, "SCALE_IN"));
    await replied(2);
    expect(world.replies.map(({ body }) => body["state"])).toEqual(["ACK_MAINTENANCE", "NACK_SCALE_IN"]);
    expect(world.servers).toHaveLength(4);
  });

  test("is silent", async () => {
    await start({ manners: { answers: { MAINTENANCE: "SILENT" } } });
    await post(notice(world, "MAINTENANCE"));
    await post(notice(world, "SCALE_IN"));
    await replied(1);
    expect(world.replies[0]!.body).toMatchObject({ state: "ACK_SCALE_IN" });
  });

  test("answers twice", async () => {
    await start({ manners: { times: 2 } });
    await post(notice(world, "MAINTENANCE"));
    await replied(2);
    expect(world.replies[1]).toEqual(world.replies[0]);
  });

  test("answers late, and closing does not wait for it", async () => {
    await start({ manners: { delaySeconds: 0.3 } });
    await post(notice(world, "MAINTENANCE"));
    expect(world.replies).toEqual([]);
    await replied(1);
    await post(notice(world, "SCALE_IN"));
    await manager!.close();
    manager = undefined;
    expect(world.replies).toHaveLength(1);
  });
});

describe("what it does not take", () => {
  test.each([
    ["half a JSON", '{"reason_data":'],
    ["another event", { reason_data: { event: { message_id: "m", event_type: "maintenance.host", traits: [] } } }],
    ["no traits", { reason_data: { event: { message_id: "m", event_type: "maintenance.scheduled", traits: [] } } }],
    ["a body too large", "x".repeat(70_000)],
  ])("%s", async (_, body) => {
    await start();
    expect(await post(body)).toBe(400);
  });

  test("a post by somebody who does not know its secret path", async () => {
    await start();
    expect(await post(notice(world, "SCALE_IN"), `${new URL(manager!.callbackUrl).origin}/maintenance`)).toBe(404);
    expect(world.servers).toHaveLength(4);
  });
});
