/** Whatever comes, the door answers and never breaks. What lies behind refuses text that no database could hold. */
import fc from "fast-check";
import type { InjectOptions } from "fastify";
import { afterAll, expect, test } from "vitest";
import { instanceId, openDoor, projectId, sessionId } from "./a-door.ts";

const { send, close } = openDoor();
afterAll(close);

const anyText = fc.oneof(fc.string(), fc.string({ unit: "binary" }), fc.constantFrom("\u0000", "\ud800", "__proto__"));
const anyJson = fc.oneof(fc.jsonValue({ depthSize: "medium" }), anyText);

const id = fc.oneof(fc.constant<string>(sessionId), anyText.map(encoded));
const project = fc.oneof(fc.constant<string>(projectId), fc.constantFrom("detail", "timeline"), anyText.map(encoded));
const path = fc.oneof(
  fc.constantFrom(
    "/v1/maintenance",
    "/v1/maintenance/",
    "/v1/maintenance/plan",
    "/v1/cloud",
    "/v1/webhooks",
    "/health/ready",
    "/openapi.json",
    "/docs",
  ),
  id.map((session) => `/v1/maintenance/${session}`),
  id.map((webhook) => `/v1/webhooks/${webhook}`),
  fc
    .tuple(
      fc.constantFrom("instance", "instance_group"),
      fc.oneof(
        id.map((one) => `/${one}`),
        fc.constant(""),
      ),
    )
    .map(([word, one]) => `/v1/${word}${one}`),
  fc.tuple(id, project).map(([session, word]) => `/v1/maintenance/${session}/${word}`),
  fc.tuple(id, project, id).map(([session, word, vm]) => `/v1/maintenance/${session}/${word}/${vm}`),
);
const query = fc.oneof(
  fc.constant(""),
  fc.dictionary(fc.constantFrom("after", "limit", "project_id", "x"), anyText).map((keys) => {
    return `?${Object.entries(keys)
      .map(([key, value]) => `${key}=${encoded(value)}`)
      .join("&")}`;
  }),
);

/** Bodies that are nearly right come further than random ones. */
const nearly = (fields: Record<string, unknown>) =>
  fc
    .record(
      Object.fromEntries(Object.entries(fields).map(([name, good]) => [name, fc.oneof(fc.constant(good), anyJson)])),
      {
        requiredKeys: [],
      },
    )
    .map((body): unknown => body);
const body = fc.oneof(
  anyJson,
  nearly({
    hosts: ["compute-1"],
    state: "MAINTENANCE",
    maintenance_at: "2026-11-25 08:30:00",
    metadata: { openstack_version: "Train" },
    workflow: "default",
    actions: [{ plugin: "dummy", type: "host" }],
    options: { on_silence: "proceed" },
  }),
  nearly({ hosts: ["a"], objective: "moves", max_hosts_at_once: 2, reserve: { vcpus: 4 }, window_seconds: 3_600 }),
  nearly({
    state: "ACK_PLANNED_MAINTENANCE",
    instance_actions: { [instanceId]: "MIGRATE" },
    reason: "no",
    retry_at: "2026-11-25 09:00:00",
  }),
  nearly({
    instance_id: sessionId,
    project_id: projectId,
    group_id: sessionId,
    instance_name: "web-1",
    max_interruption_time: 120,
    migration_type: "MIGRATE",
    resource_mitigation: true,
    lead_time: 40,
  }),
  nearly({
    group_id: sessionId,
    project_id: projectId,
    group_name: "web",
    anti_affinity_group: true,
    max_instances_per_host: 1,
    max_impacted_members: 1,
    recovery_time: "60,",
    resource_mitigation: true,
  }),
  nearly({ project_id: projectId, url: "http://192.0.2.20/", events: ["maintenance.scheduled"] }),
);

const request: fc.Arbitrary<InjectOptions> = fc
  .record({
    method: fc.constantFrom("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"),
    path,
    query,
    headers: fc.constantFrom(
      {},
      { "content-type": "application/json" },
      { "content-type": "application/json; charset=x" },
    ),
    payload: fc.oneof(
      fc.constant(undefined),
      body.map((value) => JSON.stringify(value)),
      anyText,
    ),
  })
  .map(({ method, path, query, headers, payload }) => ({
    method: method as "GET",
    url: `${path}${query}`,
    headers,
    ...(payload !== undefined && { payload }),
  }));

test("no request of any kind is answered with 5xx", async () => {
  await fc.assert(
    fc.asyncProperty(request, async (given) => {
      const { statusCode } = await send(given);
      expect(statusCode).toBeLessThan(500);
    }),
    { numRuns: 600 },
  );
});

/** Half characters cannot be encoded; a client that sends their bytes all the same sends what comes out here. */
function encoded(text: string): string {
  return text.replaceAll(/[^a-z0-9]/giu, (char) =>
    [...Buffer.from(char)].map((byte) => `%${byte.toString(16).padStart(2, "0")}`).join(""),
  );
}
