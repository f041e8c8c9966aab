/**
 * A whole session over a simulated cloud that answers at once: what Fenix itself costs, when the cloud costs nothing.
 *
 *   npm run bench:session -- --hosts 1000 --instances 20000
 *
 * Prints one line of JSON: seconds, moves, Nova requests a move, the worker's memory, what was violated.
 * `--node=--max-old-space-size=400` is for the worker's node; `--profile FOLDER` leaves there where its time went.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { freePort, startService } from "../demo/service.ts";
import { largeCloud } from "../src/simulator/scenarios.ts";
import { startSimulator } from "../src/simulator/simulator.ts";

const { values } = parseArgs({
  options: {
    hosts: { type: "string", default: "100" },
    instances: { type: "string", default: "2000" },
    workflow: { type: "string", default: "default" },
    options: { type: "string", default: "{}" },
    concurrency: { type: "string", default: "200" },
    node: { type: "string", multiple: true, default: [] },
    profile: { type: "string", default: "" },
  },
});
const size = { hosts: Number(values.hosts), instances: Number(values.instances) };

const folder = mkdtempSync(join(tmpdir(), "fenix-bench-"));
const simulator = await startSimulator({ ...largeCloud(size), times: "at-once" });
const port = await freePort();
const url = `http://127.0.0.1:${port}`;
const settings = {
  ...simulator.env,
  FENIX_PORT: `${port}`,
  FENIX_DATA_DIR: process.env["FENIX_DATA_DIR"] ?? folder,
  ...(process.env["DATABASE_URL"] ? { DATABASE_URL: process.env["DATABASE_URL"] } : {}),
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

/** The most memory that a process has had so far, in MB (`VmHWM` of Linux); null elsewhere. */
function peakMemory(pid: number): number | null {
  try {
    const [, kilobytes] = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
    return kilobytes === undefined ? null : Math.round(Number(kilobytes) / 1_024);
  } catch {
    return null;
  }
}

const call = async <Body>(path: string, body?: unknown): Promise<Body> => {
  const init = { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
  const answer = await fetch(`${url}${path}`, body === undefined ? {} : init);
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as Body;
};

const servicesAsAfter = simulator.cloud.log.last;
simulator.resetRequestCounts();
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
const memory = peakMemory(worker.pid);
await worker.stop();
await api.stop();

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
    violations: violations.length,
    requests: Object.fromEntries(nova),
  }),
);
if (state !== "MAINTENANCE_DONE") console.log(readFileSync(join(folder, "worker.log"), "utf8").slice(-2_000));
await simulator.close();
rmSync(folder, { recursive: true, force: true });
process.exit(state === "MAINTENANCE_DONE" && violations.length === 0 ? 0 : 1);
