/** A whole Fenix of real processes over a simulated cloud, to be treated badly. */
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startManager } from "../../examples/manager/manager.ts";
import { type Evidence, judge, type Verdict } from "../../demo/judge.ts";
import { freePort, type Service, startService } from "../../demo/service.ts";
import { Entry } from "../../src/verify/entries.ts";
import { type Certificate, verifySession } from "../../src/verify/verify-session.ts";
import type { CloudOptions } from "../../src/simulator/build-world.ts";
import { demoCloud } from "../../src/simulator/scenarios.ts";
import { type Simulator, startSimulator } from "../../src/simulator/simulator.ts";

export interface CrashWorld {
  readonly simulator: Simulator;
  /** Where its API answers, to whomever asks. */
  readonly url: string;
  startWorker(): Promise<Service>;
  /** Over every host, one at a time, unless the request is changed. */
  createSession(changes?: Readonly<Record<string, unknown>>): Promise<string>;
  /** The session's state, as any client sees it. */
  state(id: string): Promise<string>;
  timeline(id: string): Promise<string>;
  /** What the session's own journal proves, as `fenix verify` judges it. */
  certificate(id: string): Promise<Certificate>;
  /** What really happened, by the cloud's and the hosts' own records. */
  verdict(): Verdict;
  close(): Promise<void>;
}

/** Fast enough for a test, slow enough that moves are under way when somebody is killed. */
const SPEED = 8;

/** Each run of the host action writes one line when it has ended: who was worked on, and when by the host's own clock. */
const WORK = 'from=$(date +%s%3N); sleep 0.3; echo "$FENIX_ACTION_KEY $FENIX_HOST $from $(date +%s%3N)" >> "$RECORD"';
const WAS_DONE = 'grep -qF "$FENIX_ACTION_KEY " "$RECORD"';

/** The sample manager answers for the projects in `managed`. */
export async function crashWorld(
  settings: Readonly<Record<string, string>>,
  cloud: CloudOptions = demoCloud(),
  managed: readonly string[] = ["shop", "video", "bank"],
): Promise<CrashWorld> {
  const folder = mkdtempSync(join(tmpdir(), "fenix-crash-"));
  const record = join(folder, "works");
  appendFileSync(record, "");
  const simulator = await startSimulator({ ...cloud, speed: SPEED });
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const environment = {
    ...simulator.env,
    FENIX_PORT: `${port}`,
    FENIX_DATA_DIR: folder,
    FENIX_LOG_LEVEL: "warn",
    // The story is about workers; a Keystone that is cut off with the cloud would also turn the managers away.
    FENIX_AUTH: "none",
    ...settings,
  };
  const isUp = async () => (await fetch(`${url}/health/ready`)).ok;
  const api = await startService({ mode: "api", settings: environment, log: join(folder, "api.log"), isUp });
  const managers = await Promise.all(managed.map((project) => manager(project, url, simulator)));
  const before = simulator.cloud.log.last;
  let workers = 0;

  const call = async (path: string, init: RequestInit = {}): Promise<Response> => {
    const answer = await fetch(`${url}${path}`, init);
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer;
  };
  return {
    simulator,
    url,
    startWorker: () =>
      startService({ mode: "worker", settings: environment, log: join(folder, `worker-${++workers}.log`) }),
    async createSession(changes = {}) {
      const body = {
        maintenance_at: new Date().toISOString(),
        actions: [
          {
            plugin: "command",
            type: "host",
            metadata: { where: "local", shell: true, command: WORK, check: WAS_DONE, env: { RECORD: record } },
          },
        ],
        options: { reply_seconds: 120, scale_in_reply_seconds: 120 },
        ...changes,
      };
      const headers = { "content-type": "application/json" };
      const answer = await call("/v1/maintenance", { method: "POST", headers, body: JSON.stringify(body) });
      return ((await answer.json()) as { session_id: string }).session_id;
    },
    state: async (id) => ((await (await call(`/v1/maintenance/${id}`)).json()) as { state: string }).state,
    timeline: async (id) =>
      (await call(`/v1/maintenance/${id}/timeline?limit=1000`, { headers: { accept: "text/plain" } })).text(),
    async certificate(id) {
      const entries: Entry[] = [];
      for (let more = true; more;) {
        const answer = await call(`/v1/maintenance/${id}/timeline?limit=1000&after=${entries.length}`);
        const page = Entry.array().parse(((await answer.json()) as { entries: unknown }).entries);
        entries.push(...page);
        more = page.length > 0;
      }
      return verifySession(entries);
    },
    verdict: () => judge({ cloud: simulator.cloud, before, works: worksIn(record) }),
    async close() {
      await Promise.allSettled(managers.map((it) => it.close()));
      await api.stop();
      await simulator.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function manager(project: string, fenixUrl: string, { authUrl }: Simulator) {
  const domains = { userDomainName: "Default", projectDomainName: "Default" };
  const as = { username: project, password: "secret", projectName: project, ...domains };
  return startManager({
    fenixUrl,
    credentials: { authUrl, as },
    action: project === "bank" ? "MIGRATE" : "LIVE_MIGRATE",
    scaling: { networks: "none" },
  });
}

function worksIn(record: string): Evidence["works"] {
  const lines = existsSync(record)
    ? readFileSync(record, "utf8")
        .split("\n")
        .filter((line) => line !== "")
    : [];
  return lines.map((line) => {
    const [, host = "", from, until] = line.split(" ");
    return { host, from: new Date(Number(from)), until: new Date(Number(until)) };
  });
}
