/** Every field of every request, wrong in every way that its kind allows: a 4xx that names it, and nothing is asked. */
import type { InjectOptions } from "fastify";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { instanceId, openDoor, projectId, sessionId } from "./a-door.ts";

const { send, asked, stored, close } = openDoor();
afterAll(close);
beforeEach(() => void asked.splice(0));

const at = "2026-11-25 08:30:00";
const post = (url: string) => (payload: unknown) =>
  ({ method: "POST", url, headers: { "content-type": "application/json" }, payload: JSON.stringify(payload) }) as const;
const put = (url: string) => (payload: unknown) => ({ ...post(url)(payload), method: "PUT" }) as const;
const text = (length: number) => "x".repeat(length);

const createSession = post("/v1/maintenance");
const withAction = (action: object) => ({
  maintenance_at: at,
  actions: [{ plugin: "dummy", type: "host", ...action }],
});
const withOptions = (options: unknown) => ({ maintenance_at: at, options });

describe("POST /v1/maintenance", () => {
  test.each<[field: string, body: unknown]>([
    ["", []],
    ["", "hello"],
    ["", 1],
    ["", true],
    ["hosts", { maintenance_at: at, hosts: "compute-1" }],
    ["hosts", { maintenance_at: at, hosts: null }],
    ["hosts", { maintenance_at: at, hosts: { 0: "compute-1" } }],
    ["hosts", { maintenance_at: at, hosts: Array.from({ length: 10_001 }, (_, i) => `c${i}`) }],
    ["hosts[1]", { maintenance_at: at, hosts: ["compute-1", 2] }],
    ["hosts[0]", { maintenance_at: at, hosts: [""] }],
    ["hosts[0]", { maintenance_at: at, hosts: [text(256)] }],
    ["hosts[0]", { maintenance_at: at, hosts: [null] }],
    ["hosts[0]", { maintenance_at: at, hosts: ["compute\u0000"] }],
    ["state", { maintenance_at: at, state: "SCALE_IN" }],
    ["state", { maintenance_at: at, state: "maintenance" }],
    ["state", { maintenance_at: at, state: 1 }],
    ["state", { maintenance_at: at, state: null }],
    ["maintenance_at", {}],
    ["maintenance_at", { maintenance_at: null }],
    ["maintenance_at", { maintenance_at: 1_519_797_963 }],
    ["maintenance_at", { maintenance_at: "" }],
    ["maintenance_at", { maintenance_at: "tomorrow" }],
    ["maintenance_at", { maintenance_at: "2026-02-30 08:30:00" }],
    ["maintenance_at", { maintenance_at: `${at}${text(40)}` }],
    ["metadata", { maintenance_at: at, metadata: "train" }],
    ["metadata", { maintenance_at: at, metadata: ["train"] }],
    ["metadata", { maintenance_at: at, metadata: null }],
    ["metadata", { maintenance_at: at, metadata: { note: text(250) } }],
    ["metadata.a.b[0]", { maintenance_at: at, metadata: { a: { b: ["\ud800"] } } }],
    ["metadata", { maintenance_at: at, metadata: { "\u0000": 1 } }],
    ["workflow", { maintenance_at: at, workflow: 1 }],
    ["workflow", { maintenance_at: at, workflow: null }],
    ["workflow", { maintenance_at: at, workflow: "" }],
    ["workflow", { maintenance_at: at, workflow: "../../etc/passwd" }],
    ["workflow", { maintenance_at: at, workflow: text(64) }],
    ["actions", { maintenance_at: at, actions: {} }],
    ["actions", { maintenance_at: at, actions: null }],
    ["actions", { maintenance_at: at, actions: Array.from({ length: 101 }, () => ({ plugin: "dummy", type: "pre" })) }],
    ["actions[0]", { maintenance_at: at, actions: ["dummy"] }],
    ["actions[0]", { maintenance_at: at, actions: [null] }],
    ["actions[0].plugin", { maintenance_at: at, actions: [{ type: "host" }] }],
    ["actions[0].plugin", withAction({ plugin: 7 })],
    ["actions[0].plugin", withAction({ plugin: "" })],
    ["actions[0].plugin", withAction({ plugin: "no/such" })],
    ["actions[0].type", { maintenance_at: at, actions: [{ plugin: "dummy" }] }],
    ["actions[0].type", withAction({ type: "hosts" })],
    ["actions[0].type", withAction({ type: 0 })],
    ["actions[0].metadata", withAction({ metadata: "x" })],
    ["actions[0].metadata", withAction({ metadata: [] })],
    ["actions[0].metadata", withAction({ metadata: null })],
    ["actions[0].order", withAction({ order: "1" })],
    ["actions[0].order", withAction({ order: 1.5 })],
    ["actions[0].order", withAction({ order: 1e9 })],
    ["actions[0].order", withAction({ order: null })],
    ["download", { maintenance_at: at, download: ["https://example.org/plugins.tar.gz"] }],
    ["download", { maintenance_at: at, download: "https://example.org/plugins.tar.gz" }],
    ["options", withOptions("fail")],
    ["options", withOptions(null)],
    ["options.on_silense", withOptions({ on_silense: "fail" })],
    ["options.on_no_manager", withOptions({ on_no_manager: "ignore" })],
    ["options.on_silence", withOptions({ on_silence: 1 })],
    ["options.on_nack", withOptions({ on_nack: null })],
    ["options.on_failed_move", withOptions({ on_failed_move: "proceed" })],
    ["options.on_failed_action", withOptions({ on_failed_action: "proceed" })],
    ["options.failed_host", withOptions({ failed_host: true })],
    ["options.default_action", withOptions({ default_action: "OWN_ACTION" })],
    ["options.reply_seconds", withOptions({ reply_seconds: 0 })],
    ["options.reply_seconds", withOptions({ reply_seconds: "40" })],
    ["options.scale_in_reply_seconds", withOptions({ scale_in_reply_seconds: 86_401 })],
    ["options.scale_in_rounds", withOptions({ scale_in_rounds: 21 })],
    ["options.move_retries", withOptions({ move_retries: -1 })],
    ["options.move_seconds", withOptions({ move_seconds: 1.5 })],
    ["options.own_action_seconds", withOptions({ own_action_seconds: [] })],
    ["options.moves_at_once", withOptions({ moves_at_once: 101 })],
    ["options.plan_tolerance", withOptions({ plan_tolerance: 1.5 })],
    ["options.max_moves_at_once", withOptions({ max_moves_at_once: 0 })],
    ["options.max_hosts_at_once_per_zone", withOptions({ max_hosts_at_once_per_zone: "one" })],
    ["options.reserve.vcpus", withOptions({ reserve: { vcpus: -1 } })],
    ["options.window_seconds", withOptions({ window_seconds: 0.5 })],
    ["plan_digest", { maintenance_at: at, plan_digest: "sha256:1" }],
    ["plan_digest", { maintenance_at: at, plan_digest: 7 }],
  ])("names %j", async (field, body) => {
    expect(await refusalOf(createSession(body))).toEqual(refused(field));
  });

  test("names all fields that are wrong", async () => {
    const answer = await send(createSession({ hosts: 1, maintenance_at: 2, actions: [{ plugin: 3, type: 4 }] }));
    const fields = answer.json().errors.map(({ field }: { field: string }) => field);
    expect(fields).toEqual(["hosts", "maintenance_at", "actions[0].plugin", "actions[0].type"]);
  });

  test("says that plugins are installed by the operator", async () => {
    const answer = await send(createSession({ maintenance_at: at, download: ["https://example.org/sw.tar.gz"] }));
    expect(answer.json().detail).toContain("the operator installs plugins");
  });

  test("does not follow JSON without end", async () => {
    const deep = `${"[".repeat(200_000)}${"]".repeat(200_000)}`;
    const payload = `{"maintenance_at": "${at}", "metadata": {"deep": ${deep}}}`;
    const [field] = await refusalOf({ ...createSession({}), payload });
    expect(field).toMatch(/^metadata\.deep(\[0\])+$/);
  });
});

