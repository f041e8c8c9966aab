/**
 * A whole Fenix of real processes over the cloud that the OS_* variables name, with sample managers for its projects, and
 * a desk that works on hosts. While the desk works it asks Nova and Placement who is on the host.
 */
import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort, type Service, startService } from "../../demo/service.ts";
import type { Hears } from "../../examples/manager/hear.ts";
import { type ManagerEvent, startManager } from "../../examples/manager/manager.ts";
import { connect, type Credentials } from "../../examples/manager/nova.ts";
import { loginWith } from "../../src/cli/login.ts";
import type { Observer, SeenOnHost } from "./nova-observer.ts";
import { type Posted, tapBefore } from "./tap.ts";

export interface Work {
  readonly host: string;
  readonly from: Date;
  readonly until: Date;
  /** Who was there when it began, in the middle and at the end. */
  readonly seen: readonly SeenOnHost[];
}

export interface RealWorld {
  readonly url: string;
  readonly works: readonly Work[];
  /** What the managers did, by project. */
  readonly events: readonly (ManagerEvent & { readonly project: string })[];
  /** What came to the managers' doors, as it came, by the names of their projects. */
  readonly posted: readonly Posted[];
  startWorker(): Promise<Service>;
  /** Of the workflow `default`, over the whole cloud, with the desk as its one host action; `request` says else. */
  createSession(options?: Readonly<Record<string, unknown>>, request?: SessionParts): Promise<string>;
  /** Declares constraints in the name of a project's manager: `what` is their path, after /v1/. */
  declare(project: string, what: string, constraints: Readonly<Record<string, unknown>>): Promise<void>;
  state(id: string): Promise<string>;
  /** Resolves with the state in which the session ended; throws after the time, with the timeline. */
  ended(id: string, withinMs: number): Promise<string>;
  timeline(id: string): Promise<string>;
  /** What the session told its projects, oldest first, and by which channels. */
  told(id: string): Promise<readonly Told[]>;
  /** Requests that the workers which were stopped (not killed) have sent to Nova. */
  novaRequests(): Readonly<Record<string, number>>;
  close(): Promise<void>;
}

/** Of `GET /v1/maintenance/{session}/notifications`: what is asked for here. */
export interface Told {
  readonly message_id: string;
  readonly at: string;
  readonly state: string;
  readonly project_id: string | null;
  readonly deliveries: readonly {
    readonly channel: "webhook" | "bus";
    readonly status: string;
    readonly settled_at: string | null;
  }[];
}

export interface SessionParts {
  readonly workflow?: string;
  readonly plan_digest?: string;
  readonly hosts?: readonly string[];
  readonly metadata?: Readonly<Record<string, unknown>>;
  /** Host actions after the desk has worked. */
  readonly actions?: readonly Readonly<Record<string, unknown>>[];
}

export interface RealWorldOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly databaseUrl: string;
  readonly observer: Observer;
  readonly managers: readonly ManagerOf[];
  /**
   * How all managers hear; `webhook` where nothing is said. With `alarm` Fenix publishes on the bus of FENIX_BUS_URL, by
   * default that of the lab, and its links carry reply tokens: the longest links there are, and AODH cuts what is too long.
   */
  readonly hears?: Hears;
}

export interface ManagerOf {
  readonly project: string;
  readonly user: string;
  readonly password: string;
  readonly action: "MIGRATE" | "LIVE_MIGRATE";
  /** Servers it gives up each time Fenix asks for room. */
  readonly step: number;
}

/** A minute or more, as the sample managers have patience too. */
const TRIES_MAX = 30;

/** Long enough to look at the host three times. */
const WORK_MS = 2_000;

