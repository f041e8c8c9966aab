/** Fenix itself over a simulated cloud, for whole sessions of the sample managers. */
import { pino } from "pino";
import { expect, vi } from "vitest";
import { freePort } from "../../demo/service.ts";
import { readConfig } from "../../src/config.ts";
import { projectNamed } from "../../src/simulator/identity.ts";
import { startSimulator } from "../../src/simulator/simulator.ts";
import { startFenix } from "../../src/wiring.ts";
import { testDatabase } from "../support/database.ts";

export type RealWorld = Awaited<ReturnType<typeof realWorld>>;

/** What has to be stopped afterwards is added to `stops`, in the order in which it began. */
export async function realWorld(stops: (() => unknown)[], cloud: Parameters<typeof startSimulator>[0]) {
  const { url: databaseUrl } = await testDatabase();
  const simulator = await startSimulator({ ...cloud, controllers: ["controller-1"], speed: 50 });
  stops.push(simulator.close);
  const config = readConfig({
    ...simulator.env,
    DATABASE_URL: databaseUrl,
    FENIX_PORT: `${await freePort()}`,
    FENIX_AUTH: "none",
  });
  const fenix = await startFenix(config, { api: true, worker: true }, pino({ level: "silent" }));
  stops.push(fenix.stop);
  const ask = async (path: string, body?: object, method = "POST"): Promise<unknown> => {
    const init = { method, headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
    const answer = await fetch(`${fenix.url}/v1/${path}`, body === undefined ? {} : init);
    expect(answer.status, path).toBe(200);
    return answer.json();
  };
  const create = async (request: object): Promise<string> => {
    const actions = [{ plugin: "dummy", type: "host", metadata: { seconds: 0 } }];
    const at = new Date().toISOString();
    const created = await ask("maintenance", { maintenance_at: at, actions, ...request });
    return (created as { readonly session_id: string }).session_id;
  };
  /** Resolves when the project is asked something that nobody has answered. */
  const asked = (project: string) =>
    vi.waitFor(
      async () => {
        const { sessions } = (await ask(`projects/${project}/sessions`)) as { readonly sessions: readonly object[] };
        expect(sessions).toContainEqual(expect.objectContaining({ open_questions: [expect.anything()] }));
      },
      { timeout: 20_000, interval: 100 },
    );
  const done = (id: string) =>
    vi.waitFor(async () => expect(await ask(`maintenance/${id}`)).toMatchObject({ state: "MAINTENANCE_DONE" }), {
      timeout: 100_000,
      interval: 250,
    });
  const { id: shop } = projectNamed(simulator.cloud.world, "shop");
  return { simulator, url: fenix.url ?? "", shop, ask, create, asked, done };
}
