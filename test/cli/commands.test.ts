import { afterEach, describe, expect, test } from "vitest";
import { problemDocument } from "../../src/wire/problem-document.ts";
import {
  aDetail,
  type Answers,
  aTimeline,
  aWebhook,
  type FakeFenix,
  fakeFenix,
  id,
  project,
  someSessions,
  webId,
} from "./fake-fenix.ts";
import { aPlan, aSnapshot } from "../planner/check/a-plan.ts";
import { fenix, type Typing } from "./fenix.ts";

let server: FakeFenix;
afterEach(async () => server?.close());

async function typed(argv: readonly string[], answers: Answers, typing: Typing = {}) {
  server = await fakeFenix(answers);
  return fenix(argv, { ...typing, env: { FENIX_URL: server.url } });
}

const session = `/v1/maintenance/${id}`;

describe("session create", () => {
  const answers = { "POST /v1/maintenance": [{ body: { session_id: id } }] };

  test("sends what was typed and prints the id", async () => {
    const argv = ["session", "create", "--hosts", "compute-1,compute-2", "--host", "compute-3", "--at", "+5m"];
    const more = ["--workflow", "default", "--action", "dummy:host", "--action", 'command:post:{"program":"true"}'];
    const words = ["--option", "reply_seconds=20", "--option", "on_nack=skip_host", "--metadata", "version=2026.1"];
    const { code, out } = await typed([...argv, ...more, ...words], answers);
    expect({ code, out }).toEqual({ code: 0, out: `${id}\n` });
    expect(server.asked[0]?.body).toEqual({
      state: "MAINTENANCE",
      hosts: ["compute-3", "compute-1", "compute-2"],
      maintenance_at: "2026-11-25 08:07:00",
      workflow: "default",
      actions: [
        { plugin: "dummy", type: "host" },
        { plugin: "command", type: "post", metadata: { program: "true" } },
      ],
      options: { reply_seconds: 20, on_nack: "skip_host" },
      metadata: { version: "2026.1" },
    });
  });

  describe("by a plan", () => {
    const digest = `sha256:${"a".repeat(64)}`;
    const create = (plan: string, files: Typing["files"] = {}) =>
      typed(["session", "create", "--at", "now", "--plan", plan], answers, { files });

    test("sends its digest", async () => {
      expect(await create(digest)).toMatchObject({ code: 0 });
      expect(server.asked[0]?.body).toEqual({
        state: "MAINTENANCE",
        maintenance_at: "2026-11-25 08:02:00",
        plan_digest: digest,
      });
    });

    test("finds the digest in a file, as fenix plan --json wrote it", async () => {
      const plan = aPlan(aSnapshot());
      expect(await create("plan.json", { "plan.json": JSON.stringify(plan) })).toMatchObject({ code: 0 });
      expect(server.asked[0]?.body).toMatchObject({ plan_digest: plan.digest });
    });

    test("says what is wrong with a file that is no plan", async () => {
      const { code, err } = await create("plan.json", { "plan.json": "{}" });
      expect(code).not.toBe(0);
      expect(err).toContain("plan.json is not acceptable");
      expect(server.asked).toEqual([]);
    });
  });

  test("lays what was typed over a file", async () => {
    const file = { maintenance_at: "2026-12-01 00:00:00", hosts: ["a"], options: { on_nack: "fail", move_retries: 1 } };
    const argv = [
      "session",
      "create",
      "-f",
      "-",
      "--host",
      "b",
      "--option",
      "move_retries=3",
      "--metadata",
      '{"a":[1]}',
    ];
    await typed(argv, answers, {
      files: { "-": JSON.stringify({ ...file, actions: [{ plugin: "dummy", type: "pre" }] }) },
    });
    expect(server.asked[0]?.body).toEqual({
      state: "MAINTENANCE",
      ...file,
      hosts: ["b"],
      actions: [{ plugin: "dummy", type: "pre" }],
      options: { on_nack: "fail", move_retries: 3 },
      metadata: { a: [1] },
    });
  });

  test("prints JSON for programs", async () => {
    const { out } = await typed(["session", "create", "--at", "now", "--json"], answers);
    expect(JSON.parse(out)).toEqual({ session_id: id });
  });

  test("says which field was refused", async () => {
    const refusal = problemDocument("HOST_UNKNOWN", 'no service of the cloud runs on "x"', [
      { field: "hosts[0]", detail: 'no service of the cloud runs on "x"' },
    ]);
    const { code, out, err } = await typed(["session", "create", "--host", "x", "--at", "now"], {
      "POST /v1/maintenance": [{ status: 422, body: refusal }],
    });
    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(err).toBe('fenix: hosts[0]: no service of the cloud runs on "x"\n');
  });

  test("says all fields that were refused", async () => {
    const refusal = problemDocument("BODY_INVALID", "hosts[0]: too short", [
      { field: "hosts[0]", detail: "too short" },
      { field: "options.on_nack", detail: "unknown" },
    ]);
    const { err } = await typed(["session", "create", "--at", "now"], {
      "POST /v1/maintenance": [{ status: 422, body: refusal }],
    });
    expect(err).toBe(
      "fenix: A field of the request is not acceptable\n  hosts[0]: too short\n  options.on_nack: unknown\n",
    );
  });

  test.each([
    { typed: [], says: "say when" },
    { typed: ["--at", "tomorrow"], says: '"tomorrow" is no time' },
    { typed: ["--at", "+5x"], says: '"+5x" is no time from now' },
    { typed: ["--at", "2026-13-01 00:00"], says: "is no time" },
    { typed: ["--at", "now", "--action", "dummy"], says: '"dummy" is no action' },
    { typed: ["--at", "now", "--action", "dummy:host:[1]"], says: "the metadata of dummy is not a JSON object" },
    { typed: ["--at", "now", "--option", "on_nack"], says: '"on_nack" is not key=value' },
    { typed: ["--at", "now", "-f", "broken"], says: "the session file is not a JSON object" },
    { typed: ["--at", "now", "--frob"], says: "unknown option '--frob'" },
  ])("$typed is typed wrongly, and nothing is sent", async ({ typed: argv, says }) => {
    const outcome = await typed(["session", "create", ...argv], answers, { files: { broken: "{" } });
    expect(outcome.code).toBe(2);
    expect(outcome.err).toContain(says);
    expect(server.asked).toEqual([]);
  });
});

