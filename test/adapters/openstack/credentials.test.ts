import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readCredentials } from "../../../src/adapters/openstack/credentials.ts";

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "fenix-clouds-"))));
afterEach(() => rmSync(folder, { recursive: true }));

const password = {
  OS_AUTH_URL: "http://keystone:5000",
  OS_USERNAME: "admin",
  OS_PASSWORD: "s3cret",
  OS_PROJECT_NAME: "ops",
};

const cloudsYaml = (text: string, secure?: string) => {
  const file = join(folder, "clouds.yaml");
  writeFileSync(file, text);
  if (secure !== undefined) writeFileSync(join(folder, "secure.yaml"), secure);
  return { OS_CLOUD: "mine", OS_CLIENT_CONFIG_FILE: file };
};

test("no variables, no cloud", () => {
  expect(readCredentials({})).toBeNull();
});

test("a user enters a project with a password; domains are Default unless told otherwise", () => {
  expect(readCredentials(password)).toEqual({
    authUrl: "http://keystone:5000/v3",
    who: "user admin",
    ...{ region: null, interface: "public", ca: null, verify: true },
    body: {
      auth: {
        identity: {
          methods: ["password"],
          password: { user: { name: "admin", domain: { name: "Default" }, password: "s3cret" } },
        },
        scope: { project: { name: "ops", domain: { name: "Default" } } },
      },
    },
  });
});

test("ids need no domain", () => {
  const { OS_AUTH_URL, OS_PASSWORD } = password;
  const read = readCredentials({ OS_AUTH_URL, OS_PASSWORD, OS_USER_ID: "u1", OS_PROJECT_ID: "p1" });
  expect(read?.body).toEqual({
    auth: {
      identity: { methods: ["password"], password: { user: { id: "u1", password: "s3cret" } } },
      scope: { project: { id: "p1" } },
    },
  });
});

test("an application credential is used without a scope", () => {
  const given = { OS_APPLICATION_CREDENTIAL_ID: "a1", OS_APPLICATION_CREDENTIAL_SECRET: "s3cret" };
  expect(readCredentials({ OS_AUTH_URL: password.OS_AUTH_URL, ...given })?.body).toEqual({
    auth: {
      identity: { methods: ["application_credential"], application_credential: { id: "a1", secret: "s3cret" } },
    },
  });
});

test("an application credential given by name needs its user", () => {
  const given = { OS_APPLICATION_CREDENTIAL_NAME: "fenix", OS_APPLICATION_CREDENTIAL_SECRET: "s3cret" };
  const read = readCredentials({ OS_AUTH_URL: password.OS_AUTH_URL, OS_USERNAME: "admin", ...given });
  expect(read).toMatchObject({
    who: "application credential fenix",
    body: {
      auth: {
        identity: {
          application_credential: {
            name: "fenix",
            user: { name: "admin", domain: { name: "Default" } },
            secret: "s3cret",
          },
        },
      },
    },
  });
});

test.each(["http://k:5000", "http://k:5000/", "http://k:5000/v3", "http://k:5000/v3/", "http://k:5000/v2.0"])(
  "%s is Keystone v3 at that place",
  (OS_AUTH_URL) => {
    expect(readCredentials({ ...password, OS_AUTH_URL })?.authUrl).toBe("http://k:5000/v3");
  },
);

test("clouds.yaml and its secure.yaml are joined, and a variable that is set wins", () => {
  const file = cloudsYaml(
    "clouds:\n  mine:\n    auth:\n      auth_url: http://k:5000/v3\n      username: ops\n      project_name: infra\n" +
      "    region_name: north\n    interface: internalURL\n    verify: false\n    identity_api_version: 3\n",
    "clouds:\n  mine:\n    auth:\n      password: 12345\n",
  );
  expect(readCredentials({ ...file, OS_REGION_NAME: "south" })).toMatchObject({
    ...{ authUrl: "http://k:5000/v3", region: "south", interface: "internal", verify: false },
    body: { auth: { identity: { password: { user: { name: "ops", password: "12345" } } } } },
  });
});

test("what clouds.yaml lacks, or has in a wrong shape, is named without its value", () => {
  expect(() => readCredentials(cloudsYaml("clouds: {other: {}}"))).toThrow(/OS_CLOUD is mine, but .*has no such cloud/);
  expect(() => readCredentials(cloudsYaml("clouds: {mine: {}}"))).toThrow(/OS_AUTH_URL is not set/);
  const wrong = cloudsYaml("clouds: {mine: {auth: {username: {first: s3cret}}}}");
  expect(() => readCredentials(wrong)).toThrow(/unusable values: auth.username$/);
});

test.each([
  { missing: "OS_PASSWORD", given: { ...password, OS_PASSWORD: undefined } },
  { missing: "OS_USERNAME", given: { ...password, OS_USERNAME: undefined } },
  { missing: "OS_PROJECT_NAME", given: { ...password, OS_PROJECT_NAME: undefined } },
])("$missing is named when it is missing", ({ missing, given }) => {
  expect(() => readCredentials(given)).toThrow(missing);
});
