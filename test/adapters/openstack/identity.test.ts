/** Tokens of a simulated Keystone, checked by Fenix's own. */
import { MockAgent } from "undici";
import { afterEach, beforeEach, expect, test } from "vitest";
import { keystoneIdentity, type KeystoneIdentity } from "../../../src/adapters/openstack/identity.ts";
import { addUser, projectNamed } from "../../../src/simulator/identity.ts";
import { startSimulator, type Simulator } from "../../../src/simulator/simulator.ts";

let simulator: Simulator;
let identity: KeystoneIdentity;
let now: Date;

beforeEach(async () => {
  simulator = await startSimulator({ hosts: ["compute-1"], projects: ["shop", "bank"] });
  now = new Date();
  identity = openIdentity();
});
afterEach(async () => {
  await identity.close();
  await simulator.close();
});

const openIdentity = (env = simulator.env) =>
  keystoneIdentity(env, {
    clock: { now: () => now, sleep: async () => undefined },
    limits: { answerMs: 500, repeats: 1, pauseMs: 10 },
  });
const pass = (seconds: number) => void (now = new Date(now.getTime() + seconds * 1_000));
const anyTime = () => ({ signal: new AbortController().signal });
const identify = (token: string) => identity.identify(token, anyTime());

const project = (name: string) => projectNamed(simulator.cloud.world, name);
function tokenOf(name: string, scope: string | null = name): string {
  const { world, identity } = simulator.cloud;
  const user = world.users.find((one) => one.name === name)!;
  return identity.issue(user, scope === null ? null : project(scope), "password").secret;
}
const checks = () => simulator.requestCounts().byRoute["keystone GET /v3/auth/tokens"] ?? 0;

test("a member is known with project and roles, and Fenix's own project besides", async () => {
  expect(await identify(tokenOf("shop"))).toEqual({
    user: { id: expect.any(String), name: "shop" },
    project: project("shop").id,
    roles: ["reader", "member"],
    operatorProject: project("admin").id,
  });
});

test("a token without a project has neither project nor roles", async () => {
  expect(await identify(tokenOf("shop", null))).toMatchObject({ project: null, roles: [] });
});

test("a token of a domain has no roles here: its admin is no admin of the cloud", async () => {
  const keystone = new MockAgent();
  keystone.disableNetConnect();
  const pool = keystone.get("http://keystone.example.org");
  const times = { issued_at: "2026-11-25T08:00:00.000000Z", expires_at: "2036-11-25T09:00:00.000000Z" };
  pool
    .intercept({ path: "/v3/auth/tokens", method: "POST" })
    .reply(
      201,
      { token: { ...times, catalog: [], project: { id: "ops" } } },
      { headers: { "x-subject-token": "own" } },
    );
  const user = { id: "u-1", name: "root" };
  pool
    .intercept({ path: "/v3/auth/tokens?nocatalog" })
    .reply(200, { token: { ...times, user, domain: { id: "d" }, roles: [{ name: "admin" }] } });
  const identity = keystoneIdentity(
    { ...simulator.env, OS_AUTH_URL: "http://keystone.example.org/v3" },
    { dispatcher: keystone },
  );
  expect(await identity.identify("theirs", anyTime())).toEqual({
    user,
    project: null,
    roles: [],
    operatorProject: "ops",
  });
  await keystone.close();
});

test.each(["", "nonsense", "gAAAAA".padEnd(190, "x"), "two words", "x".repeat(9_000), "\u00e9"])(
  "%j belongs to nobody",
  async (token) => {
    expect(await identify(token)).toBeNull();
  },
);

test("a token that Keystone forgets is believed for half a minute and no longer", async () => {
  const token = tokenOf("shop");
  expect(await identify(token)).not.toBeNull();
  simulator.cloud.identity.revokeAll("shop");
  pass(29);
  expect(await identify(token)).not.toBeNull();
  expect(checks()).toBe(1);
  pass(2);
  expect(await identify(token)).toBeNull();
});

test("a token is not believed beyond its own end", async () => {
  const token = tokenOf("shop");
  expect(await identify(token)).not.toBeNull();
  pass(simulator.cloud.world.settings.tokenSeconds - 20); // Fresh again, and near its end.
  expect(await identify(token)).not.toBeNull();
  pass(21);
  simulator.cloud.identity.revokeAll("shop"); // As Keystone's own clock would.
  expect(await identify(token)).toBeNull();
});

test("a bad token is asked about once in ten seconds", async () => {
  for (let times = 0; times < 5; times += 1) expect(await identify("stolen")).toBeNull();
  expect(checks()).toBe(1);
  pass(11);
  expect(await identify("stolen")).toBeNull();
  expect(checks()).toBe(2);
});

test("many requests with one token at the same time ask once", async () => {
  const token = tokenOf("shop");
  const answers = await Promise.all(Array.from({ length: 50 }, () => identify(token)));
  expect(new Set(answers)).toHaveLength(1);
  expect(checks()).toBe(1);
});

test("Fenix's own token is renewed when Keystone has revoked it", async () => {
  expect(await identify(tokenOf("shop"))).not.toBeNull();
  simulator.cloud.identity.revokeAll("admin");
  expect(await identify(tokenOf("bank"))).toMatchObject({ project: project("bank").id });
});

test.each([
  { kind: "answers", status: 503 },
  { kind: "answers", status: 500 },
  { kind: "answers", status: 403 },
  { kind: "answers", status: 200, html: true },
  { kind: "disconnects", when: "before" },
  { kind: "times_out", when: "before" },
] as const)("Keystone that $kind $status lets nobody in, and says nothing to strangers", async (effect) => {
  simulator.cloud.requestFaults.add({ method: "GET", path: "/v3/auth/tokens", effect, times: 10 });
  await expect(identify(tokenOf("admin"))).rejects.toMatchObject({
    code: "IDENTITY_UNAVAILABLE",
    message: "the token cannot be checked now; try again later",
  });
});

test("an answer that nobody got is not remembered", async () => {
  const token = tokenOf("shop");
  simulator.cloud.requestFaults.add({
    method: "GET",
    path: "/v3/auth/tokens",
    effect: { kind: "answers", status: 503 },
    times: 2,
  });
  await expect(identify(token)).rejects.toThrow();
  expect(await identify(token)).not.toBeNull();
});

test("a user of Fenix that may not check tokens lets nobody in", async () => {
  const { world } = simulator.cloud;
  addUser(world, { name: "weak", password: "secret" }, project("shop"));
  const weak = openIdentity({ ...simulator.env, OS_USERNAME: "weak", OS_PASSWORD: "secret", OS_PROJECT_NAME: "shop" });
  await expect(weak.identify(tokenOf("bank"), anyTime())).rejects.toMatchObject({ code: "IDENTITY_UNAVAILABLE" });
  await weak.close();
});

test("without a Keystone nobody comes in", async () => {
  const none = openIdentity({});
  await expect(none.identify("token", anyTime())).rejects.toMatchObject({ code: "IDENTITY_UNAVAILABLE" });
  expect(none.url).toBeNull();
});

test("who does not wait any longer is let go", async () => {
  simulator.cloud.requestFaults.add({
    method: "GET",
    path: "/v3/auth/tokens",
    effect: { kind: "times_out", when: "before" },
  });
  await expect(identity.identify(tokenOf("shop"), { signal: AbortSignal.timeout(20) })).rejects.toThrow("timeout");
});
