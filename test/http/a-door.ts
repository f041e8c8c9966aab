/**
 * The HTTP door with plain objects behind it: what the engine was asked is written down, what it answers is given.
 * Like PostgreSQL, they refuse text that no database can hold.
 */
import type { InjectOptions } from "fastify";
import { pino } from "pino";
import { makePolicy } from "../../src/access/policy.ts";
import { HostName, InstanceId, PluginName, ProjectId, SessionId } from "../../src/domain/ids.ts";
import type { AskedQuestion } from "../../src/domain/question.ts";
import { SessionOptions } from "../../src/domain/session.ts";
import { buildHttp } from "../../src/http/build-http.ts";
import type { Commands } from "../../src/http/commands.ts";
import type { HealthCheck } from "../../src/http/health.ts";
import type { Constraints, Declarations } from "../../src/ports/constraints.ts";
import type { Webhook, Webhooks } from "../../src/ports/deliveries.ts";
import type { Identity } from "../../src/ports/identity.ts";
import type { News, Told } from "../../src/ports/news.ts";
import type { Ownership } from "../../src/ports/ownership.ts";
import type { Polling } from "../../src/ports/polling.ts";
import type { Receivers } from "../../src/ports/receivers.ts";
import type {
  NumberedEntry,
  ProjectReport,
  ProjectSession,
  Reports,
  SessionDetail,
  ToldNotification,
} from "../../src/ports/reports.ts";
import { CloudSnapshot } from "../../src/planner/format/snapshot.ts";
import { Problem } from "../../src/problems.ts";
import type { ReplyTokens } from "../../src/wire/reply-token.ts";
import { aPlan, aSnapshot } from "../planner/check/a-plan.ts";

export const sessionId = SessionId.parse("76e55df8-1c51-41e8-9928-0242ac110002");
export const unknownId = "11111111-2222-4333-8444-555555555555";
export const projectId = ProjectId.parse("ead0dbcaf3564cbbb04842e3e54960e3");
export const instanceId = InstanceId.parse("109e14d9-6566-42b3-93e4-76605f264d8f");
export const otherInstanceId = InstanceId.parse("71287b8c-1e3c-4b0f-a9c8-0242ac110002");
export const now = new Date("2026-11-25T08:00:00.000Z");
export const publicUrl = "https://fenix.example.org";

const obliging: Commands = {
  createSession: async () => ({ id: sessionId }),
  recordReply: async ({ session, project }) => {
    if (session !== sessionId) throw new Problem("SESSION_NOT_FOUND", `there is no session ${session}`);
    if (project !== projectId) throw new Problem("PROJECT_NOT_FOUND", `${project} is not in it`);
    return { kind: "recorded" };
  },
  continueSession: async ({ session, state }) => {
    if (session !== sessionId) throw new Problem("SESSION_NOT_FOUND", `there is no session ${session}`);
    return { state: state ?? "PLANNED_MAINTENANCE" };
  },
  deleteSession: async (id) => {
    if (id !== sessionId) throw new Problem("SESSION_NOT_FOUND", `there is no session ${id}`);
  },
  takeSnapshot: async (wanted) => CloudSnapshot.parse({ version: 1, ...wanted, hosts: [] }),
  planMaintenance: async (wanted) => {
    const cloud = aSnapshot({ session: { ...wanted.session, hosts: ["a"] } });
    return { plan: aPlan(cloud), cloud };
  },
};

export interface Given {
  /** Left out: whoever comes may do everything. */
  readonly identity?: Identity;
  readonly replyTokens?: ReplyTokens;
  readonly receivers?: Receivers;
  readonly commands?: Partial<Commands>;
  readonly detail?: Partial<SessionDetail>;
  readonly timeline?: readonly NumberedEntry[];
  readonly notifications?: readonly ToldNotification[];
  readonly news?: readonly Told[];
  /** In place of `news`. */
  readonly follow?: News;
  readonly project?: Partial<ProjectReport>;
  /** Of the one project that the door knows. */
  readonly sessions?: readonly ProjectSession[];
  /** Left out: all that is declared is accepted and forgotten. */
  readonly constraints?: Constraints;
  /** Left out: the cloud knows nothing. */
  readonly ownership?: Ownership;
  readonly health?: Readonly<Record<string, HealthCheck>>;
  readonly log?: (line: string) => void;
}

