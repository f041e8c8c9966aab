import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { hostActionSuite, isActionDone, testHostAction } from "#sdk/testing";
import http from "./index.ts";

interface Seen {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}
type Answering = (seen: Seen, response: ServerResponse) => void;

/** A server that notes what it was asked, and answers by `answer`: {} with 200 unless a test says otherwise. */
let server: Server;
let url: string;
let seen: Seen[];
let answer: Answering;
beforeEach(async () => {
  seen = [];
  answer = (_, response) => response.end("{}");
  server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => (body += String(chunk)));
    request.on("end", () => {
      const one = { method: request.method ?? "", path: request.url ?? "", headers: request.headers, body };
      seen.push(one);
      answer(one, response);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  vi.unstubAllEnvs();
  server.closeAllConnections();
  server.close();
  await once(server, "close");
});

const json = (response: ServerResponse, body: unknown, status = 200) => {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
};
/** Answers polls with these states one after the other, the last for ever. */
const states = (...values: unknown[]): Answering => {
  const left = [...values];
  return ({ method }, response) => {
    if (method !== "GET") return json(response, { job: "/jobs/42", elsewhere: "http://127.0.0.1:1/jobs/42" }, 202);
    json(response, { status: left.length > 1 ? left.shift() : left[0] });
  };
};
const polled = (more: object = {}) => ({
  url: `${url}/start`,
  until: {
    kind: "polled",
    url_from: "/job",
    pointer: "/status",
    done_when: ["ok"],
    failed_when: ["bad"],
    interval_seconds: 0.1,
    ...more,
  },
});

describe("the suite of every host action", () => {
  const job = { state: "idle" };
  const suite = hostActionSuite(http, {
    examples: [
      { name: "one that is done when answered", metadata: () => ({ url: `${url}/x` }) },
      {
        name: "an idempotent one",
        metadata: () => ({ method: "PUT", url: `${url}/x/{host}` }),
        world: async () => seen.at(-1)?.path,
      },
      {
        name: "a detectable one",
        metadata: () => ({ ...polled({ url: `${url}/state`, url_from: undefined }), rerun: "detectable" }),
        reset: async () => {
          job.state = "idle";
          answer = ({ method }, response) => {
            if (method === "POST") job.state = "ok";
            json(response, { status: job.state });
          };
        },
      },
    ],
    refused: [
      { metadata: {}, field: "url" },
      { metadata: { url: "ftp://a/b" }, field: "url" },
      { metadata: { url: "http://user:pw@a/" }, field: "url" },
      { metadata: { url: "http://{hots}/" }, field: "url" },
      { metadata: { url: "http://a/", method: "BREW" }, field: "method" },
      { metadata: { url: "http://a/", method: "GET", body: {} }, field: "body" },
      { metadata: { url: "http://a/", headers: { "a b": "" } }, field: "headers.a b" },
      { metadata: { url: "http://a/", headers: { a: "x\ny: z" } }, field: "headers.a" },
      { metadata: { url: "http://a/", headers: { "Idempotency-Key": "1" } }, field: "headers.Idempotency-Key" },
      { metadata: { url: "http://a/", headers: { a: { secret: "x/y" } } }, field: "headers.a.secret" },
      { metadata: { url: "http://a/", until: { kind: "later" } }, field: "until.kind" },
      { metadata: { url: "http://a/", until: { kind: "polled", pointer: "/a", done_when: [1] } }, field: "until.url" },
      {
        metadata: { url: "http://a/", until: { kind: "polled", url: "http://a/", pointer: "a", done_when: [1] } },
        field: "until.pointer",
      },
      {
        metadata: { url: "http://a/", until: { kind: "polled", url: "http://a/", pointer: "/a", done_when: [] } },
        field: "until.done_when",
      },
      { metadata: { url: "http://a/", rerun: "detectable" }, field: "until" },
      { metadata: { url: "http://a/", retries: 3 }, field: "retries" },
    ],
  });
  test.each(suite)("$name", ({ run }) => expect(run()).resolves.toBeUndefined());
});

describe("the request", () => {
  test("carries what was asked for, with placeholders filled in and the key of this visit", async () => {
    const { error, output } = await testHostAction(http, {
      metadata: {
        method: "PATCH",
        url: `${url}/hosts/{host}?by={session}`,
        headers: { "X-Reason": "patching" },
        body: { limit: "{host}", nested: [{ text: "{phase} of {host}, not {this}" }], count: 2 },
      },
      host: "compute/1 ü",
      phase: "compute",
      key: "s/1/compute-1/0",
    });
    expect(error).toBeNull();
    expect(seen).toHaveLength(1);
    const [{ method, path, headers, body }] = seen as [Seen];
    expect(method).toBe("PATCH");
    expect(path).toMatch(/^\/hosts\/compute%2F1%20%C3%BC\?by=[0-9a-f-]{36}$/);
    expect(JSON.parse(body)).toEqual({
      limit: "compute/1 ü",
      nested: [{ text: "compute of compute/1 ü, not {this}" }],
      count: 2,
    });
    expect(headers).toMatchObject({
      "x-reason": "patching",
      "content-type": "application/json",
      "idempotency-key": "s/1/compute-1/0",
    });
    expect(output).toContain("answered 200");
  });

  test("a secret goes into the header and nowhere else, even when the endpoint gives it back", async () => {
    vi.stubEnv("FENIX_SECRET_AWX", "canary-7");
    const metadata = { url, headers: { Authorization: { secret: "awx", prefix: "Bearer " } } };
    answer = ({ headers }, response) => json(response, { you: headers.authorization }, 401);
    const { output, error } = await testHostAction(http, { metadata });
    expect(seen[0]?.headers.authorization).toBe("Bearer canary-7");
    expect(error?.message).toContain('answered 401: {"you":"Bearer ***"}');
    expect(output + error?.message + error?.stack).not.toContain("canary");
  });

  test("a redirect is not followed", async () => {
    answer = (_, response) => response.writeHead(302, { location: `${url}/elsewhere` }).end();
    const { error } = await testHostAction(http, { metadata: { url } });
    expect(error?.message).toContain("answered 302 (a redirect, which is not followed)");
    expect(seen).toHaveLength(1);
  });

  test("a huge answer is not read to its end", async () => {
    let written = 0;
    answer = (_, response) => {
      const more = () => {
        while (!response.destroyed && written < 64 * 2 ** 20) {
          written += 65_536;
          if (!response.write("x".repeat(65_536))) return void response.once("drain", more);
        }
        response.end();
      };
      more();
    };
    const { error } = await testHostAction(http, { metadata: { url } });
    expect(error).toBeNull();
    expect(written).toBeLessThan(32 * 2 ** 20);
  });
});

describe("what is sent again", () => {
  const fails =
    (status: number, times: number): Answering =>
    (_, response) =>
      seen.length <= times ? response.writeHead(status).end() : response.end("{}");
  const hangsUp =
    (times: number): Answering =>
    (_, response) =>
      seen.length <= times ? response.destroy() : response.end("{}");

  test.each([
    { method: "POST", rerun: undefined, trouble: "429", make: () => fails(429, 1), sent: 2, succeeds: true },
    { method: "POST", rerun: undefined, trouble: "503", make: () => fails(503, 1), sent: 1, succeeds: false },
    { method: "POST", rerun: "idempotent", trouble: "503", make: () => fails(503, 1), sent: 2, succeeds: true },
    { method: "PUT", rerun: undefined, trouble: "503", make: () => fails(503, 1), sent: 2, succeeds: true },
    { method: "PUT", rerun: "at-most-once", trouble: "503", make: () => fails(503, 1), sent: 1, succeeds: false },
    { method: "PUT", rerun: undefined, trouble: "400", make: () => fails(400, 1), sent: 1, succeeds: false },
    { method: "POST", rerun: undefined, trouble: "a lost answer", make: () => hangsUp(1), sent: 1, succeeds: false },
    { method: "DELETE", rerun: undefined, trouble: "a lost answer", make: () => hangsUp(1), sent: 2, succeeds: true },
  ])("$method declared $rerun, after $trouble: sent $sent times", async ({ method, rerun, make, sent, succeeds }) => {
    answer = make();
    const { error } = await testHostAction(http, { metadata: { url, method, rerun } });
    expect(seen).toHaveLength(sent);
    expect(error === null).toBe(succeeds);
    expect(new Set(seen.map(({ headers }) => headers["idempotency-key"])).size).toBe(1);
  });

  test("an answer that is lost is told as what it is", async () => {
    answer = (_, response) => response.destroy();
    const { error } = await testHostAction(http, { metadata: { url } });
    expect(error?.message).toContain("it may have arrived, and is not sent again");
  });

  test("one that never left is sent when the server is back", async () => {
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, "close");
    const run = testHostAction(http, { metadata: { url } });
    await sleep(300);
    server.listen(port, "127.0.0.1");
    const { error, output } = await run;
    expect({ error, sent: seen.length }).toEqual({ error: null, sent: 1 });
    expect(output).toMatch(/no connection \(.*ECONNREFUSED.*\); trying again in 1 s/);
  });

  test("a server that takes the request and says nothing is given up after its time", async () => {
    answer = () => undefined;
    const { error } = await testHostAction(http, { metadata: { url, request_seconds: 1 } });
    expect(error?.message).toContain("no answer (it took longer than 1 s)");
  });
});

