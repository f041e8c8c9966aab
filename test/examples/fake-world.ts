/** A Keystone, a Nova, an AODH and a Fenix, as small as the sample manager's tests need them, on one local port. */
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import type { Credentials } from "../../examples/manager/nova.ts";

export interface FakeServer {
  id: string;
  name: string;
  status: string;
  flavor: { id: string };
  image: { id: string } | "";
  metadata: Record<string, string>;
}

export interface FakeWorld {
  readonly url: string;
  readonly servers: FakeServer[];
  readonly groups: { id: string; name: string; policy: string; rules: object; members: string[] }[];
  readonly webhooks: { webhook_id: string; project_id: string; url: string; events: string[] }[];
  readonly alarms: { alarm_id: string; type: string; alarm_actions: string[]; [more: string]: unknown }[];
  /** What was put to a reply URL, in order. */
  readonly replies: { readonly url: string; readonly token: string; readonly body: Record<string, unknown> }[];
  /** Bodies of the servers that were asked for, with their scheduler hints. */
  readonly created: Record<string, unknown>[];
  /** What was declared, in order. */
  readonly declared: { readonly path: string; readonly body: Record<string, unknown> }[];
  /** What Fenix lists as not answered yet. */
  readonly open: Record<string, unknown>[];
  /** The instances that Fenix names for a project. */
  affected: string[];
  /** Makes the next created servers end in this status. */
  createdStatus: string;
  close(): Promise<void>;
}

export const project = "ead0dbcaf3564cbbb04842e3e54960e3";
export const session = "76e55df8-1c51-4e8c-9928-0242ac110002";

export async function fakeWorld(): Promise<FakeWorld> {
  const world = {
    servers: [] as FakeServer[],
    groups: [] as FakeWorld["groups"],
    webhooks: [] as FakeWorld["webhooks"],
    alarms: [] as FakeWorld["alarms"],
    replies: [] as FakeWorld["replies"][number][],
    created: [] as FakeWorld["created"],
    declared: [] as FakeWorld["declared"][number][],
    open: [] as FakeWorld["open"],
    affected: [] as string[],
    createdStatus: "ACTIVE",
    url: "",
    close: () => new Promise<void>((resolve) => void server.close(() => resolve())),
  };
  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? "", "http://world");
    const { status, body, headers = {} } = respond(world, request, url, await json(request));
    response.writeHead(status, { "content-type": "application/json", connection: "close", ...headers });
    response.end(body === undefined ? "" : JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  world.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return world;
}