export function openDoor(given: Given = {}) {
  const asked: { readonly command: string; readonly request: unknown }[] = [];
  const stored: Webhook[] = [];
  const commands = writtenDown({ ...obliging, ...given.commands }, asked);
  let ids = 0;
  const app = buildHttp({
    access: { identity: given.identity ?? null, policy: makePolicy({}), replyTokens: given.replyTokens ?? null },
    commands,
    reports: reportsOf(given),
    news: given.follow ?? newsOf(given),
    webhooks: webhooksIn(stored),
    polling: pollingIn(new Map()),
    receivers: given.receivers ?? { whyRefused: async () => null },
    constraints: given.constraints ?? {
      instances: forgetting("declareInstance", asked),
      groups: forgetting("declareGroup", asked),
    },
    ownership: given.ownership ?? { instance: async () => null, group: async () => null },
    health: given.health ?? {},
    clock: {
      now: () => now,
      sleep: (_ms, signal) => new Promise((resolve) => signal?.addEventListener("abort", () => resolve())),
    },
    newId: () => `00000000-0000-4000-8000-${String((ids += 1)).padStart(12, "0")}`,
    newSecret: () => `whsec_${String((ids += 1)).padStart(43, "A")}=`,
    publicUrl,
    defaults: { replySeconds: 40, scaleInReplySeconds: 60 },
    version: "0.1.0",
    logger: pino({ level: given.log ? "debug" : "silent" }, { write: given.log ?? (() => undefined) }),
  });
  return { app, asked, stored, send: (request: InjectOptions) => app.inject(request), close: () => app.close() };
}

function writtenDown(commands: Commands, asked: { command: string; request: unknown }[]): Commands {
  const keep = (command: string, request: unknown) => {
    refuseWhatNoDatabaseHolds(request);
    asked.push({ command, request });
  };
  return {
    createSession: async (request) => (keep("createSession", request), commands.createSession(request)),
    recordReply: async (request) => (keep("recordReply", request), commands.recordReply(request)),
    continueSession: async (request) => (keep("continueSession", request), commands.continueSession(request)),
    deleteSession: async (id) => (keep("deleteSession", id), commands.deleteSession(id)),
    takeSnapshot: async (wanted) => (keep("takeSnapshot", wanted), commands.takeSnapshot(wanted)),
    planMaintenance: async (wanted) => (keep("planMaintenance", wanted), commands.planMaintenance(wanted)),
  };
}

function reportsOf({ detail, timeline, notifications, project, sessions }: Given): Reports {
  const whole = { ...aDetail, ...detail };
  const found = <T>(id: string, report: T): T | undefined => (id === sessionId ? report : undefined);
  return {
    list: async () => [whole],
    summary: async (id) => found(id, whole),
    detail: async (id) => found(id, whole),
    timeline: async (id, after, limit) =>
      found(id, (timeline ?? []).filter(({ number }) => number > after).slice(0, limit)),
    notifications: async (id, wanted) => {
      refuseWhatNoDatabaseHolds(wanted.project);
      const { project: of, after, limit } = wanted;
      if (of !== null && of !== projectId) return undefined;
      const told = (notifications ?? []).filter(({ number }) => number > after).slice(0, limit);
      return found(id, told);
    },
    project: async (id, wanted) => {
      refuseWhatNoDatabaseHolds(wanted);
      return wanted === projectId ? found(id, { ...aProjectReport, ...project }) : undefined;
    },
    ofProject: async (wanted) => {
      refuseWhatNoDatabaseHolds(wanted);
      return wanted === projectId ? (sessions ?? []) : [];
    },
  };
}

const pollingIn = (declared: Map<string, Date>): Polling => ({
  since: async (project) => {
    refuseWhatNoDatabaseHolds(project);
    return declared.get(project) ?? null;
  },
  declare: async (project, at) => {
    refuseWhatNoDatabaseHolds(project);
    if (!declared.has(project)) declared.set(project, at);
  },
  takeBack: async (project) => void declared.delete(project),
});

/** What was told, and then nothing more. */
const newsOf = ({ news = [] }: Given): News => ({
  after: async (number, { project, limit }) => {
    refuseWhatNoDatabaseHolds(project);
    const isTheirs = ({ notification }: Told) =>
      project === null || (notification.type === "maintenance.scheduled" && notification.project === project);
    return news.filter((one) => one.number > number && isTheirs(one)).slice(0, limit);
  },
  newest: async () => news.at(-1)?.number ?? 0,
  listen: () => ({ heard: async () => "closed", close: () => undefined }),
});

