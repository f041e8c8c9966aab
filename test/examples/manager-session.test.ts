/** The TypeScript manager through whole sessions of Fenix itself, over a simulated cloud. */
import { afterEach, expect, test } from "vitest";
import { freePort } from "../../demo/service.ts";
import { type ManagerEvent, type ManagerOptions, startManager } from "../../examples/manager/manager.ts";
import { type RealWorld, realWorld } from "./real-world.ts";

const stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).toReversed()) await stop();
});

/** Resolves with what it did so far, which grows. */
async function manager({ simulator, url }: RealWorld, options: Partial<ManagerOptions>): Promise<ManagerEvent[]> {
  const domains = { userDomainName: "Default", projectDomainName: "Default" };
  const as = { username: "shop", password: "secret", projectName: "shop", ...domains };
  const events: ManagerEvent[] = [];
  const { close } = await startManager({
    fenixUrl: url,
    credentials: { authUrl: simulator.authUrl, as },
    scaling: { networks: "none" },
    onEvent: (event) => events.push(event),
    ...options,
  });
  stops.push(close);
  return events;
}

const troubles = (events: readonly ManagerEvent[]) => events.filter(({ kind }) => kind === "trouble");

test("OWN_ACTION: Fenix knows which instance took whose place", { timeout: 120_000 }, async () => {
  const world = await realWorld(stops, {
    hosts: ["compute-1", "compute-2", "compute-3"],
    projects: ["shop"],
    groups: [{ name: "web", project: "shop" }],
    instances: [1, 2].map((number) => ({
      ...{ name: `web-${number}`, project: "shop", group: "web" },
      host: `compute-${number}`,
    })),
  });
  const { ask, create, done, simulator } = world;
  const [old] = simulator.cloud.world.instances.map(({ id }) => id);
  const needs = { leadSeconds: 1, recoverySeconds: 1, interruptionSecondsMax: 2 };
  const events = await manager(world, { action: "OWN_ACTION", needs });
  const id = await create({ workflow: "vnf", hosts: ["compute-1"] });
  await done(id);
  expect(troubles(events)).toEqual([]);
  expect(events).toContainEqual({ kind: "replaced", server: old, by: expect.any(String) });
  const replaced = events.find((event) => event.kind === "replaced");
  expect(await ask(`instance/${replaced?.by}`)).toMatchObject({
    ...{ replaces: old, instance_name: "web-1", migration_type: "OWN_ACTION", lead_time: 1 },
    group_id: [...simulator.cloud.world.groups.keys()][0],
  });
  const detail = (await ask(`maintenance/${id}/detail`)) as { readonly instances: readonly object[] };
  expect(detail.instances).toContainEqual(expect.objectContaining({ instance_id: old, replaced_by: replaced?.by }));
  expect(simulator.cloud.world.instances.map(({ name }) => name).toSorted()).toEqual(["web-1", "web-2"]);
});

test("started after it was asked: what an earlier life did not answer is answered", { timeout: 120_000 }, async () => {
  const world = await realWorld(stops, {
    hosts: ["compute-1", "compute-2"],
    projects: ["shop"],
    instances: [{ name: "web-1", project: "shop", host: "compute-1" }],
  });
  const { ask, create, asked, done, shop } = world;
  // Of a life that was killed: nobody listens there any more.
  const port = await freePort();
  await ask("webhooks", { project_id: shop, url: `http://127.0.0.1:${port}/maintenance/old` });
  const id = await create({ workflow: "vnf", hosts: ["compute-1"] });
  await asked(shop);
  const events = await manager(world, { listen: { port } });
  await done(id);
  expect(troubles(events)).toEqual([]);
  const replied = events.flatMap((event) => (event.kind === "replied" ? [event.notice.state] : []));
  expect(new Set(replied)).toEqual(new Set(["MAINTENANCE", expect.stringMatching(/^P/), "MAINTENANCE_COMPLETE"]));
});
