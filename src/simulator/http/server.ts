/** One HTTP server for all simulated services, told apart by the first part of the path. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { SimulatedCloud } from "../cloud.ts";
import type { Token } from "../identity.ts";
import { Refusal } from "../refusal.ts";
import type { RequestEffect } from "../request-faults.ts";
import type { Answer, Api, Call, Route } from "./api.ts";
import { router } from "./router.ts";

export interface RequestCounts {
  readonly total: number;
  readonly byService: Readonly<Record<string, number>>;
  /** By service, method and pattern: `nova GET /v2.1/servers/:id`. */
  readonly byRoute: Readonly<Record<string, number>>;
}

export interface Counting {
  counts(): RequestCounts;
  reset(): void;
}

export function cloudServer(cloud: SimulatedCloud, apis: readonly Api[]): { server: Server; counting: Counting } {
  const byRoute = new Map<string, number>();
  const count = (what: string): void => void byRoute.set(what, (byRoute.get(what) ?? 0) + 1);
  const doors = apis.map((api) => ({ api, find: router(api.routes) }));

  const respond = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const method = request.method ?? "GET";
    const url = request.url ?? "/";
    const [path = "/", query = ""] = url.split("?", 2);
    const door = doors.find(({ api: { prefix } }) => path === prefix || path.startsWith(`${prefix}/`));
    const body = await bodyOf(request);
    if (door === undefined) return send(response, { status: 404, body: { message: "nothing is served here" } });
    const { api, find } = door;
    const requestId = `req-${cloud.world.chance.uuid()}`;
    const rest = path.slice(api.prefix.length).replace(/\/+$/, "") || "/";
    const match = find(method, rest);
    // The way to control the faults has none itself.
    const controlled = api.name !== "simulator";
    if (controlled) count(`${api.name} ${method} ${match?.route.pattern ?? "unknown"}`);
    if (controlled && cloud.requestFaults.isCutOff) return void response.destroy();
    const fault = controlled ? cloud.requestFaults.strike({ method, url, body }) : undefined;
    if (fault !== undefined) cloud.log.record({ kind: "fault_struck", what: `${method} ${url}: ${fault.kind}` });

    const perform = (): Answer => {
      const base = `http://${request.headers.host ?? "localhost"}${api.prefix}`;
      const early = {
        method,
        path: rest,
        query: new URLSearchParams(query),
        headers: request.headers,
        requestId,
        base,
      };
      return answerTo(api, match, early, body);
    };
    const performAndNote = (): Answer => {
      const answer = perform();
      if (controlled && method !== "GET" && method !== "HEAD")
        note(cloud, api, request, { body, requestId, url, answer });
      return answer;
    };
    const question = `${method} ${url} ${asker(cloud, request)?.project?.id ?? ""}`;
    await withFault({ cloud, api, fault, response, requestId, question }, performAndNote);
  };

  const server = createServer((request, response) => {
    respond(request, response).catch((error: unknown) => {
      // A defect of the simulator itself: visible here and, as a 500, to the client.
      console.error(error);
      if (!response.headersSent) send(response, { status: 500, body: { message: String(error) } });
    });
  });
  const counting: Counting = {
    counts() {
      const byService: Record<string, number> = {};
      let total = 0;
      for (const [what, times] of byRoute) {
        const service = what.split(" ", 1)[0] ?? "";
        byService[service] = (byService[service] ?? 0) + times;
        total += times;
      }
      return { total, byService, byRoute: Object.fromEntries(byRoute) };
    },
    reset: () => byRoute.clear(),
  };
  return { server, counting };
}

type Match = { readonly route: Route; readonly params: Readonly<Record<string, string>> } | undefined;
type EarlyCall = Omit<Call, "minor" | "token" | "params" | "body">;

