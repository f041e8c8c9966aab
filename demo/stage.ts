/** Everything that takes part: database, simulated cloud, API, worker, three managers, and a desk that works on hosts. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Manager, startManager } from "../examples/manager/manager.ts";
import { type Login, loginWith } from "../src/cli/login.ts";
import { scenarios } from "../src/simulator/scenarios.ts";
import { type Simulator, startSimulator } from "../src/simulator/simulator.ts";
import { demoDatabase, demoQueue } from "./borrowed.ts";
import { type Desk, startDesk } from "./desk.ts";
import { freePort, startService } from "./service.ts";

export interface Stage {
  readonly fenixUrl: string;
  /** Fetches a token of the cloud's admin. */
  readonly login: Login;
  readonly simulator: Simulator;
  /** Names of the projects, by id. */
  readonly projects: ReadonlyMap<string, string>;
  readonly desk: Desk;
  /** Rejects when the API or the worker ends by itself. */
  readonly broken: Promise<never>;
  /** Notices that the managers got, and replies that they sent. */
  readonly heard: { notices: number; replies: number };
}

export interface StageOptions {
  readonly scenario: "demo" | "full";
  /** Where the logs go. */
  readonly records: string;
  readonly say: (line: string) => void;
}

/** How each project wants its instances moved. */
const wishes = { shop: "LIVE_MIGRATE", video: "LIVE_MIGRATE", bank: "MIGRATE" } as const;

/** The simulated cloud works this much faster than an idle OpenStack would: a demo is watched. */
const SPEED = 10;

/** Starts everything; `stop` ends what was started so far, at any moment, in the opposite order. */
export function startStage(options: StageOptions): { readonly ready: Promise<Stage>; stop(): Promise<void> } {
  const stops: (() => Promise<unknown> | void)[] = [];
  let stopped = false;
  const opened = async <T>(opening: Promise<T>, close: (part: T) => Promise<unknown>): Promise<T> => {
    const part = await opening;
    stops.push(() => close(part));
    if (stopped) throw new Error("stopped while starting");
    return part;
  };
  const ready = start(options, opened, stops);
  return {
    ready,
    async stop() {
      stopped = true;
      await ready.catch(() => {}); // Whatever is being started is there to be stopped then.
      for (const stop of stops.splice(0).toReversed()) await stop();
    },
  };
}

type Opened = <T>(opening: Promise<T>, close: (part: T) => Promise<unknown>) => Promise<T>;

async function start(
  { scenario, records, say }: StageOptions,
  opened: Opened,
  stops: (() => Promise<unknown> | void)[],
): Promise<Stage> {
  const dataDir = mkdtempSync(join(tmpdir(), "fenix-demo-"));
  stops.push(() => rmSync(dataDir, { recursive: true, force: true }));
  const database = await opened(demoDatabase(dataDir), (it) => it.stop());
  say(`  database   PostgreSQL, from ${database.origin}`);
  const queue = demoQueue();
  stops.push(() => queue.clear());
  say(`  queue      ${queue.origin}`);

  const simulator = await opened(startSimulator({ ...scenarios[scenario](), speed: SPEED }), (it) => it.close());
  say(`  cloud      ${describe(simulator)}`);

  const port = await freePort();
  const fenixUrl = `http://127.0.0.1:${port}`;
  const desk = await opened(startDesk(), (it) => it.close());
  const settings = {
    ...simulator.env,
    ...queue.settings,
    DATABASE_URL: database.url,
    FENIX_DATA_DIR: dataDir,
    FENIX_PORT: `${port}`,
    FENIX_LOG_LEVEL: "info",
  };
  const isUp = async () => (await fetch(`${fenixUrl}/health/ready`)).ok;
  const [api, worker] = await Promise.all([
    opened(startService({ mode: "api", settings, log: join(records, "api.log"), isUp }), (it) => it.stop()),
    opened(startService({ mode: "worker", settings, log: join(records, "worker.log") }), (it) => it.stop()),
  ]);
  say(`  API        ${fenixUrl}`);
  say(`  worker     process ${worker.pid}`);

  const heard = { notices: 0, replies: 0 };
  const projects = new Map<string, string>();
  for (const project of Object.keys(wishes) as (keyof typeof wishes)[]) {
    const { projectId } = await opened(manager(project, { fenixUrl, simulator, heard }), (it) => it.close());
    projects.set(projectId, project);
  }
  const login = loginWith({ token: undefined, openstack: simulator.env });
  await desk.listenTo(fenixUrl, (await login()) ?? "");
  say(
    `  managers   ${Object.entries(wishes)
      .map(([project, wish]) => `${project} (${wish})`)
      .join(", ")}`,
  );
  return { fenixUrl, login, simulator, projects, desk, heard, broken: Promise.race([api.broken, worker.broken]) };
}

function describe({ cloud }: Simulator): string {
  const { hosts, instances, services } = cloud.world;
  const controllers = new Set(services.filter(({ binary }) => binary === "nova-conductor").map(({ host }) => host));
  const inUse = new Set(instances.map(({ host }) => host));
  const empty = [...hosts.keys()].filter((host) => !inUse.has(host)).length;
  const counts = `${hosts.size} computes (${empty === 0 ? "none" : empty} empty), ${controllers.size} controllers`;
  return `${counts}, ${instances.length} instances, simulated, ${SPEED} times as fast`;
}

/** Gives up three instances each time when the cloud has no room. */
async function manager(
  project: keyof typeof wishes,
  { fenixUrl, simulator, heard }: Pick<Stage, "fenixUrl" | "simulator" | "heard">,
): Promise<Manager> {
  const domains = { userDomainName: "Default", projectDomainName: "Default" };
  return startManager({
    fenixUrl,
    credentials: {
      authUrl: simulator.authUrl,
      as: { username: project, password: "secret", projectName: project, ...domains },
    },
    action: wishes[project],
    scaling: { step: 3, networks: "none" },
    onEvent: ({ kind }) => {
      if (kind === "notified") heard.notices += 1;
      if (kind === "replied") heard.replies += 1;
    },
  });
}