describe("POST /v1/maintenance/plan", () => {
  test.each<[field: string, body: unknown]>([
    ["", []],
    ["hosts", { hosts: "compute-1" }],
    ["hosts[0]", { hosts: [""] }],
    ["hosts[0]", { hosts: ["compute\u0000"] }],
    ["objective", { objective: "fast" }],
    ["max_hosts_at_once", { max_hosts_at_once: 0 }],
    ["max_hosts_at_once_per_zone", { max_hosts_at_once_per_zone: 1.5 }],
    ["max_moves_at_once", { max_moves_at_once: "2" }],
    ["reserve.vcpus", { reserve: { vcpus: -1 } }],
    ["reserve", { reserve: [] }],
    ["window_seconds", { window_seconds: -1 }],
    ["window_seconds", { window_seconds: 1e12 }],
    ["action_seconds", { action_seconds: null }],
    ["outbound_moves", { outbound_moves: 0 }],
    ["inbound_moves", { inbound_moves: 101 }],
  ])("%s: %j", async (field, body) =>
    expect(await refusalOf(post("/v1/maintenance/plan")(body))).toEqual(refused(field)),
  );
});

describe("PUT /v1/maintenance/{session_id}", () => {
  test.each<[field: string, body: unknown]>([
    ["", []],
    ["", "START_MAINTENANCE"],
    ["state", { state: 1 }],
    ["state", { state: null }],
    ["state", { state: "" }],
    ["state", { state: text(65) }],
    ["state", { state: "START\u0000" }],
  ])("names %j", async (field, body) => {
    expect(await refusalOf(put(`/v1/maintenance/${sessionId}`)(body))).toEqual(refused(field));
  });
});

