/** The command before a Fenix that lets in only whom Keystone knows. */
import { afterAll, expect, test } from "vitest";
import { policySample } from "../../src/access/policy-sample.ts";
import { sessionId } from "../http/a-door.ts";
import { guardedDoor } from "../http/personas.ts";
import { fenix } from "./fenix.ts";

const door = await guardedDoor();
const FENIX_URL = await door.app.listen({ host: "127.0.0.1", port: 0 });
afterAll(door.close);

const { simulator } = door;
const admin = { FENIX_URL, ...simulator.env };
const member = { ...admin, OS_USERNAME: "manager", OS_PASSWORD: "secret", OS_PROJECT_NAME: "shop" };
const logins = () => simulator.requestCounts().byRoute["keystone POST /v3/auth/tokens"] ?? 0;

test("fetches a token with the OS_* variables, once for all that it asks", async () => {
  await fenix(["session", "list"], { env: admin }); // Fenix itself comes in too, at the first question.
  const before = logins();
  const { code, out, err } = await fenix(["session", "timeline", sessionId, "--json"], { env: admin });
  expect({ code, out: JSON.parse(out), err }).toEqual({ code: 0, out: { entries: [] }, err: "" });
  expect(logins()).toBe(before + 1);
});

test("takes the token that the user has", async () => {
  const { "x-auth-token": OS_TOKEN = "" } = door.header("admin");
  const before = logins();
  expect(await fenix(["session", "list"], { env: { FENIX_URL, OS_TOKEN } })).toMatchObject({ code: 0 });
  expect(logins()).toBe(before);
});

test.each([
  {
    why: "no credentials",
    env: { FENIX_URL },
    code: 1,
    says: "set OS_CLOUD, or OS_AUTH_URL and its companions, or OS_TOKEN",
  },
  {
    why: "a token that has expired",
    env: { FENIX_URL, OS_TOKEN: "old" },
    code: 1,
    says: "Keystone does not know the token",
  },
  { why: "a wrong password", env: { ...admin, OS_PASSWORD: "wrong" }, code: 1, says: "does not let user admin in" },
  { why: "half of the credentials", env: { ...admin, OS_PASSWORD: "" }, code: 2, says: "OS_PASSWORD is not set" },
  { why: "no Keystone", env: { ...admin, OS_AUTH_URL: "http://127.0.0.1:1" }, code: 3, says: "is out of reach" },
  { why: "not the roles", env: member, code: 1, says: "rule fenix:maintenance:get does not allow this to manager" },
])("$why: exit code $code and why", async ({ env, code, says }) => {
  const ended = await fenix(["session", "list"], { env });
  expect(ended.code).toBe(code);
  expect(ended.err).toContain(says);
});

test("a Fenix that cannot reach Keystone is one that does not answer", async () => {
  simulator.cloud.requestFaults.cutOff(null);
  const ended = await fenix(["session", "list"], { env: { FENIX_URL, OS_TOKEN: "gAAAAABfresh" } });
  simulator.cloud.requestFaults.restore();
  expect(ended).toMatchObject({ code: 3, err: "fenix: the token cannot be checked now; try again later\n" });
});

test("policy sample asks nobody", async () => {
  expect(await fenix(["policy", "sample"], { env: {} })).toEqual({ code: 0, out: policySample(), err: "" });
});

test("catalog register makes Fenix known, and makes good a changed address (K1)", async () => {
  const register = async (url: string) => {
    const { code, out } = await fenix(["catalog", "register", "--url", url, "--json"], { env: admin });
    expect(code).toBe(0);
    return JSON.parse(out).endpoints.map(({ change }: { change: string }) => change);
  };
  expect(await register("https://old.example.org")).toEqual(["created", "created", "created"]);
  expect(await register("https://old.example.org")).toEqual(["kept", "kept", "kept"]);
  expect(await register("https://fenix.example.org/")).toEqual(["changed", "changed", "changed"]);

  const login = await fetch(`${simulator.authUrl}/auth/catalog`, { headers: door.header("member") });
  const { catalog } = (await login.json()) as {
    catalog: { type: string; name: string; endpoints: { url: string }[] }[];
  };
  const [found, ...more] = catalog.filter(({ type }) => type === "maintenance");
  expect(more).toEqual([]);
  expect(found).toMatchObject({ name: "fenix" });
  expect(found?.endpoints.map(({ url }) => url)).toEqual(
    Array.from({ length: 3 }, () => "https://fenix.example.org/v1"),
  );
});

test("catalog register by who may not do it is refused in Keystone's words", async () => {
  const ended = await fenix(["catalog", "register"], { env: member });
  expect(ended.code).toBe(1);
  expect(ended.err).toContain("You are not authorized to perform the requested action: identity:list_services.");
});

test("catalog register without a cloud asks which one", async () => {
  expect(await fenix(["catalog", "register"], { env: { FENIX_URL } })).toMatchObject({ code: 2 });
});