const webhooksIn = (stored: Webhook[]): Webhooks => ({
  add: async (webhook) => {
    refuseWhatNoDatabaseHolds(webhook);
    stored.push(webhook);
  },
  list: async (project) => {
    refuseWhatNoDatabaseHolds(project);
    return stored.filter((webhook) => project === undefined || webhook.project === project);
  },
  switchOn: async (id) => {
    const at = stored.findIndex((webhook) => webhook.id === id);
    const found = stored[at];
    if (found) stored[at] = { ...found, off: null, failingSince: null };
  },
  changeSecret: async (id, secret, until) => {
    const at = stored.findIndex((webhook) => webhook.id === id);
    const found = stored[at];
    if (found?.format.kind !== "cloudevents") return;
    const oldSecret = { secret: found.format.secret, until };
    stored[at] = { ...found, format: { ...found.format, secret, oldSecret } };
  },
  remove: async (id) => {
    const at = stored.findIndex((webhook) => webhook.id === id);
    if (at >= 0) stored.splice(at, 1);
    return at >= 0;
  },
});

/** What is declared already, and nothing else; what is declared now is forgotten. */
export const knowing = <Declared extends object>(kept: Declared): Declarations<Declared, string> => {
  const found = { ...kept, createdAt: now, updatedAt: now };
  return {
    declare: async () => ({ kind: "declared", kept: found }),
    takeOver: async () => ({ kind: "declared", kept: found }),
    find: async (id) => (Object.values(kept).includes(id) ? found : undefined),
    list: async () => [found],
    remove: async () => undefined,
  };
};

const forgetting = <Declared, Id>(
  command: string,
  asked: { command: string; request: unknown }[],
): Declarations<Declared, Id> => ({
  declare: async (declared, at) => {
    refuseWhatNoDatabaseHolds(declared);
    asked.push({ command, request: declared });
    return { kind: "declared", kept: { ...declared, createdAt: at, updatedAt: at } };
  },
  takeOver: async () => {
    throw new Error("nobody holds what is forgotten");
  },
  find: async (id) => (refuseWhatNoDatabaseHolds(id), undefined),
  list: async (...given) => (refuseWhatNoDatabaseHolds(given), []),
  remove: async (id) => refuseWhatNoDatabaseHolds(id),
});

function refuseWhatNoDatabaseHolds(value: unknown): void {
  const unfit = (text: string) => /[\0\p{Surrogate}]/u.test(text);
  if (typeof value === "string" && unfit(value)) throw new Error(`invalid byte sequence: ${JSON.stringify(value)}`);
  if (typeof value !== "object" || value === null) return;
  const parts = value instanceof Map ? [...value.entries()].flat() : Object.entries(value).flat();
  for (const part of parts) refuseWhatNoDatabaseHolds(part);
}

export const aQuestion: AskedQuestion = {
  project: projectId,
  state: "PLANNED_MAINTENANCE",
  round: 1,
  instances: [instanceId],
  instance: null,
  allowedActions: ["MIGRATE", "LIVE_MIGRATE", "OWN_ACTION"],
  replyBy: new Date("2026-11-25T08:00:40.000Z"),
  actionsAt: new Date("2026-11-25T08:00:40.000Z"),
  missing: null,
  reply: null,
};

const aProjectReport: ProjectReport = {
  state: "PLANNED_MAINTENANCE",
  instances: [instanceId, otherInstanceId],
  question: null,
  unanswered: [],
};

const created = new Date("2026-11-25T07:00:00.000Z");

const aDetail: SessionDetail = {
  pace: { visits: new Map(), moves: { count: 0, meanSeconds: 0 }, expected: null },
  id: sessionId,
  workflow: PluginName.parse("default"),
  state: "PLANNED_MAINTENANCE",
  previousState: "START_MAINTENANCE",
  maintenanceAt: new Date("2026-11-25T07:30:00.000Z"),
  percentDone: 50,
  waiting: null,
  failure: null,
  report: null,
  createdAt: created,
  updatedAt: now,
  endedAt: null,
  session: {
    id: sessionId,
    workflow: PluginName.parse("default"),
    maintenanceAt: new Date("2026-11-25T07:30:00.000Z"),
    metadata: { openstack: "upgrade" },
    options: SessionOptions.parse({}),
    actions: [{ plugin: PluginName.parse("dummy"), phase: "host", order: 0, metadata: {} }],
    planDigest: null,
  },
  hosts: [
    {
      name: HostName.parse("compute-1"),
      roles: ["compute"],
      status: { kind: "maintained", at: now },
      closure: "open",
      createdAt: created,
      updatedAt: now,
    },
  ],
  projects: [],
  instances: [],
  runs: [],
  underWay: [],
};