/** Admission, route, and a refusal turned into the service's own shape of error. */
function answerTo(api: Api, match: Match, early: EarlyCall, rawBody: string): Answer {
  let call: Call = { ...early, params: match?.params ?? {}, body: undefined, minor: 1, token: null };
  const own = (): Readonly<Record<string, string>> => ({ ...requestIds(api, call.requestId), ...api.headers(call) });
  try {
    call = { ...call, ...api.admit(call) };
    if (match === undefined) throw new Refusal(404, "The resource could not be found.");
    call = { ...call, body: parsed(rawBody) };
    const answer = match.route.answer(call);
    return { ...answer, headers: { ...own(), ...answer.headers } };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const headers = {
      ...own(),
      "content-type": api.name === "nova" ? "application/json; charset=UTF-8" : "application/json",
    };
    return { status: error.status, body: api.errorBody(error, call), headers };
  }
}

function parsed(rawBody: string): unknown {
  if (rawBody === "") return undefined;
  try {
    return JSON.parse(rawBody);
  } catch {
    throw new Refusal(400, "Malformed request body");
  }
}

function requestIds(api: Api, requestId: string): Readonly<Record<string, string>> {
  const ids = { "x-openstack-request-id": requestId };
  return api.name === "nova" ? { ...ids, "x-compute-request-id": requestId } : ids;
}

interface Faulted {
  readonly cloud: SimulatedCloud;
  readonly api: Api;
  readonly fault: RequestEffect | undefined;
  readonly response: ServerResponse;
  readonly requestId: string;
  readonly question: string;
}

async function withFault(
  { cloud, api, fault, response, requestId, question }: Faulted,
  perform: () => Answer,
): Promise<void> {
  const frozen = cloud.requestFaults.frozen(question);
  if (fault === undefined) {
    return send(response, frozen === undefined ? perform() : { ...perform(), body: JSON.parse(frozen) });
  }
  switch (fault.kind) {
    case "answers":
      return send(response, madeAnswer(api, fault, requestId));
    case "times_out":
      // The connection stays open and silent; whoever gives up first closes it.
      if (fault.when === "after") perform();
      return;
    case "disconnects":
      if (fault.when === "after") perform();
      return void response.destroy();
    case "slow":
      await new Promise((resolve) => setTimeout(resolve, fault.seconds * 1000));
      return send(response, perform());
    case "stale": {
      const answer = perform();
      cloud.requestFaults.freeze(question, JSON.stringify(answer.body ?? null), fault.seconds);
      return send(response, answer);
    }
  }
}

function madeAnswer(api: Api, fault: Extract<RequestEffect, { kind: "answers" }>, requestId: string): Answer {
  const retryAfter = fault.retryAfterSeconds === undefined ? {} : { "retry-after": `${fault.retryAfterSeconds}` };
  const message = fault.message ?? "made to fail";
  const headers = { ...retryAfter, "content-type": fault.html === true ? "text/html" : "application/json" };
  const body =
    fault.html === true
      ? `<html><body>${message}</body></html>`
      : api.errorBody(new Refusal(fault.status, message), { requestId, minor: 0 });
  return { status: fault.status, headers, body };
}

function note(
  cloud: SimulatedCloud,
  api: Api,
  request: IncomingMessage,
  {
    body,
    requestId,
    url,
    answer,
  }: { readonly body: string; readonly requestId: string; readonly url: string; readonly answer: Answer },
): void {
  const by = asker(cloud, request)?.user.name ?? "nobody";
  // A request to Keystone holds a password.
  const kept: unknown = api.name === "keystone" || body === "" ? null : lenientlyParsed(body);
  const method = request.method ?? "";
  cloud.log.record({ kind: "request", method, path: url, body: kept, status: answer.status, by, requestId });
}

function asker(cloud: SimulatedCloud, request: IncomingMessage): Token | undefined {
  const secret = request.headers["x-auth-token"];
  return cloud.identity.find(typeof secret === "string" ? secret : undefined);
}

function lenientlyParsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return body;
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}

function send(response: ServerResponse, { status, body, headers = {} }: Answer): void {
  const text = body === undefined ? "" : typeof body === "string" ? body : JSON.stringify(body);
  const length = status === 204 ? {} : { "content-length": `${Buffer.byteLength(text)}` };
  response.writeHead(status, { "content-type": "application/json", ...headers, ...length }).end(text);
}