describe("PUT /v1/maintenance/{session_id}/{project_id}", () => {
  test.each<[field: string, body: unknown]>([
    ["", []],
    ["", "ACK_MAINTENANCE"],
    ["state", {}],
    ["state", { state: null }],
    ["state", { state: 1 }],
    ["state", { state: "MAINTENANCE" }],
    ["state", { state: "ACK_" }],
    ["state", { state: "ack_maintenance" }],
    ["state", { state: "ACK_START_MAINTENANCE" }],
    ["state", { state: "NACK_INSTANCE_ACTION_DONE" }],
    ["state", { state: "ACK_MAINTENANCE " }],
    ["instance_actions", { state: "ACK_PLANNED_MAINTENANCE", instance_actions: [] }],
    ["instance_actions", { state: "ACK_PLANNED_MAINTENANCE", instance_actions: null }],
    ["instance_actions", { state: "ACK_PLANNED_MAINTENANCE", instance_actions: "MIGRATE" }],
    [`instance_actions.${instanceId}`, withInstanceActions({ [instanceId]: "MIGRATION" })],
    [`instance_actions.${instanceId}`, withInstanceActions({ [instanceId]: null })],
    [`instance_actions.${instanceId}`, withInstanceActions({ [instanceId]: ["MIGRATE"] })],
    [`instance_actions.${text(65)}`, withInstanceActions({ [text(65)]: "MIGRATE" })],
    ["instance_action", { state: "ACK_PLANNED_MAINTENANCE", instance_action: "EVICTION" }],
    ["instance_action", { state: "ACK_PLANNED_MAINTENANCE", instance_action: null }],
    ["instance_action", { state: "ACK_PLANNED_MAINTENANCE", instance_action: 1 }],
    ["reason", { state: "NACK_SCALE_IN", reason: 1 }],
    ["reason", { state: "NACK_SCALE_IN", reason: text(1_001) }],
    ["reason", { state: "NACK_SCALE_IN", reason: "\u0000" }],
    ["session_id", { state: "NACK_SCALE_IN", session_id: "\udfff" }],
  ])("names %j", async (field, body) => {
    expect(await refusalOf(put(`/v1/maintenance/${sessionId}/${projectId}`)(body))).toEqual(refused(field));
  });

  function withInstanceActions(instance_actions: object) {
    return { state: "ACK_PLANNED_MAINTENANCE", instance_actions };
  }
});

