/** Entering the cloud, and using it as the owner of instances does. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { addApplicationCredential } from "../../src/simulator/identity.ts";
import { credentials, logIn, startLab, type Lab } from "./lab.ts";

let lab: Lab;
beforeEach(async () => {
  lab = await startLab();
});
afterEach(async () => lab.close());

const servers = "/compute/v2.1/servers";

test("a token expires, a new one works", async () => {
  lab.clock.advance(3601);
  expect((await lab.get(servers)).status).toBe(401);
  const token = await logIn(lab.authUrl, "admin", "admin", "admin");
  expect((await fetch(`${lab.url}${servers}`, { headers: { "x-auth-token": token } })).status).toBe(200);
});

test("a changed password takes the user's tokens away, and only those", async () => {
  await lab.post("/simulator/users/alice/password", { password: "new" });
  expect((await lab.get(servers, "alice")).status).toBe(401);
  expect((await lab.get(servers, "bob")).status).toBe(200);
  await expect(logIn(lab.authUrl, "alice", "secret", "tenant-a")).rejects.toThrow("401");
  await logIn(lab.authUrl, "alice", "new", "tenant-a");
});

test("an application credential is bound to its project and outlives the password", async () => {
  const { id, secret } = addApplicationCredential(lab.cloud.world, { user: "alice", project: "tenant-a" });
  lab.cloud.identity.changePassword("alice", "new");
  const enter = async (given: string): Promise<Response> => {
    const identity = { methods: ["application_credential"], application_credential: { id, secret: given } };
    return fetch(`${lab.authUrl}/auth/tokens`, { method: "POST", body: JSON.stringify({ auth: { identity } }) });
  };
  expect((await enter("wrong")).status).toBe(401);
  const answer = await enter(secret);
  expect(await answer.json()).toMatchObject({
    token: { methods: ["application_credential"], project: { name: "tenant-a" }, user: { name: "alice" } },
  });
});

test("nobody enters a project without a role in it", async () => {
  const body = JSON.stringify(credentials("alice", "secret", "tenant-b"));
  expect((await fetch(`${lab.authUrl}/auth/tokens`, { method: "POST", body })).status).toBe(401);
});

test("a tenant boots, finds and deletes its own", async () => {
  const server = { name: "one-more", flavorRef: "1", imageRef: "tiny", networks: "none" };
  const accepted = await lab.post(servers, { server }, "alice");
  expect(accepted.status).toBe(202);
  const {
    server: { id },
  } = (await accepted.json()) as { server: { id: string } };
  expect((await lab.shown(lab.cloud.instance(id))).status).toBe("BUILD");
  lab.clock.settle();
  expect((await lab.shown(lab.cloud.instance(id))).status).toBe("ACTIVE");
  expect((await lab.get(`${servers}/${id}`, "bob")).status).toBe(404);
  expect((await lab.remove(`${servers}/${id}`, "bob")).status).toBe(404);
  expect((await lab.remove(`${servers}/${id}`, "alice")).status).toBe(204);
  lab.clock.settle();
  expect((await lab.get(`${servers}/${id}`, "alice")).status).toBe(404);
});

test("members of a group made over the API keep apart, and the group names them", async () => {
  const groups = "/compute/v2.1/os-server-groups";
  const created = await lab.post(groups, { server_group: { name: "pair", policy: "anti-affinity" } }, "alice");
  const {
    server_group: { id: group },
  } = (await created.json()) as { server_group: { id: string } };
  for (const name of ["left", "right"]) {
    const server = { name, flavorRef: "1", imageRef: "tiny", networks: "none" };
    await lab.post(servers, { server, "os:scheduler_hints": { group } }, "alice");
  }
  lab.clock.settle();
  const [left, right] = [lab.cloud.instance("left"), lab.cloud.instance("right")];
  expect(left.host).not.toBe(right.host);
  const shown = await lab.get(`${groups}/${group}`, "alice");
  expect(await shown.json()).toMatchObject({ server_group: { members: [left.id, right.id] } });
  expect((await lab.get(`${groups}/${group}`, "bob")).status).toBe(404);
});

test("only the admin names the host of a boot", async () => {
  const server = { name: "pinned", flavorRef: "1", imageRef: "tiny", networks: "none", host: "compute-5" };
  expect((await lab.post(servers, { server }, "alice")).status).toBe(403);
  expect((await lab.post(servers, { server })).status).toBe(202);
  lab.clock.settle();
  expect(lab.cloud.instance("pinned").host).toBe("compute-5");
});

test("pages lead to every server once", async () => {
  const seen: string[] = [];
  let next: string | undefined = `${servers}?all_tenants=1&limit=5`;
  while (next !== undefined) {
    const answer = await lab.get(next);
    const page = (await answer.json()) as { servers: { id: string }[]; servers_links?: { href: string }[] };
    seen.push(...page.servers.map(({ id }) => id));
    next = page.servers_links?.[0]?.href.slice(lab.url.length);
  }
  expect(seen).toEqual(lab.cloud.world.instances.map(({ id }) => id).reverse());
});

test("what changed since a moment, deleted ones too", async () => {
  lab.clock.advance(60);
  const since = new Date(lab.clock.now()).toISOString();
  lab.clock.advance(1);
  lab.cloud.asTenant("tenant-a").delete("tenant-a-9");
  lab.cloud.asTenant("tenant-a").stop("tenant-a-8");
  lab.clock.settle();
  const answer = await lab.get(`${servers}/detail?all_tenants=1&changes-since=${encodeURIComponent(since)}`);
  const { servers: changed } = (await answer.json()) as { servers: { name: string; status: string }[] };
  expect(changed.map(({ name, status }) => `${name} ${status}`)).toEqual(["tenant-a-9 DELETED", "tenant-a-8 SHUTOFF"]);
});