describe("polling", () => {
  test("goes on until the value says done, at the URL that the answer named", async () => {
    answer = states("new", "running", "running", "ok");
    const { error, output } = await testHostAction(http, { metadata: polled() });
    expect(error).toBeNull();
    expect(seen.map(({ method, path }) => `${method} ${path}`)).toEqual([
      "POST /start",
      ...Array(4).fill("GET /jobs/42"),
    ]);
    expect(output.match(/"running"/g)).toHaveLength(1);
  });

  test("ends when the value says failed", async () => {
    answer = states("running", "bad");
    const { error } = await testHostAction(http, { metadata: polled() });
    expect(error?.message).toBe(`GET ${url}/jobs/42: /status is "bad"`);
  });

  test.each([
    {
      trouble: "a 404 of a job that is not there yet",
      make: (response: ServerResponse) => response.writeHead(404).end(),
    },
    { trouble: "a 500", make: (response: ServerResponse) => response.writeHead(500).end() },
    { trouble: "a connection that breaks", make: (response: ServerResponse) => response.destroy() },
    { trouble: "something that is no JSON", make: (response: ServerResponse) => response.end("<html>") },
  ])("$trouble is not the end", async ({ make }) => {
    const done = states("ok");
    answer = (one, response) => (seen.length === 2 ? make(response) : done(one, response));
    const { error } = await testHostAction(http, { metadata: polled() });
    expect({ error, asked: seen.length }).toEqual({ error: null, asked: 3 });
  });

  test("a wrong password is the end", async () => {
    answer = ({ method }, response) => json(response, { job: "/jobs/42" }, method === "GET" ? 403 : 202);
    const { error } = await testHostAction(http, { metadata: polled() });
    expect(error?.message).toContain("answered 403");
  });

  test("no other server is believed or given the headers", async () => {
    answer = states("ok");
    const named = await testHostAction(http, { metadata: polled({ url_from: "/elsewhere" }) });
    expect(named.error?.message).toContain("is on another server");
    seen = [];
    vi.stubEnv("FENIX_SECRET_AWX", "canary-8");
    const other = url.replace("127.0.0.1", "localhost");
    const metadata = {
      ...polled({ url_from: undefined, url: `${other}/health` }),
      headers: { authorization: { secret: "awx" } },
    };
    const asked = await testHostAction(http, { metadata });
    expect(asked.error).toBeNull();
    expect(seen.map(({ headers }) => headers.authorization)).toEqual(["canary-8", undefined]);
  });

  test("an answer that names no URL is shown", async () => {
    const { error } = await testHostAction(http, { metadata: polled({ url_from: "/nothing" }) });
    expect(error?.message).toContain("the answer has no URL at /nothing");
  });

  test("the time limit ends it", async () => {
    answer = states("running");
    const { error } = await testHostAction(http, { metadata: { ...polled(), timeout_seconds: 1 } });
    expect(error?.message).toBe("it took longer than 1 s");
  });

  test("tells whether the work is done already", async () => {
    const metadata = { ...polled({ url: `${url}/hosts/{host}`, url_from: undefined }), rerun: "detectable" };
    answer = states("running", "ok");
    expect(await isActionDone(http, { metadata, host: "compute-4" })).toBe(false);
    expect(await isActionDone(http, { metadata, host: "compute-4" })).toBe(true);
    expect(seen.map(({ path }) => path)).toEqual(["/hosts/compute-4", "/hosts/compute-4"]);
  });
});
