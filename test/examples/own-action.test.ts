/** How the sample manager replaces a server by itself, and what it tells Fenix of it. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { fenixAt } from "../../examples/client/fenix.ts";
import { connect } from "../../examples/manager/nova.ts";
import { replaceServer } from "../../examples/manager/own-action.ts";
import { DeclareInstance } from "../../src/wire/instance-constraints.ts";
import { credentials, type FakeWorld, fakeWorld, project } from "./fake-world.ts";

let world: FakeWorld;
beforeEach(async () => {
  world = await fakeWorld();
  const kind = { flavor: { id: "small" }, image: { id: "tiny" } as const, metadata: {} };
  world.servers.push({ id: "web-1", name: "web-1", status: "ACTIVE", ...kind });
});
afterEach(() => world.close());

async function replace(server = "web-1"): Promise<string | null> {
  const { nova, token } = await connect(credentials(world));
  const fenix = fenixAt({ url: world.url, projectId: project, token });
  return replaceServer(server, { nova, fenix, networks: "none" });
}

const servers = () => world.servers.map(({ id }) => id);

test("what was declared of the old server holds for the new one, with whose place it took", async () => {
  const needs = { max_interruption_time: 5, migration_type: "OWN_ACTION", resource_mitigation: false, lead_time: 9 };
  const old = { instance_id: "web-1", project_id: project, group_id: "web", instance_name: "web-1", ...needs };
  world.declared.push({ path: "/v1/instance/web-1", body: { ...old, created_at: "2026-11-25 07:00:00" } });
  expect(await replace()).toBe("new-1");
  expect(world.declared.at(-1)).toEqual({
    path: "/v1/instance/new-1",
    body: { ...old, instance_id: "new-1", replaces: "web-1" },
  });
  expect(servers()).toEqual(["new-1"]);
});

test("of a server about which nothing was declared, nothing more is said than whose place was taken", async () => {
  await replace();
  expect(DeclareInstance.parse(world.declared[0]?.body)).toMatchObject({
    ...{ instance_id: "new-1", project_id: project, replaces: "web-1" },
    ...{ group_id: null, lead_time: 0, resource_mitigation: false },
  });
});

test("where the new one cannot be created the old one stays, and nothing stands for it", async () => {
  world.createdStatus = "ERROR";
  await expect(replace()).rejects.toThrow("web-1 could not be created");
  expect(servers()).toEqual(["web-1"]);
  expect(world.declared).toEqual([]);
});

test("a server that boots from a volume is left alone", async () => {
  world.servers[0]!.image = "";
  await expect(replace()).rejects.toThrow("boots from a volume");
  expect(servers()).toEqual(["web-1"]);
});

test("a server that is gone needs nothing", async () => {
  expect(await replace("web-0")).toBeNull();
  expect(world.created).toEqual([]);
});