describe("PUT /v1/instance", () => {
  const good = {
    instance_id: instanceId,
    project_id: projectId,
    group_id: "5f0a1b8e-2f1c-4c59-9f3a-5d6f1e2a7b3c",
    instance_name: "web-1",
    max_interruption_time: 120,
    migration_type: "MIGRATE",
    resource_mitigation: true,
    lead_time: 40,
  };

  test.each<[field: string, wrong: object]>([
    ...Object.keys(good).map((field): [string, object] => [field, { [field]: undefined }]),
    ...Object.keys(good).map((field): [string, object] => [field, { [field]: {} }]),
    ...Object.keys(good).map((field): [string, object] => [field, { [field]: "" }]),
    ["instance_id", { instance_id: "109e14d9-6566-42b3-93e4-000000000000" }],
    ["instance_id", { instance_id: text(65) }],
    ["project_id", { project_id: 1 }],
    ["project_id", { project_id: text(65) }],
    ["group_id", { group_id: text(65) }],
    ["group_id", { group_id: "a\u0000b" }],
    ["instance_name", { instance_name: text(256) }],
    ["instance_name", { instance_name: null }],
    ["max_interruption_time", { max_interruption_time: -1 }],
    ["max_interruption_time", { max_interruption_time: 0.5 }],
    ["max_interruption_time", { max_interruption_time: "120" }],
    ["max_interruption_time", { max_interruption_time: "soon," }],
    ["max_interruption_time", { max_interruption_time: "999999999," }],
    ["max_interruption_time", { max_interruption_time: true }],
    ["migration_type", { migration_type: "EVICTION" }],
    ["migration_type", { migration_type: "migrate" }],
    ["migration_type", { migration_type: ["MIGRATE"] }],
    ["resource_mitigation", { resource_mitigation: 1 }],
    ["resource_mitigation", { resource_mitigation: "yes," }],
    ["resource_mitigation", { resource_mitigation: "true" }],
    ["lead_time", { lead_time: 31_536_000 }],
    ["lead_time", { lead_time: null }],
  ])("names %j of %j", async (field, wrong) => {
    const answer = refusalOf(put(`/v1/instance/${instanceId}`)({ ...good, ...wrong }));
    expect(await answer).toEqual(refused(field));
  });
});

describe("PUT /v1/instance_group", () => {
  const id = "5f0a1b8e-2f1c-4c59-9f3a-5d6f1e2a7b3c";
  const good = {
    group_id: id,
    project_id: projectId,
    group_name: "web",
    anti_affinity_group: true,
    max_instances_per_host: 1,
    max_impacted_members: 1,
    recovery_time: 4,
    resource_mitigation: true,
  };

  test.each<[field: string, wrong: object]>([
    ...Object.keys(good).map((field): [string, object] => [field, { [field]: undefined }]),
    ...Object.keys(good).map((field): [string, object] => [field, { [field]: [] }]),
    ...Object.keys(good).map((field): [string, object] => [field, { [field]: "" }]),
    ["group_id", { group_id: instanceId }],
    ["group_name", { group_name: text(256) }],
    ["anti_affinity_group", { anti_affinity_group: "no" }],
    ["anti_affinity_group", { anti_affinity_group: 0 }],
    ["max_instances_per_host", { max_instances_per_host: -1 }],
    ["max_instances_per_host", { max_instances_per_host: 1e300 }],
    ["max_impacted_members", { max_impacted_members: 0 }],
    ["max_impacted_members", { max_impacted_members: -1 }],
    ["max_impacted_members", { max_impacted_members: 10_001 }],
    ["recovery_time", { recovery_time: 31_536_000 }],
    ["recovery_time", { recovery_time: "31536000," }],
    ["recovery_time", { recovery_time: "60 seconds" }],
    ["resource_mitigation", { resource_mitigation: null }],
  ])("names %j of %j", async (field, wrong) => {
    const answer = refusalOf(put(`/v1/instance_group/${id}`)({ ...good, ...wrong }));
    expect(await answer).toEqual(refused(field));
  });
});

