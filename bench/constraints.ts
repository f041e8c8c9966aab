/**
 * Stored constraints: how long PUT and GET take with many in flight, and what a turn pays to see them.
 *
 *   node --import tsx bench/constraints.ts [--instances 100000] [--requests 20000] [--in-flight 50] [--keystone]
 *
 * One API process over the PostgreSQL that comes along, which waits for its disk as in production; with `--keystone` it asks
 * the simulated one who sends the requests. Prints one line of JSON, times in milliseconds: `load` is the machine's, `cpuMs`
 * what one request cost each process.
 */
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { sql } from "kysely";
import { freePort, startService } from "../demo/service.ts";
import { enterCloud } from "../src/adapters/openstack/login.ts";
import { connect } from "../src/adapters/postgres/connect.ts";
import { openDatabaseServer } from "../src/adapters/postgres/embedded.ts";
import { readImpacted } from "../src/adapters/postgres/impacted.ts";
import { readConstraints } from "../src/adapters/postgres/session-constraints.ts";
import { nothingKnown } from "../src/adapters/postgres/snapshot.ts";
import { SessionId } from "../src/domain/ids.ts";
import { demoCloud } from "../src/simulator/scenarios.ts";
import { startSimulator } from "../src/simulator/simulator.ts";
import { cpuSeconds, familyCpuSeconds, postmasterOf } from "./processes.ts";
import { type HttpRequest, timed } from "./requests.ts";

const { values } = parseArgs({
  options: {
    instances: { type: "string", default: "100000" },
    requests: { type: "string", default: "20000" },
    "in-flight": { type: "string", default: "50" },
    keystone: { type: "boolean", default: false },
    profile: { type: "string" },
  },
});
const [instances, requests, inFlight] = [values.instances, values.requests, values["in-flight"]].map(Number) as [
  number,
  number,
  number,
];
/** As many as a session over 1,000 hosts finds, in projects of this size. */
const [SESSION_INSTANCES, PROJECT_INSTANCES] = [20_000, 200];

const folder = mkdtempSync(join(tmpdir(), "fenix-bench-"));
const simulator = await startSimulator(demoCloud());
const server = await openDatabaseServer({ dataDir: folder });
const port = await freePort();
const url = `http://127.0.0.1:${port}`;
const settings = {
  ...simulator.env,
  FENIX_PORT: `${port}`,
  FENIX_DATA_DIR: folder,
  FENIX_LOG_LEVEL: "warn",
  FENIX_AUTH: values.keystone ? "keystone" : "none",
  DATABASE_URL: server.url,
};
const nodeOptions = values.profile === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${values.profile}`];
const isUp = async () => (await fetch(`${url}/health/live`)).ok;
const api = await startService({ mode: "api", settings, log: join(folder, "api.log"), isUp, nodeOptions });
const postmaster = await postmasterOf(server.url);
const { db, close } = connect({ url: server.url, applicationName: "bench", onIdleError: () => {} });

const rounded = (ms: number) => Math.round(ms * 100) / 100;
const entered = await enterCloud(simulator.env, async ({ token }) => token.value);
const shown = values.keystone && entered !== null ? { token: entered } : {};
const project = (number: number) => `project-${Math.floor(number / PROJECT_INSTANCES)}`;
await sql`
  insert into group_constraint
  select 'group-' || n, 'project-' || n, 'group', true, 1, 2, 60, true, now(), now()
  from generate_series(0, ${Math.floor(instances / PROJECT_INSTANCES)}::int) n
`.execute(db);
await sql`
  insert into instance_constraint
  select 'instance-' || n, 'project-' || n / ${PROJECT_INSTANCES}::int, 'group-' || n / ${PROJECT_INSTANCES}::int,
    'instance', 120, 'MIGRATE', true, 40, now(), now()
  from generate_series(0, ${instances - 1}::int) n
