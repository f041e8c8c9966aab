/**
 * A whole session behind a guarded door: the admin comes in by Keystone, and the manager has no credentials at all, only the
 * links that it is told.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { pino } from "pino";
import { afterAll, expect, test, vi } from "vitest";
import { freePort } from "../../demo/service.ts";
import { loginWith } from "../../src/cli/login.ts";
import { readConfig } from "../../src/config.ts";
import { addUser, projectNamed } from "../../src/simulator/identity.ts";
import { startSimulator } from "../../src/simulator/simulator.ts";
import { startFenix } from "../../src/wiring.ts";
import { testDatabase } from "../support/database.ts";

const { url: databaseUrl } = await testDatabase();
const simulator = await startSimulator({
  hosts: ["compute-1", "compute-2"],
  controllers: ["controller-1"],
  projects: ["shop"],
  instances: [{ name: "web", project: "shop", host: "compute-1" }],
  speed: 50,
});
const config = readConfig({
  ...simulator.env,
  DATABASE_URL: databaseUrl,
  FENIX_PORT: `${await freePort()}`,
  FENIX_REPLY_TOKEN_SECRET: "a secret of more than 32 characters",
});
const fenix = await startFenix(config, { api: true, worker: true }, pino({ level: "silent" }));
const manager = await credulousManager();
afterAll(async () => {
  await manager.close();
  await fenix.stop();
  await simulator.close();
});

/** Agrees to everything by the link in the question, without a token of its own, and keeps what it was answered. */
async function credulousManager() {
  const answered: { readonly state: string; readonly link: string; readonly status: number }[] = [];
  const server = createServer(async (request, response) => {
    let text = "";
    for await (const chunk of request.setEncoding("utf8")) text += chunk;
    response.end();
    const traits: readonly [string, number, string][] = JSON.parse(text).reason_data.event.traits;
    const {
      state = "",
      reply_url: link = "",
      reply_at,
    } = Object.fromEntries(traits.map(([name, , value]) => [name, value]));
    if (reply_at === undefined) return;
    const answer = await fetch(link, {
      method: "PUT",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ state: `ACK_${state}`, instance_action: "MIGRATE" }),
    });
    answered.push({ state, link, status: answer.status });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    answered,
    url: `http://127.0.0.1:${port}/`,
    close: () => new Promise((resolve) => server.close(resolve)),
  };
}

async function ask(path: string, token: string, body?: unknown): Promise<Record<string, string>> {
  const answer = await fetch(`${fenix.url}${path}`, {
    method: body === undefined ? "GET" : "POST",
    headers: { "x-auth-token": token, ...(body !== undefined && { "content-type": "application/json" }) },
    body: body === undefined ? null : JSON.stringify(body),
  });
  if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as Record<string, string>;
}

test("is done, and each link was good for its own question only", { timeout: 120_000 }, async () => {
  const { world, identity } = simulator.cloud;
  const admin = (await loginWith({ token: undefined, openstack: simulator.env })()) ?? "";
  const shop = projectNamed(world, "shop");
  const viewer = identity.issue(
    addUser(world, { name: "viewer", password: "x", roles: ["reader"] }, shop),
    shop,
    "password",
  );
  await ask("/v1/webhooks", admin, { project_id: shop.id, url: manager.url });
  const { session_id: id } = await ask("/v1/maintenance", admin, {
    maintenance_at: new Date().toISOString(),
    hosts: ["compute-1", "compute-2"],
    actions: [{ plugin: "dummy", type: "host", metadata: { seconds: 0 } }],
  });
  const done = { timeout: 100_000, interval: 250 };
  await vi.waitFor(
    async () => expect(await ask(`/v1/maintenance/${id}`, admin)).toMatchObject({ state: "MAINTENANCE_DONE" }),
    done,
  );
  expect(new Set(manager.answered.map(({ status }) => status))).toEqual(new Set([200]));
  expect(new Set(manager.answered.map(({ link }) => link)).size).toBe(manager.answered.length);
  expect(manager.answered.map(({ state }) => state)).toEqual(
    expect.arrayContaining(["MAINTENANCE", "PLANNED_MAINTENANCE", "MAINTENANCE_COMPLETE"]),
  );
  // A reader of the project sees its own view, and not the session with its hosts.
  expect(await ask(`/v1/maintenance/${id}/${shop.id}`, viewer.secret)).toMatchObject({ state: "MAINTENANCE_DONE" });
  await expect(ask(`/v1/maintenance/${id}`, viewer.secret)).rejects.toThrow("403");
});