describe("looking at sessions", () => {
  test("list", async () => {
    const sessions = someSessions(
      { waiting: { for: "replies of 2 projects", until: "2026-11-25 08:03:00" } },
      {
        state: "MAINTENANCE_FAILED",
        failure: { reason: "bank refused", advice: "ask" },
        ended_at: "2026-11-25 09:00:00",
      },
      { state: "MAINTENANCE_DONE", percent_done: 100, ended_at: "2026-11-25 09:00:00" },
    );
    const { out } = await typed(["session", "list"], { "GET /v1/maintenance": [{ body: sessions }] });
    expect(out).toBe(
      [
        "ID                                    STATE               DONE   WORKFLOW  FROM                 REMARK",
        `${id}  SCALE_IN            0 %    default   2026-11-25 08:05:00  waits for replies of 2 projects`,
        `${id}  MAINTENANCE_FAILED  0 %    default   2026-11-25 08:05:00  bank refused`,
        `${id}  MAINTENANCE_DONE    100 %  default   2026-11-25 08:05:00  -`,
        "",
      ].join("\n"),
    );
  });

  test("list of none", async () => {
    const { out } = await typed(["session", "list"], { "GET /v1/maintenance": [{ body: someSessions() }] });
    expect(out).toBe("no sessions\n");
  });

  test("show", async () => {
    const run = {
      plugin: "dummy",
      type: "host",
      hostname: "compute-1",
      state: "DONE",
      attempt: 1,
      output: "one\ntwo\n",
    };
    const row = { session_id: id, id: "7", created_at: null, updated_at: null };
    const detail = aDetail({
      waiting: { for: "moves to end", until: "2026-11-25 08:31:00" },
      action_plugin_instances: [{ ...row, ...run }],
    });
    const { out } = await typed(["session", "show", id], { [`GET ${session}/detail`]: [{ body: detail }] });
    expect(out).toBe(`Session     ${id}
State       PLANNED_MAINTENANCE
Workflow    default
Hosts done  50 %
From        2026-11-25 08:05:00 UTC
Ended       not yet
Waits for   moves to end, until 2026-11-25 08:31:00 UTC

HOST       ROLES    STATUS      INSTANCES  REMARK
compute-1  compute  maintained  0          dummy done
compute-2  compute  draining    1          closed

Under way
  moves web-1 off compute-2, try 2

PROJECT                           STATE                    MANAGER
${project}  ACK_PLANNED_MAINTENANCE  yes

INSTANCE  PROJECT                           HOST       STATUS  ACTION
web-1     ${project}  compute-2  active  MIGRATE

Output of dummy (host) on compute-1, done
  one
  two
`);
  });

  test("show says why it failed, what to do, and which hosts need a look", async () => {
    const detail = aDetail({
      failure: { reason: "bank refused", advice: "ask bank" },
      report: {
        maintained: ["compute-1"],
        not_maintained: [{ host: "compute-2", reason: "bank refused" }],
        still_closed: [{ host: "compute-3", reason: "closed by others" }],
      },
    });
    const { out } = await typed(["session", "show", id], { [`GET ${session}/detail`]: [{ body: detail }] });
    expect(out).toContain("Failed: bank refused\nWhat to do: ask bank\n");
    expect(out).toContain(
      "compute-2 was not maintained: bank refused\ncompute-3 takes no new instances: closed by others\n",
    );
  });

  test("show --json leaves nothing out", async () => {
    const detail = aDetail();
    const { out } = await typed(["session", "show", id, "--json"], { [`GET ${session}/detail`]: [{ body: detail }] });
    expect(JSON.parse(out)).toEqual(detail);
  });

  test("timeline reads all pages and calls instances by name", async () => {
    const timeline = aTimeline(
      ["session_created", null, "created"],
      ["effect_done", `${webId}#1`, `${webId} is on compute-1, after 4 s`],
    );
    const { out } = await typed(["session", "timeline", id], {
      [`GET ${session}/detail`]: [{ body: aDetail() }],
      [`GET ${session}/timeline?after=0&limit=1000`]: [{ body: { entries: timeline.entries.slice(0, 1), next: 1 } }],
      [`GET ${session}/timeline?after=1&limit=1000`]: [{ body: { entries: timeline.entries.slice(1), next: 2 } }],
      [`GET ${session}/timeline?after=2&limit=1000`]: [{ body: { entries: [], next: 2 } }],
    });
    expect(out).toBe("08:00:00  created\n08:00:01  web-1 is on compute-1, after 4 s\n");
  });
});