`.execute(db);
await sql`insert into constraint_version select 'project-' || n, 1 from generate_series(0, ${instances}::int) n`.execute(
  db,
);
await sql`analyze`.execute(db);

/** Over one kind of request: how many a second, how long they took, and what one cost each process. */
async function measure(make: (number: number) => HttpRequest) {
  const now = () => ({
    api: cpuSeconds(api.pid),
    postgres: familyCpuSeconds(postmaster),
    sender: cpuSeconds(process.pid),
  });
  const before = now();
  const { tookMs, perSecond } = await timed(port, { count: requests, inFlight }, make);
  const after = now();
  const sorted = tookMs.toSorted((x, y) => x - y);
  const at = (share: number) => rounded(sorted[Math.floor(share * sorted.length)] ?? 0);
  const cpuMs = (of: keyof typeof before) => rounded(((after[of] - before[of]) / requests) * 1_000);
  return {
    ...{ perSecond: Math.round(perSecond), p50: at(0.5), p99: at(0.99) },
    cpuMs: { api: cpuMs("api"), postgres: cpuMs("postgres"), sender: cpuMs("sender") },
    load: rounded(loadavg()[0] ?? 0),
  };
}

/** Spread over all rows, and never the same project twice in a row unless `same` says so. */
const put = (same: boolean, lead: number) => (number: number) => {
  const at = same ? number % PROJECT_INSTANCES : (number * 7_919) % instances;
  const body = {
    instance_id: `instance-${at}`,
    project_id: project(at),
    group_id: project(at).replace("project", "group"),
    instance_name: "instance",
    max_interruption_time: 120,
    migration_type: "MIGRATE",
    resource_mitigation: true,
    lead_time: lead + (number % 80_000),
  };
  return { method: "PUT", path: `/v1/instance/instance-${at}`, body: JSON.stringify(body), ...shown };
};
const get = (number: number) => ({
  method: "GET",
  path: `/v1/instance/instance-${(number * 7_919) % instances}`,
  ...shown,
});

// The API has just started: its code is compiled by the first few thousand.
await timed(port, { count: 3_000, inFlight }, get);
await timed(port, { count: 3_000, inFlight }, put(false, 0));
const load = {
  get: await measure(get),
  put: await measure(put(false, 1)),
  putOneProject: await measure(put(true, 2)),
};

const session = SessionId.parse(randomUUID());
await sql`
  insert into session (id, workflow, state, entry, maintenance_at, metadata, options, actions, requested_hosts,
    created_at, updated_at) values (${session}, 'default', 'MAINTENANCE', 1, now(), '{}', '{}', '[]', '{}', now(), now())
`.execute(db);
await sql`
  insert into project select ${session}, 'project-' || n, now()
  from generate_series(0, ${SESSION_INSTANCES / PROJECT_INSTANCES - 1}::int) n
`.execute(db);
await sql`
  insert into effect (session_id, entry, kind, subject, payload, status, not_before, recorded_at, started_at, ended_at)
  select ${session}, 1, 'move_instance', n || '#1', jsonb_build_object('instance', 'instance-' || n), 'done',
    now(), now(), now(), now() - n * interval '1 second'
  from generate_series(0, ${SESSION_INSTANCES - 1}::int) n
`.execute(db);
await sql`analyze`.execute(db);
const caches = nothingKnown();
const turn = async () => {
  const began = performance.now();
  const seen = await db.transaction().execute(async (trx) => {
    const constraints = await readConstraints(trx, session, caches.constraints);
    return { constraints, impacted: await readImpacted(trx, constraints, new Date()) };
  });
  if (seen.constraints.instances.size !== SESSION_INSTANCES || seen.impacted.size === 0)
    throw new Error("not all seen");
  return performance.now() - began;
};
const firstTurn = await turn();
const turns: number[] = [];
for (let i = 0; i < 200; i++) turns.push(await turn());
const median = turns.toSorted((a, b) => a - b)[100] ?? 0;
console.log(
  JSON.stringify({ instances, inFlight, ...load, firstTurn: rounded(firstTurn), laterTurns: rounded(median) }),
);

await close();
await api.stop();
await server.stop();
await simulator.close();
rmSync(folder, { recursive: true, force: true });