interface Answer {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

function respond(world: FakeWorld, request: IncomingMessage, url: URL, body: unknown): Answer {
  const id = url.pathname.split("/").at(-1) ?? "";
  const token = String(request.headers["x-auth-token"]);
  switch (`${request.method} ${url.pathname.replace(id, ":id").replace(session, ":session")}`) {
    case "POST /v3/auth/:id":
      return logIn(world, body);
    case "GET /nova/servers/:id":
      if (id === "detail") return { status: 200, body: { servers: world.servers } };
      return oneServer(world.servers.find((one) => one.id === id));
    case "GET /nova/:id":
      return { status: 200, body: { server_groups: world.groups } };
    case "POST /nova/:id":
      return createOne(world, body);
    case "DELETE /nova/servers/:id":
      world.servers.splice(0, Infinity, ...world.servers.filter((one) => one.id !== id));
      return { status: 204 };
    case "GET /aodh/v2/:id":
      return { status: 200, body: world.alarms };
    case "POST /aodh/v2/:id": {
      const alarm = { ...(body as FakeWorld["alarms"][number]), alarm_id: `alarm-${world.alarms.length + 1}` };
      world.alarms.push(alarm);
      return { status: 201, body: alarm };
    }
    case "DELETE /aodh/v2/alarms/:id":
      world.alarms.splice(0, Infinity, ...world.alarms.filter((alarm) => alarm.alarm_id !== id));
      return { status: 204 };
    case "GET /v1/:id":
      return { status: 200, body: { webhooks: world.webhooks } };
    case "POST /v1/:id":
      world.webhooks.push({
        webhook_id: `hook-${world.webhooks.length + 1}`,
        ...(body as Omit<FakeWorld["webhooks"][number], "webhook_id">),
      });
      return { status: 200, body: world.webhooks.at(-1) };
    case "DELETE /v1/webhooks/:id":
      world.webhooks.splice(0, Infinity, ...world.webhooks.filter((hook) => hook.webhook_id !== id));
      return { status: 200, body: {} };
    case "GET /v1/instance/:id": {
      const known = world.declared.findLast(({ path }) => path === url.pathname);
      return known ? { status: 200, body: known.body } : { status: 404, body: { code: "INSTANCE_NOT_FOUND" } };
    }
    case "DELETE /v1/instance/:id":
      world.declared.splice(0, Infinity, ...world.declared.filter(({ path }) => path !== url.pathname));
      return { status: 200, body: {} };
    case "PUT /v1/instance/:id":
    case "PUT /v1/instance_group/:id":
      world.declared.push({ path: url.pathname, body: body as Record<string, unknown> });
      return { status: 200, body };
    case `GET /v1/projects/${project}/:id`:
      return { status: 200, body: { sessions: [{ session_id: session, open_questions: world.open }] } };
    case "GET /v1/maintenance/:session/:id":
      return { status: 200, body: { instance_ids: world.affected } };
    case "PUT /v1/maintenance/:session/:id":
      world.replies.push({ url: url.pathname, token, body: body as Record<string, unknown> });
      return { status: 200, body };
    default:
      return { status: 404, body: { message: `${request.method} ${url.pathname}` } };
  }
}

function logIn(world: FakeWorld, body: unknown): Answer {
  const { auth } = body as { auth: { identity: { password?: { user: { password: string } } } } };
  if (auth.identity.password?.user.password === "wrong") return { status: 401, body: { error: { code: 401 } } };
  const endpoints = [
    { interface: "internal", region: "one", url: "http://127.0.0.1:1" },
    { interface: "public", region: "two", url: "http://127.0.0.1:1" },
    { interface: "public", region: "one", url: `${world.url}/nova` },
  ];
  const aodh = { interface: "public", region: "one", url: `${world.url}/aodh` };
  const catalog = [
    { type: "compute", endpoints },
    { type: "alarming", endpoints: [aodh] },
  ];
  const token = { expires_at: "2126-01-01T00:00:00.000000Z", project: { id: project }, catalog };
  return { status: 201, body: { token }, headers: { "x-subject-token": "t0ken" } };
}

const oneServer = (server: FakeServer | undefined): Answer =>
  server ? { status: 200, body: { server } } : { status: 404, body: { itemNotFound: { code: 404 } } };

interface Wanted {
  readonly name: string;
  readonly flavorRef: string;
  readonly imageRef: string;
  readonly metadata: Record<string, string>;
}

function createOne(world: FakeWorld, body: unknown): Answer {
  const { server } = body as { server: Wanted };
  world.created.push(body as Record<string, unknown>);
  const { name, flavorRef, imageRef, metadata } = server;
  const id = `new-${world.created.length}`;
  const status = world.createdStatus;
  world.servers.push({ id, name, status, flavor: { id: flavorRef }, image: { id: imageRef }, metadata });
  return { status: 202, body: { server: { id } } };
}

async function json(request: IncomingMessage): Promise<unknown> {
  let text = "";
  for await (const chunk of request.setEncoding("utf8")) text += chunk;
  return text === "" ? {} : JSON.parse(text);
}

/** Of the user of the project. */
export function credentials({ url }: FakeWorld): Credentials {
  const domains = { userDomainName: "Default", projectDomainName: "Default" };
  const as = { username: "shop", password: "secret", projectName: "shop", ...domains };
  return { authUrl: `${url}/v3`, region: "one", as };
}

/** The question of the notice of this state, as Fenix lists it while nobody has answered. */
export const openQuestion = (world: FakeWorld, state: string) => ({
  state,
  instance_ids: ["web-1"],
  allowed_actions: [],
  reply_at: "2126-04-16 08:09:27",
  actions_at: "2126-04-16 08:09:27",
  reply_url: `${world.url}/v1/maintenance/${session}/${project}`,
});

/** A notice as Fenix posts it, in the shape of an AODH alarm. */
export function notice(
  world: FakeWorld,
  state: string,
  changes: Record<string, string> & { message_id?: string } = {},
) {
  const { message_id = `message-${state}`, ...traits } = changes;
  const url = `${world.url}/v1/maintenance/${session}/${project}`;
  const asks = state !== "INSTANCE_ACTION_DONE";
  const values: Record<string, string> = {
    service: "fenix",
    project_id: project,
    allowed_actions: state.startsWith("P") ? "['MIGRATE', 'LIVE_MIGRATE', 'OWN_ACTION']" : "[]",
    instance_ids: asks ? url : "['web-1']",
    reply_url: url,
    ...(asks ? { actions_at: "2126-04-16T08:09:27", reply_at: "2126-04-16T08:09:27" } : {}),
    state,
    session_id: session,
    metadata: "{'openstack_version': 'Train'}",
    ...traits,
  };
  const typed = Object.entries(values).map(([name, value]) => [name, name.endsWith("_at") ? 4 : 1, value]);
  const event = { message_id, event_type: "maintenance.scheduled", generated: "2126-04-16T08:08:47", traits: typed };
  return { alarm_name: "x", current: "alarm", reason_data: { type: "event", event } };
}
