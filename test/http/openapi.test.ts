import { readFile } from "node:fs/promises";
import { Validator } from "@seriousme/openapi-schema-validator";
import { afterAll, expect, test } from "vitest";
import { parse } from "yaml";
import { describeForFile } from "../../scripts/openapi-document.ts";
import { openDoor } from "./a-door.ts";

const { app, send, close } = openDoor();
afterAll(close);

test("openapi.yaml is fresh (npm run openapi)", async () => {
  const written = await readFile(new URL("../../openapi.yaml", import.meta.url), "utf8");
  expect(written).toBe(await describeForFile());
});

test("the description is valid OpenAPI 3.1", async () => {
  const document = (await send({ url: "/openapi.json" })).json();
  const { valid, errors } = await new Validator().validate(document);
  expect(errors).toBeUndefined();
  expect(valid).toBe(true);
  expect(document.openapi).toBe("3.1.0");
});

test("it describes every request that is taken, with an answer and a summary", async () => {
  const { paths } = parse(await describeForFile());
  const described = Object.entries<Record<string, { summary: string; responses: object }>>(paths).flatMap(
    ([path, methods]) =>
      Object.entries(methods).map(([method, { summary, responses }]) => {
        expect([path, typeof summary, Object.keys(responses)[0]]).toEqual([path, "string", "200"]);
        return `${method.toUpperCase()} ${path}`;
      }),
  );
  expect(described).toEqual([
    "POST /v1/maintenance",
    "GET /v1/maintenance",
    "POST /v1/maintenance/plan",
    "GET /v1/maintenance/{session_id}",
    "PUT /v1/maintenance/{session_id}",
    "DELETE /v1/maintenance/{session_id}",
    "GET /v1/maintenance/{session_id}/detail",
    "GET /v1/maintenance/{session_id}/timeline",
    "GET /v1/maintenance/{session_id}/notifications",
    "GET /v1/maintenance/{session_id}/{project_id}",
    "PUT /v1/maintenance/{session_id}/{project_id}",
    "PUT /v1/maintenance/{session_id}/{project_id}/{instance_id}",
    "GET /v1/cloud",
    "GET /v1/instance",
    "GET /v1/instance/{instance_id}",
    "PUT /v1/instance/{instance_id}",
    "DELETE /v1/instance/{instance_id}",
    "GET /v1/instance_group",
    "GET /v1/instance_group/{group_id}",
    "PUT /v1/instance_group/{group_id}",
    "DELETE /v1/instance_group/{group_id}",
    "POST /v1/webhooks",
    "GET /v1/webhooks",
    "GET /v1/webhooks/{webhook_id}",
    "DELETE /v1/webhooks/{webhook_id}",
    "POST /v1/webhooks/{webhook_id}/secret",
    "GET /v1/projects/{project_id}/sessions",
    "GET /v1/projects/{project_id}/manager",
    "PUT /v1/projects/{project_id}/manager",
    "GET /v1/events",
    "GET /health/live",
    "GET /health/ready",
  ]);
});

test("people read it at /docs, without a request to anywhere else", async () => {
  const page = await send({ url: "/docs/" });
  expect([page.statusCode, page.headers["content-type"]]).toEqual([200, "text/html; charset=utf-8"]);
  expect(page.headers["content-security-policy"]).toContain("default-src 'none'");
  const sources = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, source]) => source);
  expect(sources.length).toBeGreaterThan(0);
  for (const source of sources) {
    expect(source).toMatch(/^\.\/static\//);
    expect((await send({ url: `/docs/${source}` })).statusCode).toBe(200);
  }
  expect(app.hasRoute({ method: "GET", url: "/docs/json" })).toBe(true);
});