describe("POST /v1/webhooks", () => {
  const url = "http://192.0.2.20:12348/maintenance";

  test.each<[field: string, body: unknown]>([
    ["", []],
    ["project_id", { project_id: 1, url }],
    ["project_id", { project_id: "", url }],
    ["project_id", { project_id: text(65), url }],
    ["project_id", { project_id: "a\u0000b", url }],
    ["url", { project_id: projectId }],
    ["url", { project_id: projectId, url: null }],
    ["url", { project_id: projectId, url: 1 }],
    ["url", { project_id: projectId, url: "manager" }],
    ["url", { project_id: projectId, url: "ftp://192.0.2.20/" }],
    ["url", { project_id: projectId, url: "file:///etc/passwd" }],
    ["url", { project_id: projectId, url: "javascript:alert(1)" }],
    ["url", { project_id: projectId, url: "http://user:secret@192.0.2.20/" }],
    ["url", { project_id: projectId, url: `${url}/${text(2_000)}` }],
    ["events", { project_id: projectId, url, events: "maintenance.scheduled" }],
    ["events", { project_id: projectId, url, events: [] }],
    ["events", { project_id: projectId, url, events: null }],
    ["events[0]", { project_id: projectId, url, events: ["maintenance.planned"] }],
    ["events[1]", { project_id: projectId, url, events: ["maintenance.host", 1] }],
    ["events[1]", { url, events: ["maintenance.host", "maintenance.scheduled"] }],
    ["events[0]", { project_id: projectId, url, events: ["maintenance.host"] }],
    ["events[1]", { project_id: projectId, url, events: ["maintenance.scheduled", "maintenance.session"] }],
  ])("names %j", async (field, body) => {
    expect(await refusalOf(post("/v1/webhooks")(body))).toEqual(refused(field));
    expect(stored).toEqual([]);
  });
});

describe("queries", () => {
  const timeline = `/v1/maintenance/${sessionId}/timeline`;

  test.each([
    ["after", `${timeline}?after=-1`],
    ["after", `${timeline}?after=x`],
    ["after", `${timeline}?after=1.5`],
    ["after", `${timeline}?after=1e300`],
    ["after", `${timeline}?after=1&after=2`],
    ["limit", `${timeline}?limit=0`],
    ["limit", `${timeline}?limit=1001`],
    ["limit", `${timeline}?limit=many`],
    ["project_id", "/v1/instance"],
    ["project_id", "/v1/instance_group?project_id="],
    ["limit", "/v1/instance?project_id=a&limit=1001"],
    ["limit", "/v1/instance_group?project_id=a&limit=0"],
    ["after", `/v1/instance?project_id=a&after=${text(65)}`],
    ["after", "/v1/instance_group?project_id=a&after=%00"],
    ["project_id", "/v1/webhooks?project_id="],
    ["project_id", "/v1/webhooks?project_id=%00"],
    ["project_id", `/v1/webhooks?project_id=${text(65)}`],
    ["project_id", "/v1/webhooks?project_id=a&project_id=b"],
  ])("name %j of %s", async (field, url) => {
    expect(await refusalOf({ url })).toEqual(refused(field));
  });
});

