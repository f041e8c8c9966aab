/** A preview of the maintenance of a whole real OpenStack. Only reads there. Needs OS_*. */
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { freePort } from "../../demo/service.ts";
import { readConfig } from "../../src/config.ts";
import { check } from "../../src/planner/check/check.ts";
import { readPlan, readSnapshot } from "../../src/planner/format/read.ts";
import { type Fenix, startFenix } from "../../src/wiring.ts";
import { fenix as command } from "../cli/fenix.ts";
import { testDatabase } from "../support/database.ts";
import { logIn, loginFrom } from "./nova-client.ts";
import { novaObserver } from "./nova-observer.ts";

const { OS_AUTH_URL } = process.env;
if (!OS_AUTH_URL) console.log("skipped: plans for a real OpenStack, since OS_AUTH_URL is not set");
const database = OS_AUTH_URL ? await testDatabase() : null;

describe.skipIf(!OS_AUTH_URL)("the plan for a real OpenStack", () => {
  let fenix: Fenix;
  let computes: readonly string[];

  beforeAll(async () => {
    const services = await novaObserver(await logIn(loginFrom(process.env))).services();
    computes = services.flatMap(({ binary, host }) => (binary === "nova-compute" ? [host] : [])).toSorted();
    const config = readConfig({
      ...process.env,
      DATABASE_URL: database?.url,
      FENIX_PORT: `${await freePort()}`,
      FENIX_AUTH: "none",
    });
    fenix = await startFenix(config, { api: true, worker: false }, pino({ level: "silent" }));
  });
  afterAll(async () => fenix?.stop());

  const typed = (...argv: readonly string[]) => command(argv, { env: { FENIX_URL: fenix.url ?? "" } });

  test("has every host that was named, planned or blocked with a reason, and keeps every rule", async () => {
    const answer = await fetch(`${fenix.url}/v1/maintenance/plan`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ hosts: computes, action_seconds: 60, max_hosts_at_once: 2 }),
    });
    expect(answer.status).toBe(200);
    const { plan, cloud } = (await answer.json()) as { plan: unknown; cloud: unknown };
    const [made, seen] = [readPlan(plan), readSnapshot(cloud)];
    if (made.kind === "invalid" || seen.kind === "invalid") throw new Error("neither a plan nor a snapshot");
    const { hosts, blocked } = made.value;
    expect([...hosts, ...blocked].map(({ host }) => host).toSorted()).toEqual(computes);
    expect(check(seen.value, made.value).violations).toEqual([]);
  });

  test("is shown in words, and kept under its digest for a session", async () => {
    const { out } = await typed("plan", "--hosts", computes.join(","));
    expect(out).toContain("Checked: the plan keeps every rule.");
    const [digest = ""] = /sha256:[0-9a-f]{64}/.exec(out) ?? [];
    // A session that could move something is not created: hosts beside a plan are refused, once the plan is found.
    const { code, err } = await typed("session", "create", "--at", "+1d", "--plan", digest, "--hosts", "compute-1");
    expect({ code, err }).toEqual({ code: 1, err: "fenix: hosts: the plan names the hosts: leave them out\n" });
  });
});
