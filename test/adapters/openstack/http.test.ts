import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openHttp, Unanswered, type Exchange, type Http, type Limits } from "../../../src/adapters/openstack/http.ts";

/** What the server does with its next requests, in order; the last one stays. */
type Play = {
  readonly status?: number;
  readonly body?: string;
  readonly after?: number;
  readonly hold?: true;
  readonly cut?: true;
};

let plays: Play[];
let asked: number;
let server: Server;
let url: string;
let http: Http;

const quick: Partial<Limits> = { pauseMs: 1, answerMs: 2_000, breakAfter: 100, breakMs: 200 };
const { signal } = new AbortController();

beforeEach(async () => {
  asked = 0;
  plays = [{}];
  server = createServer((_request, response) => {
    const play = plays[Math.min(asked, plays.length - 1)] ?? {};
    asked += 1;
    if (play.hold) return;
    if (play.cut) return void response.destroy();
    if (play.after !== undefined) response.setHeader("retry-after", String(play.after));
    response.statusCode = play.status ?? 200;
    response.end(play.body ?? `{"fine": true}`);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/things/1`;
  http = openHttp({ ca: null, verify: true, limits: quick });
});
afterEach(async () => {
  await http.close();
  server.closeAllConnections();
  server.close();
});

const ask = (changed: Partial<Exchange> = {}) =>
  http.exchange({
    service: "nova",
    method: "GET",
    url,
    template: "/things/{}",
    doing: "look at a thing",
    signal,
    ...changed,
  });

test("a safe request is repeated until there is an answer, and every try is counted", async () => {
  plays = [{ status: 503 }, { cut: true }, {}];
  expect(await ask()).toMatchObject({ status: 200, body: { fine: true } });
  expect(http.counts()).toEqual({ "nova GET /things/{}": 3 });
});

test("a request that is not safe is sent once", async () => {
  plays = [{ status: 503, body: `{"serviceUnavailable": {"code": 503, "message": "busy"}}` }];
  const posting = ask({ method: "POST", body: { migrate: null } });
  await expect(posting).rejects.toThrow("could not look at a thing: nova answered 503: busy");
  expect(asked).toBe(1);
});

test("in the end the caller hears of it", async () => {
  plays = [{ status: 500 }];
  await expect(ask()).rejects.toMatchObject({ code: "CLOUD_UNAVAILABLE", status: 500 });
  expect(asked).toBe(4);
});

test("a service that asks for time is given it", async () => {
  plays = [{ status: 429, after: 1 }, {}];
  const began = performance.now();
  expect(await ask()).toMatchObject({ status: 200 });
  expect(performance.now() - began).toBeGreaterThan(900);
});

test.each([400, 401, 404, 409])("%i is an answer", async (status) => {
  plays = [{ status, body: `{"conflictingRequest": {"code": ${status}, "message": "no"}}` }];
  expect(await ask()).toMatchObject({ status });
  expect(asked).toBe(1);
});

test("a page in place of JSON is no answer", async () => {
  plays = [{ body: "<html>welcome</html>" }];
  await expect(ask()).rejects.toThrow(/something that is not JSON/);
});

test("silence ends, and says how long it was", async () => {
  http = openHttp({ ca: null, verify: true, limits: { ...quick, answerMs: 100, repeats: 0 } });
  plays = [{ hold: true }];
  await expect(ask()).rejects.toThrow(/did not answer within 0.1 s/);
});

test("who stops waiting stops at once, in a pause too, with their own reason", async () => {
  plays = [{ status: 503, after: 10 }];
  const stop = new AbortController();
  const asking = ask({ signal: stop.signal });
  setTimeout(() => stop.abort(new Error("shutting down")), 50);
  const began = performance.now();
  await expect(asking).rejects.toThrow("shutting down");
  expect(performance.now() - began).toBeLessThan(5_000);
});

test("a service that fails again and again is left alone for a moment, others are not", async () => {
  const said: string[] = [];
  const note = (_fields: unknown, message: string) => void said.push(message);
  const log = { info: note, warn: note };
  http = openHttp({ ca: null, verify: true, log, limits: { ...quick, repeats: 0, breakAfter: 3, breakMs: 100 } });
  plays = [{ status: 500 }, { status: 500 }, { status: 500 }, {}];
  for (const _ of [1, 2, 3]) await expect(ask()).rejects.toBeInstanceOf(Unanswered);
  await expect(ask()).rejects.toThrow(/nova has not answered lately/);
  expect(asked).toBe(3);
  expect(await ask({ service: "placement" })).toMatchObject({ status: 200 });
  await new Promise((resolve) => setTimeout(resolve, 120));
  expect(await ask()).toMatchObject({ status: 200 });
  expect(said).toEqual(["a service of the cloud does not answer", "a service of the cloud answers again"]);
});

test("neither token nor body is in what is said about a failure", async () => {
  plays = [{ cut: true }];
  const posting = ask({ method: "POST", headers: { "x-auth-token": "t0ken" }, body: { password: "s3cret" } });
  const error = await posting.catch((caught: unknown) => caught);
  expect(JSON.stringify(error, Object.getOwnPropertyNames(error)) + String(error)).not.toMatch(/t0ken|s3cret/);
});