describe("bodies that are none", () => {
  const json = { "content-type": "application/json" };

  test.each<[title: string, status: number, code: string, request: InjectOptions]>([
    [
      "half a JSON",
      400,
      "BODY_UNREADABLE",
      { method: "POST", url: "/v1/maintenance", headers: json, payload: '{"hosts": [' },
    ],
    [
      "words",
      400,
      "BODY_UNREADABLE",
      { method: "PUT", url: `/v1/maintenance/${sessionId}`, headers: json, payload: "state" },
    ],
    ["spaces", 400, "BODY_UNREADABLE", { method: "POST", url: "/v1/maintenance", headers: json, payload: "  " }],
    ["nothing", 400, "BODY_UNREADABLE", { method: "POST", url: "/v1/maintenance" }],
    ["nothing, called JSON", 400, "BODY_UNREADABLE", { method: "POST", url: "/v1/webhooks", headers: json }],
    ["null", 400, "BODY_UNREADABLE", { method: "POST", url: "/v1/maintenance", headers: json, payload: "null" }],
    ["no reply", 400, "BODY_UNREADABLE", { method: "PUT", url: `/v1/maintenance/${sessionId}/${projectId}` }],
    [
      "a poisoned prototype",
      400,
      "BODY_UNREADABLE",
      { method: "POST", url: "/v1/maintenance", headers: json, payload: '{"__proto__": {"hosts": []}}' },
    ],
    ["a form", 415, "MEDIA_TYPE_UNSUPPORTED", { method: "POST", url: "/v1/maintenance", ...aForm() }],
    [
      "JSON by no name",
      415,
      "MEDIA_TYPE_UNSUPPORTED",
      { method: "POST", url: "/v1/maintenance", headers: { "content-type": "text/plain" }, payload: "{}" },
    ],
    [
      "10 MB",
      413,
      "BODY_TOO_LARGE",
      { method: "POST", url: "/v1/maintenance", headers: json, payload: `{"metadata": {"a": "${text(10_000_000)}"}}` },
    ],
    ["a body on GET", 400, "BODY_UNEXPECTED", { method: "GET", url: "/v1/maintenance", headers: json, payload: "{}" }],
    [
      "a body on P1",
      400,
      "BODY_UNEXPECTED",
      { method: "GET", url: `/v1/maintenance/${sessionId}/${projectId}`, payload: "x" },
    ],
    [
      "a body on DELETE",
      400,
      "BODY_UNEXPECTED",
      { method: "DELETE", url: `/v1/maintenance/${sessionId}`, payload: {} },
    ],
  ])("%s: %i", async (_title, status, code, request) => {
    const answer = await send(request);
    expect([answer.statusCode, answer.json().code]).toEqual([status, code]);
    expect(asked).toEqual([]);
  });

  function aForm() {
    return { headers: { "content-type": "application/x-www-form-urlencoded" }, payload: "state=MAINTENANCE" };
  }
});

describe("URLs that are none", () => {
  test.each([
    "/",
    "/v1",
    "/v2/maintenance",
    "/v2",
    "/v1/maintenance/a/b/c/d",
    "/%zz",
    `/v1/maintenance/${text(5_000)}`,
  ])("%s is 404", async (url) => {
    const answer = await send({ url });
    expect(answer.statusCode).toBe(404);
    expect(answer.json()).toMatchObject({ status: 404, error: expect.any(String), message: expect.any(String) });
  });

  test.each([
    ["PATCH", "/v1/maintenance", "GET, HEAD, POST"],
    ["DELETE", "/v1/maintenance/", "GET, HEAD, POST"],
    ["POST", `/v1/maintenance/${sessionId}`, "DELETE, GET, HEAD, PUT"],
    ["DELETE", `/v1/maintenance/${sessionId}/${projectId}`, "GET, HEAD, PUT"],
    ["PUT", "/v1/webhooks", "GET, HEAD, POST"],
  ] as const)("%s %s is 405 and says what is possible", async (method, url, allow) => {
    const answer = await send({ method, url });
    expect([answer.statusCode, answer.json().code]).toEqual([405, "METHOD_NOT_ALLOWED"]);
    expect(answer.headers["allow"]).toBe(allow);
  });
});

/** What is told of a refused request, and how much was asked of the engine all the same. */
async function refusalOf(request: InjectOptions) {
  const answer = await send(request);
  const { field, code } = answer.json();
  return [field, answer.statusCode, code, asked.length];
}

const refused = (field: string) => [field, 422, "BODY_INVALID", 0];