export async function realWorld({
  env,
  databaseUrl,
  observer,
  managers,
  hears = "webhook",
}: RealWorldOptions): Promise<RealWorld> {
  const folder = mkdtempSync(join(tmpdir(), "fenix-openstack-"));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const cloud = Object.entries(env).filter(([name, value]) => name.startsWith("OS_") && value !== undefined);
  const settings = {
    ...(Object.fromEntries(cloud) as Record<string, string>),
    DATABASE_URL: databaseUrl,
    FENIX_PORT: `${port}`,
    FENIX_DATA_DIR: folder,
    FENIX_LOG_LEVEL: "info",
    ...(hears === "alarm" && {
      FENIX_BUS_URL: env["FENIX_BUS_URL"] ?? "rabbit://guest:guest@127.0.0.1:5672/",
      FENIX_REPLY_TOKEN_SECRET: randomBytes(32).toString("hex"),
    }),
  };
  const isUp = async () => (await fetch(`${url}/health/ready`)).ok;
  const api = await startService({ mode: "api", settings, log: join(folder, "api.log"), isUp });
  const desk = await startDesk(observer);
  const events: (ManagerEvent & { project: string })[] = [];
  const credentialsOf = ({ project, user, password }: ManagerOf): Credentials => ({
    authUrl: env["OS_AUTH_URL"] ?? "",
    region: env["OS_REGION_NAME"],
    as: { username: user, password, projectName: project, userDomainName: "Default", projectDomainName: "Default" },
  });
  const posted: Posted[] = [];
  const started: { close(): Promise<unknown> }[] = [];
  for (const manager of managers) {
    const port = await freePort();
    const tap = await tapBefore(port, (post) => void posted.push({ ...post, project: manager.project }));
    const running = await startManager({
      fenixUrl: url,
      hears,
      listen: { port, publicUrl: tap.url },
      credentials: credentialsOf(manager),
      action: manager.action,
      scaling: { step: manager.step, networks: "none" },
      onEvent: (event) => void events.push({ ...event, project: manager.project }),
    });
    started.push({ close: () => Promise.allSettled([running.close(), tap.close()]) });
  }
  const token = await loginWith({ token: undefined, openstack: env })();
  const call = async (path: string, init: RequestInit = {}): Promise<Response> => {
    const headers = new Headers(init.headers);
    headers.set("x-auth-token", token ?? "");
    let answer = await fetch(`${url}${path}`, { ...init, headers });
    // 503: nothing was done, because a Keystone on a busy machine did not say in time whose the token is.
    for (let tries = 1; answer.status === 503 && tries < TRIES_MAX; tries++) {
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      answer = await fetch(`${url}${path}`, { ...init, headers });
    }
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer;
  };
  let workers = 0;

  const world: RealWorld = {
    url,
    works: desk.works,
    events,
    posted,
    startWorker: () => startService({ mode: "worker", settings, log: join(folder, `worker-${++workers}.log`) }),
    async createSession(options = {}, { actions = [], ...request } = {}) {
      const body = {
        ...request,
        maintenance_at: new Date().toISOString(),
        actions: [{ plugin: "http", type: "host", metadata: { url: desk.workUrl, rerun: "idempotent" } }, ...actions],
        options: { reply_seconds: 120, scale_in_reply_seconds: 300, ...options },
      };
      const headers = { "content-type": "application/json" };
      const answer = await call("/v1/maintenance", { method: "POST", headers, body: JSON.stringify(body) });
      return ((await answer.json()) as { session_id: string }).session_id;
    },
    async declare(project, what, constraints) {
      const manager = managers.find((one) => one.project === project);
      if (!manager) throw new Error(`project ${project} has no manager`);
      const { projectId, token: own } = await connect(credentialsOf(manager));
      const answer = await fetch(`${url}/v1/${what}`, {
        method: "PUT",
        headers: { "content-type": "application/json", "x-auth-token": await own() },
        body: JSON.stringify({ ...constraints, project_id: projectId }),
      });
      if (!answer.ok) throw new Error(`${what}: ${answer.status} ${await answer.text()}`);
    },
    state: async (id) => ((await (await call(`/v1/maintenance/${id}`)).json()) as { state: string }).state,
    async ended(id, withinMs) {
      const end = Date.now() + withinMs;
      for (;;) {
        const state = await world.state(id);
        if (state === "MAINTENANCE_DONE" || state === "MAINTENANCE_FAILED") return state;
        if (Date.now() > end) throw new Error(`still ${state} after ${withinMs} ms:\n${await world.timeline(id)}`);
        await new Promise((resolve) => setTimeout(resolve, 1_000));
      }
    },
    timeline: async (id) =>
      (await call(`/v1/maintenance/${id}/timeline?limit=1000`, { headers: { accept: "text/plain" } })).text(),
    async told(id) {
      const all: Told[] = [];
      for (let after = 0; ;) {
        const answer = await call(`/v1/maintenance/${id}/notifications?limit=1000&after=${after}`);
        const { notifications, next } = (await answer.json()) as { notifications: Told[]; next: number };
        all.push(...notifications.filter(({ project_id }) => project_id !== null));
        if (notifications.length === 0) return all;
        after = next;
      }
    },
    novaRequests() {
      const total: Record<string, number> = {};
      for (const file of readdirSync(folder).filter((name) => name.startsWith("worker-"))) {
        for (const [what, count] of Object.entries(requestsIn(readFileSync(join(folder, file), "utf8")))) {
          if (what.startsWith("nova ")) total[what] = (total[what] ?? 0) + count;
        }
      }
      return total;
    },
    async close() {
      await Promise.allSettled(started.map((manager) => manager.close()));
      await api.stop();
      await desk.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return world;
}

/** Each worker says at its orderly end how often it asked for what. */
function requestsIn(log: string): Readonly<Record<string, number>> {
  const line = log.split("\n").find((text) => text.includes(`"requests sent to the cloud"`));
  return line === undefined ? {} : (JSON.parse(line) as { requests: Record<string, number> }).requests;
}

async function startDesk(observer: Observer) {
  const works: Work[] = [];
  const server = createServer(async (request, response) => {
    const host = decodeURIComponent(new URL(request.url ?? "/", "http://desk").pathname.split("/")[2] ?? "");
    const from = new Date();
    const watching = observer.watchHost(host, WORK_MS / 3);
    await new Promise((resolve) => setTimeout(resolve, WORK_MS));
    const seen = await watching.stop();
    works.push({ host, from, until: new Date(), seen });
    response.writeHead(200, { "content-type": "application/json" }).end("{}");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    workUrl: `http://127.0.0.1:${port}/work/{host}`,
    works: works as readonly Work[],
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
