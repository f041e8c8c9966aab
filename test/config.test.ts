import { resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { readClientConfig, readConfig } from "../src/config.ts";

const password = {
  OS_AUTH_URL: "https://keystone.example.org/v3/",
  OS_USERNAME: "fenix",
  OS_PASSWORD: "s3cret",
  OS_PROJECT_NAME: "admin",
};

describe("what is set", () => {
  test.each([
    {
      name: "nothing, so that Fenix starts anywhere",
      env: {},
      expected: {
        port: 12_347,
        host: "127.0.0.1",
        replySeconds: 40,
        scaleInReplySeconds: 60,
        sessionsMax: 20,
        cloudOutageSeconds: 3_600,
        queueBackend: "postgres",
        databaseUrl: undefined,
        dataDir: resolve(".data"),
      },
    },
    {
      name: "an empty variable, which is none",
      env: { FENIX_PORT: "", REDIS_URL: " " },
      expected: { port: 12_347, redisUrl: undefined },
    },
    {
      name: "Redis, which then carries the queues",
      env: { REDIS_URL: "redis://queue:6379" },
      expected: { queueBackend: "redis" },
    },
    { name: "Redis on a unix socket", env: { REDIS_URL: "/run/redis.sock" }, expected: { queueBackend: "redis" } },
    {
      name: "a queue backend, which wins over REDIS_URL",
      env: { REDIS_URL: "redis://queue", QUEUE_BACKEND: "postgres" },
      expected: { queueBackend: "postgres" },
    },
    {
      name: "folders with further plugins",
      env: { FENIX_PLUGIN_PATH: "/etc/fenix/plugins:more:" },
      expected: { pluginPath: ["/etc/fenix/plugins", resolve("more")] },
    },
    {
      name: "a port, which shows in the links",
      env: { FENIX_PORT: "8080" },
      expected: { port: 8_080, publicUrl: "http://127.0.0.1:8080" },
    },
    {
      name: "all addresses, of which links name one that answers",
      env: { FENIX_HOST: "0.0.0.0" },
      expected: { host: "0.0.0.0", publicUrl: "http://127.0.0.1:12347" },
    },
    {
      name: "an IPv6 address, which links put in brackets",
      env: { FENIX_HOST: "::1" },
      expected: { publicUrl: "http://[::1]:12347" },
    },
    {
      name: "a public URL, without the slash at its end",
      env: { FENIX_PUBLIC_URL: "https://fenix.example.org/" },
      expected: { publicUrl: "https://fenix.example.org" },
    },
    {
      name: "a reply window with a fraction of a second",
      env: { FENIX_REPLY_SECONDS: "2.5" },
      expected: { replySeconds: 2.5 },
    },
  ])("$name", ({ env, expected }) => {
    expect(readConfig(env)).toMatchObject(expected);
  });

  test.each([
    {
      name: "a password",
      env: password,
      expected: { OS_AUTH_URL: "https://keystone.example.org/v3", OS_PASSWORD: "s3cret" },
    },
    {
      name: "an application credential",
      env: { OS_AUTH_URL: "http://k", OS_APPLICATION_CREDENTIAL_ID: "i", OS_APPLICATION_CREDENTIAL_SECRET: "s" },
      expected: { OS_APPLICATION_CREDENTIAL_ID: "i" },
    },
    {
      name: "a cloud of clouds.yaml, which may have the rest",
      env: { OS_CLOUD: "lab", OS_AUTH_URL: "http://k" },
      expected: { OS_CLOUD: "lab" },
    },
    {
      name: "an interface in its older spelling",
      env: { OS_INTERFACE: "internalURL" },
      expected: { OS_INTERFACE: "internal" },
    },
  ])("the cloud by $name", ({ env, expected }) => {
    expect(readConfig(env).openstack).toMatchObject(expected);
  });
});

describe("who comes in", () => {
  test("whose token Keystone knows, unless told otherwise", () => {
    expect(readConfig({})).toMatchObject({ auth: "keystone", policyFile: undefined });
    expect(readConfig({ FENIX_POLICY_FILE: "policy.yaml" }).policyFile).toBe(resolve("policy.yaml"));
  });

  test.each(["127.0.0.1", "127.1.2.3", "::1", "localhost"])("everybody on %s, where that is wanted", (host) => {
    expect(readConfig({ FENIX_AUTH: "none", FENIX_HOST: host }).auth).toBe("none");
  });

  test.each(["0.0.0.0", "::", "192.0.2.10", "fenix.example.org", "127.example.org"])(
    "never everybody on %s",
    (host) => {
      expect(() => readConfig({ FENIX_AUTH: "none", FENIX_HOST: host })).toThrow(`FENIX_AUTH: none lets everybody in`);
      expect(readConfig({ FENIX_HOST: host }).auth).toBe("keystone");
    },
  );
});

describe("reply tokens", () => {
  const [one, two] = ["1".repeat(32), "2".repeat(40)];
  test("are given where a secret signs them; more secrets are good for reading", () => {
    expect(readConfig({}).replyTokenSecrets).toBeUndefined();
    expect(readConfig({ FENIX_REPLY_TOKEN_SECRET: `${one}, ${two}` }).replyTokenSecrets).toEqual([one, two]);
  });

  test.each(["short", `${one},short`, `${one},`])(
    "a secret that can be guessed is refused, and not shown",
    (secret) => {
      expect(() => readConfig({ FENIX_REPLY_TOKEN_SECRET: secret })).toThrow(
        'FENIX_REPLY_TOKEN_SECRET: "***" given, expected 32 characters or more',
      );
    },
  );
});

describe("where webhooks may be sent besides the public addresses", () => {
  const inside = ["10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"];
  test.each([
    {
      name: "private networks and this machine, while nobody else is served",
      env: {},
      allow: [...inside, "127.0.0.0/8", "::1"],
    },
    { name: "private networks, once others are served", env: { FENIX_HOST: "0.0.0.0" }, allow: inside },
    {
      name: "private networks, when something in front serves others",
      env: { FENIX_PUBLIC_URL: "https://fenix.example.org" },
      allow: inside,
    },
    {
      name: "what the operator says",
      env: { FENIX_OUTGOING_ALLOW: "10.20.0.0/16, ::1" },
      allow: ["10.20.0.0/16", "::1"],
    },
  ])("$name", ({ env, allow }) => {
    expect(readConfig(env).outgoingAllow).toEqual(allow);
  });

  test.each(["10.0.0.0/33", "example.org", "10.0.0.0/8/8", "fe80::/129", "10.0.0.0/x"])("not %s", (network) => {
    expect(() => readConfig({ FENIX_OUTGOING_ALLOW: network })).toThrow(`FENIX_OUTGOING_ALLOW: "${network}" given`);
  });
});

describe("what is wrong names its variable, what was given and what is expected", () => {
  test.each([
    { env: { FENIX_PORT: "http" }, says: 'FENIX_PORT: "http" given, expected a whole number from 1 to 65535' },
    { env: { FENIX_PORT: "70000" }, says: 'FENIX_PORT: "70000" given, expected at most 65535' },
    { env: { FENIX_PORT: "80.5" }, says: 'FENIX_PORT: "80.5" given, expected a whole number' },
    { env: { FENIX_REPLY_SECONDS: "0" }, says: 'FENIX_REPLY_SECONDS: "0" given, expected at least 1 seconds' },
    { env: { FENIX_REPLY_SECONDS: "40s" }, says: 'FENIX_REPLY_SECONDS: "40s" given, expected a number of seconds' },
    { env: { FENIX_MAX_SESSIONS: "-1" }, says: 'FENIX_MAX_SESSIONS: "-1" given, expected at least 1' },
    { env: { FENIX_LOG_LEVEL: "loud" }, says: 'FENIX_LOG_LEVEL: "loud" given, expected fatal, error, warn' },
    {
      env: { FENIX_PUBLIC_URL: "fenix.example.org" },
      says: 'FENIX_PUBLIC_URL: "fenix.example.org" given, expected an http',
    },
    { env: { FENIX_PUBLIC_URL: "ftp://fenix" }, says: 'FENIX_PUBLIC_URL: "ftp://fenix" given, expected an http' },
    {
      env: { DATABASE_URL: "mysql://me:s3cret@db/fenix" },
      says: 'DATABASE_URL: "mysql://***@db/fenix" given, expected a URL such as postgresql',
    },
    {
      env: { REDIS_URL: "http://:s3cret@queue" },
      says: 'REDIS_URL: "http://***@queue" given, expected a URL such as redis',
    },
    { env: { QUEUE_BACKEND: "kafka" }, says: 'QUEUE_BACKEND: "kafka" given, expected postgres, redis or redis-local' },
    { env: { QUEUE_BACKEND: "redis" }, says: "REDIS_URL: not set, but QUEUE_BACKEND=redis needs it" },
    { env: { FENIX_AUTH: "password" }, says: 'FENIX_AUTH: "password" given, expected keystone or none' },
    { env: { OS_INTERFACE: "outside" }, says: 'OS_INTERFACE: "outside" given, expected public, internal or admin' },
    { env: { ...password, OS_AUTH_URL: "keystone" }, says: 'OS_AUTH_URL: "keystone" given, expected an http' },
    { env: { ...password, OS_USERNAME: "" }, says: "OS_USERNAME: not set" },
    { env: { ...password, OS_PASSWORD: "" }, says: "OS_PASSWORD: not set" },
    { env: { ...password, OS_PROJECT_NAME: "" }, says: "OS_PROJECT_NAME: not set" },
    {
      env: { OS_AUTH_URL: "http://k", OS_APPLICATION_CREDENTIAL_NAME: "n" },
      says: "OS_APPLICATION_CREDENTIAL_SECRET: not set",
    },
  ])("$says", ({ env, says }) => {
    expect(() => readConfig(env)).toThrow(says);
    expect(() => readConfig(env)).not.toThrow("s3cret");
  });

  test("all of them at once", () => {
    expect(() => readConfig({ FENIX_PORT: "x", QUEUE_BACKEND: "y" })).toThrow(
      /FENIX_PORT.*\n.*QUEUE_BACKEND|QUEUE_BACKEND.*\n.*FENIX_PORT/,
    );
  });
});

describe("where the command line client finds the API", () => {
  test.each([
    { env: {}, url: "http://127.0.0.1:12347" },
    { env: { FENIX_PORT: "8080" }, url: "http://127.0.0.1:8080" },
    { env: { FENIX_PUBLIC_URL: "https://fenix.example.org/" }, url: "https://fenix.example.org" },
    { env: { FENIX_PUBLIC_URL: "https://fenix.example.org", FENIX_URL: "http://[::1]:1/" }, url: "http://[::1]:1" },
    { env: { REDIS_URL: "nonsense", OS_AUTH_URL: "https://keystone.example.org" }, url: "http://127.0.0.1:12347" },
  ])("$env: $url", ({ env, url }) => {
    expect(readClientConfig(env).url).toBe(url);
  });

  test("its token, or the cloud where it gets one", () => {
    expect(readClientConfig({ OS_TOKEN: "t", OS_CLOUD: "lab", FENIX_AUTH: "nonsense" })).toEqual({
      url: "http://127.0.0.1:12347",
      token: "t",
      openstack: { OS_TOKEN: "t", OS_CLOUD: "lab" },
    });
  });

  test("a URL that is none is refused by name", () => {
    expect(() => readClientConfig({ FENIX_URL: "fenix" })).toThrow('FENIX_URL: "fenix" given');
  });
});
