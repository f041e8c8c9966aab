/**
 * A whole session over a simulated cloud that answers at once: what Fenix itself costs, when the cloud costs nothing.
 *
 *   npm run bench:session -- --hosts 1000 --instances 20000
 *
 * Prints one line of JSON: seconds, moves, Nova requests a move, the worker's memory, what was violated; the processor
 * time of every process, since that is the same on a busy machine; and of each kind of effect how long it waited for a
 * worker and how long it took. `--node=--max-old-space-size=400` is for the worker's node; `--profile FOLDER` leaves there
 * where its time went.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import pg from "pg";
import { freePort, startService } from "../demo/service.ts";
import { openDatabaseServer } from "../src/adapters/postgres/embedded.ts";
import { largeCloud } from "../src/simulator/scenarios.ts";
import { startSimulator } from "../src/simulator/simulator.ts";
import { cpuSeconds, familyCpuSeconds, peakMegabytes, postmasterOf } from "./processes.ts";

const { values } = parseArgs({
  options: {
    hosts: { type: "string", default: "100" },
    instances: { type: "string", default: "2000" },
    workflow: { type: "string", default: "default" },
    options: { type: "string", default: "{}" },
    concurrency: { type: "string", default: "800" },
    node: { type: "string", multiple: true, default: [] },
    profile: { type: "string", default: "" },
  },
});
const size = { hosts: Number(values.hosts), instances: Number(values.instances) };

const folder = mkdtempSync(join(tmpdir(), "fenix-bench-"));
const simulator = await startSimulator({ ...largeCloud(size), times: "at-once" });
const port = await freePort();
const url = `http://127.0.0.1:${port}`;
const dataDir = process.env["FENIX_DATA_DIR"] ?? folder;
const database = await openDatabaseServer({ databaseUrl: process.env["DATABASE_URL"] || undefined, dataDir });
const settings = {
  ...simulator.env,
  FENIX_PORT: `${port}`,
  FENIX_DATA_DIR: dataDir,
  DATABASE_URL: database.url,
  ...(process.env["REDIS_URL"] ? { REDIS_URL: process.env["REDIS_URL"] } : {}),
  FENIX_LOG_LEVEL: "warn",
  // One client that asks for the state is not what is measured.
  FENIX_AUTH: "none",
  FENIX_WORKER_CONCURRENCY: values.concurrency,
};
const isUp = async () => (await fetch(`${url}/health/live`)).ok;
const api = await startService({ mode: "api", settings, log: join(folder, "api.log"), isUp });
const profiling = values.profile ? ["--cpu-prof", `--cpu-prof-dir=${values.profile}`] : [];
const nodeOptions = [...values.node, ...profiling];
const worker = await startService({ mode: "worker", settings, log: join(folder, "worker.log"), nodeOptions });

type Cpu = Readonly<Record<"worker" | "api" | "postgres" | "simulator", number>>;

const spent = (before: Cpu, after: Cpu): Cpu => {
  const seconds = (who: keyof Cpu) => Math.round((after[who] - before[who]) * 10) / 10;
  return {
    worker: seconds("worker"),
    api: seconds("api"),
    postgres: seconds("postgres"),
    simulator: seconds("simulator"),
  };
};

const postmaster = await postmasterOf(database.url);

/** Processor time so far; `simulator` is this process, which asks for the state besides. */
const cpuSoFar = () => ({
  worker: cpuSeconds(worker.pid),
  api: cpuSeconds(api.pid),
  postgres: familyCpuSeconds(postmaster),
  simulator: cpuSeconds(process.pid),
});

interface Tempo {
  readonly number: number;
  readonly waitedMs: number;
  readonly tookMs: number;
}

/** Of each kind of effect: how many, and the medians of its wait for a worker and of its time with one. */
async function tempos(session: string): Promise<Record<string, Tempo>> {
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  const { rows } = await client.query<Tempo & { kind: string }>(
    `select kind, count(*)::int as number,
      percentile_cont(0.5) within group (order by extract(epoch from started_at - recorded_at) * 1000)::int as "waitedMs",
      percentile_cont(0.5) within group (order by extract(epoch from ended_at - started_at) * 1000)::int as "tookMs"
    from effect where session_id = $1 and started_at is not null and ended_at is not null
    group by kind order by kind`,
    [session],
  );
  await client.end();
  return Object.fromEntries(rows.map(({ kind, ...tempo }) => [kind, tempo]));
}

const call = async <Body>(path: string, body?: unknown): Promise<Body> => {
  const init = { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
  const answer = await fetch(`${url}${path}`, body === undefined ? {} : init);
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as Body;
};

const servicesAsAfter = simulator.cloud.log.last;
simulator.resetRequestCounts();
const cpuBefore = cpuSoFar();
const began = Date.now();
const { session_id: id } = await call<{ session_id: string }>("/v1/maintenance", {
  workflow: values.workflow,
  maintenance_at: new Date().toISOString(),
  options: { on_no_manager: "proceed", ...(JSON.parse(values.options) as object) },
  actions: [{ plugin: "dummy", type: "compute" }],
});
let state: string;
let seen = "";
for (;;) {
  ({ state } = await call<{ state: string }>(`/v1/maintenance/${id}`));
  if (state === "MAINTENANCE_DONE" || state === "MAINTENANCE_FAILED") break;
  const maintained = simulator.cloud.log.events().length;
  if (seen !== state && process.stderr.isTTY) process.stderr.write(`${state} ${maintained}\n`);
  seen = state;
  await sleep(250);
}
const seconds = (Date.now() - began) / 1_000;
const cpuAfter = cpuSoFar();
const memory = peakMegabytes(worker.pid);
await worker.stop();
await api.stop();
const effects = await tempos(id);
await database.stop();

const counts = simulator.requestCounts();
const moves = simulator.cloud.world.migrations.length;
const nova = Object.entries(counts.byRoute).filter(([what]) => what.startsWith("nova "));
const requests = nova.reduce((sum, [, count]) => sum + count, 0);
const violations = simulator.cloud.checkInvariants({ servicesAsAfter });
console.log(
  JSON.stringify({
    ...size,
    workflow: values.workflow,
    state,
    seconds: Math.round(seconds * 10) / 10,
    moves,
    novaRequests: requests,
    novaRequestsPerMove: Math.round((requests / moves) * 100) / 100,
    workerPeakMb: memory,
    cpuSeconds: spent(cpuBefore, cpuAfter),
    loadAverage: loadavg().map((load) => Math.round(load * 10) / 10),
    effects,
    violations: violations.length,
    requests: Object.fromEntries(nova),
  }),
);
if (state !== "MAINTENANCE_DONE") console.log(readFileSync(join(folder, "worker.log"), "utf8").slice(-2_000));
await simulator.close();
rmSync(folder, { recursive: true, force: true });
process.exit(state === "MAINTENANCE_DONE" && violations.length === 0 ? 0 : 1);
