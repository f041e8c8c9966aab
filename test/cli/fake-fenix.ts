/** Answers like Fenix's HTTP API, in the shapes of src/wire, as the test at hand wants it. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { problemDocument } from "../../src/wire/problem-document.ts";
import { SessionDetailAnswer } from "../../src/wire/session-detail.ts";
import { SessionsAnswer } from "../../src/wire/sessions.ts";
import { Timeline } from "../../src/wire/timeline.ts";
import { WebhookAnswer } from "../../src/wire/webhooks.ts";

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
}

/** What is answered to `METHOD /path`; each call of a path takes the next of its answers, and the last one stays. */
export type Answers = Record<string, readonly { readonly status?: number; readonly body: unknown }[]>;

export interface FakeFenix {
  readonly url: string;
  readonly asked: readonly Asked[];
  close(): Promise<void>;
}

export async function fakeFenix(answers: Answers): Promise<FakeFenix> {
  const asked: Asked[] = [];
  const server: Server = createServer(async (request, response) => {
    let text = "";
    for await (const chunk of request.setEncoding("utf8")) text += chunk;
    const path = request.url ?? "";
    asked.push({ method: request.method ?? "", path, body: text === "" ? undefined : JSON.parse(text) });
    const queue = answers[`${request.method} ${path}`] ?? answers[`${request.method} ${path.split("?")[0]}`] ?? [];
    const times = asked.filter((one) => one.method === request.method && one.path === path).length;
    const { status = 200, body } = queue[Math.min(times, queue.length) - 1] ?? {
      status: 404,
      body: problemDocument("NOT_FOUND", `nothing at ${path}`),
    };
    response.writeHead(status, { "content-type": "application/json", connection: "close" });
    response.end(typeof body === "string" ? body : JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url, asked, close: () => new Promise((resolve) => server.close(() => resolve())) };
}

export const id = "695030ee-1c4d-41e8-a9b0-0242ac110002";
export const webId = "109e14d9-6566-42b3-93e4-76605f264d8f";
export const project = "ead0dbcaf3564cbbb04842e3e54960e3";

const row = { session_id: id, created_at: "2026-11-25 08:00:00", updated_at: null };

type Host = Partial<SessionDetailAnswer["hosts"][number]> & { readonly hostname: string };
type SessionDetailAnswer = ReturnType<typeof SessionDetailAnswer.parse>;

export const aHost = (host: Host) => ({
  ...row,
  id: host.hostname,
  type: "compute",
  roles: ["compute"],
  status: "waiting",
  maintained: false,
  disabled: false,
  closed_by: null,
  details: null,
  plugin: null,
  plugin_state: null,
  ...host,
});

interface DetailChanges extends Partial<Omit<SessionDetailAnswer, "session">> {
  readonly session?: Partial<SessionDetailAnswer["session"]>;
}

/** A session in the middle of its work; checked against the published schema, so that it cannot drift from it. */
export function aDetail({ session = {}, ...changes }: DetailChanges = {}): SessionDetailAnswer {
  const progress = {
    percent_done: changes.percent_done ?? 50,
    waiting: changes.waiting ?? null,
    failure: changes.failure ?? null,
    report: changes.report ?? null,
  };
  return SessionDetailAnswer.parse({
    ...progress,
    eta: changes.eta ?? null,
    session: {
      plan_digest: null,
      ...row,
      ...progress,
      state: "PLANNED_MAINTENANCE",
      prev_state: "START_MAINTENANCE",
      maintenance_at: "2026-11-25 08:05:00",
      ended_at: null,
      workflow: "default",
      meta: "{}",
      metadata: {},
      options: {},
      ...session,
    },
    action_plugins: [],
    action_plugin_instances: [],
    download: [],
    hosts: [
      aHost({ hostname: "compute-1", status: "maintained", maintained: true, plugin: "dummy", plugin_state: "DONE" }),
      aHost({ hostname: "compute-2", status: "draining", disabled: true, closed_by: "session" }),
    ],
    projects: [{ ...row, id: project, project_id: project, state: "ACK_PLANNED_MAINTENANCE", managed: true }],
    instances: [
      {
        ...row,
        id: webId,
        instance_id: webId,
        instance_name: "web-1",
        project_id: project,
        project_state: null,
        state: "active",
        action: "MIGRATE",
        action_done: false,
        replaced_by: null,
        host: "compute-2",
        details: null,
      },
    ],
    under_way: [{ kind: "move_instance", subject: `${webId}#2`, since: "2026-11-25 08:01:00", last_error: null }],
    ...changes,
  });
}

export const aTimeline = (...entries: readonly [kind: string, subject: string | null, text: string][]) =>
  Timeline.parse({
    entries: entries.map(([kind, subject, text], index) => ({
      number: index + 1,
      at: `2026-11-25T08:00:0${index}.000Z`,
      kind,
      subject,
      text,
    })),
    next: entries.length,
  });

export const noNews = { entries: [], next: 0 };

export const someSessions = (...changes: readonly object[]) =>
  SessionsAnswer.parse({
    sessions: changes.map(() => id),
    session_id: changes.map(() => id),
    summaries: changes.map((change) => ({
      session_id: id,
      state: "SCALE_IN",
      percent_done: 0,
      waiting: null,
      failure: null,
      workflow: "default",
      maintenance_at: "2026-11-25 08:05:00",
      created_at: "2026-11-25 08:00:00",
      updated_at: "2026-11-25 08:00:00",
      ended_at: null,
      ...change,
    })),
  });

export const aWebhook = (changes: object = {}) =>
  WebhookAnswer.parse({
    webhook_id: "7c2f5a1e-52f0-4a55-8a4b-3a6c0d9a1b11",
    project_id: project,
    url: "http://192.0.2.20:12348/maintenance",
    events: ["maintenance.scheduled"],
    created_at: "2026-11-25T08:00:00.000Z",
    format: "aodh",
    off: null,
    failing_since: null,
    ...changes,
  });