describe("changing sessions", () => {
  test.each([
    { argv: [], body: {} },
    { argv: ["--state", "SCALE_IN"], body: { state: "SCALE_IN" } },
  ])("continue $argv", async ({ argv, body }) => {
    const continued = { maintenance: "http://f/v1/maintenance", session_id: id, state: "SCALE_IN" };
    const { out } = await typed(["session", "continue", id, ...argv], { [`PUT ${session}`]: [{ body: continued }] });
    expect(out).toBe("goes on in SCALE_IN\n");
    expect(server.asked[0]?.body).toEqual(body);
  });

  test("delete sends no body, and says so when there is no such session", async () => {
    const gone = problemDocument("SESSION_NOT_FOUND", `there is no session ${id}`);
    const answers = { [`DELETE ${session}`]: [{ body: {} }, { status: 404, body: gone }] };
    expect(await typed(["session", "delete", id], answers)).toEqual({ code: 0, out: "deleted\n", err: "" });
    expect(server.asked[0]?.body).toBeUndefined();
    const again = await fenix(["session", "delete", id, "--url", server.url]);
    expect(again).toEqual({ code: 1, out: "", err: `fenix: there is no session ${id}\n` });
  });
});

describe("webhooks", () => {
  test("a native one prints its secret, once; another one is asked for by id", async () => {
    const argv = ["webhook", "add", "https://manager.example.org/", "--project", project, "--format", "cloudevents"];
    const body = { ...aWebhook({ format: "cloudevents" }), secret: "whsec_b2xk" };
    const { out } = await typed(argv, { "POST /v1/webhooks": [{ body }] });
    expect(out).toBe(`${aWebhook().webhook_id}\nwhsec_b2xk\n`);
    expect(server.asked[0]?.body).toMatchObject({ format: "cloudevents" });
    const changed = { webhook_id: "w", secret: "whsec_bmV3", old_secret_until: "2026-11-26T08:00:00.000Z" };
    const again = await typed(["webhook", "secret", "w"], { "POST /v1/webhooks/w/secret": [{ body: changed }] });
    expect(again.out).toBe("whsec_bmV3\n");
  });

  test("add", async () => {
    const argv = ["webhook", "add", "http://192.0.2.20:12348/maintenance", "--project", project];
    const added = { "POST /v1/webhooks": [{ body: aWebhook() }] };
    const { out } = await typed([...argv, "--event", "maintenance.scheduled"], added);
    expect(out).toBe(`${aWebhook().webhook_id}\n`);
    expect(server.asked[0]?.body).toEqual({
      url: "http://192.0.2.20:12348/maintenance",
      project_id: project,
      events: ["maintenance.scheduled"],
    });
  });

  test("list, of one project too", async () => {
    const webhooks = [aWebhook(), aWebhook({ project_id: null, events: ["maintenance.host", "maintenance.session"] })];
    const answers = { "GET /v1/webhooks": [{ body: { webhooks } }] };
    const { out } = await typed(["webhook", "list", "--project", project], answers);
    expect(server.asked[0]?.path).toBe(`/v1/webhooks?project_id=${project}`);
    expect(out.split("\n").map((line) => line.split(/ {2,}/).slice(1))).toEqual([
      ["PROJECT", "EVENTS", "URL"],
      [project, "maintenance.scheduled", "http://192.0.2.20:12348/maintenance"],
      ["-", "maintenance.host,maintenance.session", "http://192.0.2.20:12348/maintenance"],
      [],
    ]);
  });

  test("remove", async () => {
    const { out } = await typed(["webhook", "remove", "w"], { "DELETE /v1/webhooks/w": [{ body: {} }] });
    expect(out).toBe("removed\n");
  });
});

