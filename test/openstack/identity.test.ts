/** Tokens, the policy's personas and the catalog on a real Keystone. What is registered is taken away again. */
import { afterAll, describe, expect, test } from "vitest";
import { makePolicy } from "../../src/access/policy.ts";
import { keystoneIdentity } from "../../src/adapters/openstack/identity.ts";
import { enterCloud } from "../../src/adapters/openstack/login.ts";
import { registerService } from "../../src/adapters/openstack/register-service.ts";

const { OS_AUTH_URL, OS_TEST_PROJECTS = "tenant-a,tenant-b" } = process.env;
const [projectA = "", projectB = ""] = OS_TEST_PROJECTS.split(",");
if (!OS_AUTH_URL) console.log("skipped: tokens of a real Keystone, since OS_AUTH_URL is not set");

const admin = Object.fromEntries(Object.entries(process.env).filter(([name]) => name.startsWith("OS_")));
const alice = { ...admin, OS_USERNAME: "alice", OS_PASSWORD: "secret", OS_PROJECT_NAME: projectA };
const bob = { ...admin, OS_USERNAME: "bob", OS_PASSWORD: "secret", OS_PROJECT_NAME: projectB };

const tokenOf = async (who: Readonly<Record<string, string | undefined>>): Promise<string> =>
  (await enterCloud(who, async ({ token }) => token.value)) ?? "";
const anyTime = () => ({ signal: new AbortController().signal });
const keystone = async (method: string, path: string, token: string, headers: Record<string, string> = {}) => {
  const answer = await fetch(`${OS_AUTH_URL}${path}`, { method, headers: { "x-auth-token": token, ...headers } });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  return answer;
};

describe.skipIf(!OS_AUTH_URL)("a real Keystone", () => {
  const identity = keystoneIdentity(admin);
  afterAll(() => identity.close());
  const identify = (token: string) => identity.identify(token, anyTime());

  test("says whose a token is, and the default policy knows what to make of it", async () => {
    const [root, a, b] = await Promise.all([admin, alice, bob].map(async (who) => identify(await tokenOf(who))));
    if (!root || !a || !b) throw new Error("a good token is not known");
    expect(a.user.name).toBe("alice");
    expect(a.operatorProject).toBe(root.project);
    const policy = makePolicy({});
    const seen = [root, a, b].map((caller) => [
      policy.allows("fenix:maintenance:post", caller, { project: null }),
      policy.allows("fenix:maintenance:get", caller, { project: null }),
      policy.allows("fenix:maintenance:session:project:put", caller, { project: a.project }),
    ]);
    expect(seen).toEqual([
      [true, true, true],
      [false, false, true],
      [false, false, false],
    ]);
  });

  test("does not know what is none, and forgets what was revoked", async () => {
    expect(await identify("nonsense")).toBeNull();
    expect(await identify(`gAAAAAB${"x".repeat(176)}`)).toBeNull();
    const token = await tokenOf(alice);
    await keystone("DELETE", "/auth/tokens", token, { "x-subject-token": token });
    expect(await identify(token)).toBeNull();
  });

  test("does not let a mere member check the tokens of others, and then nobody comes in", async () => {
    const weak = keystoneIdentity(alice);
    const token = await tokenOf(bob);
    await expect(weak.identify(token, anyTime())).rejects.toMatchObject({ code: "IDENTITY_UNAVAILABLE" });
    await weak.close();
  });

  test("has Fenix in its catalog once it is registered, and only once (K1)", async ({ skip }) => {
    const registered = async (token: string) => {
      const answer = await keystone("GET", "/services?type=maintenance", token);
      return ((await answer.json()) as { services: { id: string }[] }).services;
    };
    const token = await tokenOf(admin);
    // Somebody's own one is not ours to take away.
    if ((await registered(token)).length > 0) return skip("the cloud has a maintenance service");
    const changes = await enterCloud(admin, async (entered) => {
      const register = async (url: string) =>
        (await registerService(entered, { url, region: null })).map(({ change }) => change);
      const found = [await register("http://192.0.2.1/v1"), await register("http://192.0.2.2/v1")];
      return [...found, await register("http://192.0.2.2/v1")];
    });
    const services = await registered(token);
    const { catalog } = (await (await keystone("GET", "/auth/catalog", await tokenOf(alice))).json()) as {
      catalog: { type: string; endpoints: { url: string }[] }[];
    };
    for (const { id } of services) await keystone("DELETE", `/services/${id}`, token);
    expect(changes?.map(([first]) => first)).toEqual(["created", "changed", "kept"]);
    expect(services).toHaveLength(1);
    const [fenix] = catalog.filter(({ type }) => type === "maintenance");
    expect(fenix?.endpoints.map(({ url }) => url)).toEqual(Array.from({ length: 3 }, () => "http://192.0.2.2/v1"));
  });
});
