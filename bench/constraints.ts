/**
 * Stored constraints: how long PUT and GET take with many in flight, and what a turn pays to see them.
 *
 *   node --import tsx bench/constraints.ts --instances 100000 --requests 20000 --in-flight 50
 *
 * One API process over the PostgreSQL that comes along, which waits for its disk as in production. Prints one line of
 * JSON, times in milliseconds.
 */
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { sql } from "kysely";
import { Pool } from "undici";
import { freePort, startService } from "../demo/service.ts";
import { connect } from "../src/adapters/postgres/connect.ts";
import { openDatabaseServer } from "../src/adapters/postgres/embedded.ts";
import { readImpacted } from "../src/adapters/postgres/impacted.ts";

import { readConstraints } from "../src/adapters/postgres/session-constraints.ts";
import { nothingKnown } from "../src/adapters/postgres/snapshot.ts";
import { SessionId } from "../src/domain/ids.ts";
import { demoCloud } from "../src/simulator/scenarios.ts";
import { startSimulator } from "../src/simulator/simulator.ts";

const { values } = parseArgs({
  options: {
    instances: { type: "string", default: "100000" },
    requests: { type: "string", default: "20000" },
    "in-flight": { type: "string", default: "50" },
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
  // What is measured is the store.
  FENIX_AUTH: "none",
  DATABASE_URL: server.url,
};
const isUp = async () => (await fetch(`${url}/health/live`)).ok;
const api = await startService({ mode: "api", settings, log: join(folder, "api.log"), isUp });
const { db, close } = connect({ url: server.url, applicationName: "bench", onIdleError: () => {} });

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

const pool = new Pool(url, { connections: inFlight });
/** Milliseconds of each request; `send` is given a number that no other request has. */
async function timed(send: (number: number) => Promise<{ statusCode: number; body: { dump(): Promise<void> } }>) {
  const took: number[] = [];
  let next = 0;
  const began = performance.now();
  const one = async () => {
    for (let number = next++; number < requests; number = next++) {
      const start = performance.now();
      const { statusCode, body } = await send(number);
      await body.dump();
      if (statusCode !== 200) throw new Error(`answered ${statusCode}`);
      took.push(performance.now() - start);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, one));
  const sorted = took.toSorted((a, b) => a - b);
  const at = (share: number) => Math.round((sorted[Math.floor(share * sorted.length)] ?? 0) * 10) / 10;
  return {
    perSecond: Math.round(requests / ((performance.now() - began) / 1_000)),
    p50: at(0.5),
    p99: at(0.99),
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
  const headers = { "content-type": "application/json" };
  return pool.request({ path: `/v1/instance/instance-${at}`, method: "PUT", headers, body: JSON.stringify(body) });
};
const get = (number: number) =>
  pool.request({ path: `/v1/instance/instance-${(number * 7_919) % instances}`, method: "GET" });

const load = {
  get: await timed(get),
  put: await timed(put(false, 1)),
  putOneProject: await timed(put(true, 2)),
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
const rounded = (ms: number) => Math.round(ms * 100) / 100;
console.log(
  JSON.stringify({ instances, inFlight, ...load, firstTurn: rounded(firstTurn), laterTurns: rounded(median) }),
);

await pool.close();
await close();
await api.stop();
await server.stop();
await simulator.close();
rmSync(folder, { recursive: true, force: true });