describe("where nothing can be had", () => {
  test("nobody listens: exit code 3, and it says where it asked", async () => {
    const { code, err } = await fenix(["session", "list", "--url", "http://127.0.0.1:1"]);
    expect(code).toBe(3);
    expect(err).toMatch(/^fenix: http:\/\/127\.0\.0\.1:1 does not answer: /);
  });

  test("somebody else listens: exit code 3", async () => {
    const { code, err } = await typed(["session", "list"], { "GET /v1/maintenance": [{ body: "<html>hello</html>" }] });
    expect({ code, err }).toEqual({ code: 3, err: `fenix: ${server.url} answers, but not as Fenix does\n` });
  });

  test("a proxy refuses in its own words", async () => {
    const { code, err } = await typed(["session", "list"], {
      "GET /v1/maintenance": [{ status: 502, body: "<h1>bad" }],
    });
    expect({ code, err }).toEqual({ code: 1, err: "fenix: refused with status 502: <h1>bad\n" });
  });

  test("a URL that is none: exit code 2", async () => {
    const { code, err } = await fenix(["session", "list", "--url", "fenix"]);
    expect(code).toBe(2);
    expect(err).toContain('FENIX_URL: "fenix" given');
  });
});

describe("the command itself", () => {
  test.each(["api", "worker"] as const)("%s starts the service", async (mode) => {
    const served: string[] = [];
    const { code } = await fenix([mode], { serve: async (mode) => void served.push(mode) });
    expect({ code, served }).toEqual({ code: 0, served: [mode] });
  });

  test("--help is no mistake, a command that does not exist is", async () => {
    expect(await fenix(["--help"])).toMatchObject({ code: 0, out: expect.stringContaining("session") });
    expect(await fenix(["frob"])).toMatchObject({ code: 2, err: expect.stringContaining("frob") });
    expect(await fenix(["session", "show"])).toMatchObject({ code: 2, err: expect.stringContaining("id") });
  });
});
