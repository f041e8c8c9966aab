/** The Python manager through whole sessions: Fenix itself, over a simulated cloud, and a process of its own. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { afterEach, describe, expect, test, vi } from "vitest";
import { realWorld } from "./real-world.ts";

const hasPython = spawnSync("python3", ["-c", "import sys; sys.exit(sys.version_info < (3, 9))"]).status === 0;
if (!hasPython) console.warn("skipped: examples/manager.py needs python3, 3.9 or newer");

const stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).toReversed()) await stop();
});

interface Running {
  readonly said: () => string;
  /** Asks it to stop, and waits until it has. */
  stop(): Promise<number | null>;
}

async function manager(args: readonly string[], env: Readonly<Record<string, string>>): Promise<Running> {
  const { PATH = "" } = process.env;
  const child = spawn("python3", ["examples/manager.py", "--port", "0", ...args], { env: { PATH, ...env } });
  let said = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => void (said += text));
  const ended = once(child, "exit");
  const stop = async () => {
    if (child.exitCode === null) child.kill("SIGTERM");
    await ended;
    return child.exitCode;
  };
  stops.push(stop);
  await vi.waitFor(() => expect(said).toContain("answering for project"), { timeout: 20_000 });
  return { said: () => said, stop };
}

const openrc = (authUrl: string) => ({
  OS_AUTH_URL: authUrl,
  OS_USERNAME: "shop",
  OS_PASSWORD: "secret",
  OS_PROJECT_NAME: "shop",
});

describe.skipIf(!hasPython)("examples/manager.py", () => {
  test("declares, agrees, scales in and out again in a full cloud", { timeout: 120_000 }, async () => {
    const { simulator, url, shop, ask, create, done } = await realWorld(stops, {
      hosts: [1, 2, 3].map((number) => ({ name: `compute-${number}`, vcpus: 2 })),
      projects: ["shop"],
      groups: [{ name: "web", project: "shop" }],
      instances: [
        { name: "web-1", project: "shop", host: "compute-1", group: "web" },
        { name: "web-2", project: "shop", host: "compute-2", group: "web" },
        ...[1, 2, 3, 3].map((host, index) => ({
          name: `spare-${index}`,
          project: "shop",
          host: `compute-${host}`,
        })),
      ],
    });
    const control = `${simulator.url}/simulator/projects/shop/instances`;
    const script = (code: string) => `${process.execPath} --input-type=module -e '${code}'`;
    const twoLess = `
      const { instances } = await (await fetch("${control}")).json();
      const spare = instances.map(({ name }) => name).filter((name) => name.startsWith("spare"));
      for (const name of spare.slice(0, 2)) {
        const { ok } = await fetch("${control}/" + name, { method: "DELETE" });
        if (!ok) process.exit(1);
      }`;
    const twoMore = `
      for (const name of ["spare-8", "spare-9"]) {
        const body = JSON.stringify({ name });
        const headers = { "content-type": "application/json" };
        const { ok } = await fetch("${control}", { method: "POST", headers, body });
        if (!ok) process.exit(1);
      }`;
    const env = { FENIX_URL: url, ...openrc(simulator.authUrl) };
    const args = ["--declare", "--lead-seconds", "1", "--recovery-seconds", "0", "--action", "LIVE_MIGRATE"];
    const scaling = ["--scale-in", script(twoLess), "--scale-out", script(twoMore)];
    const { said, stop } = await manager([...args, ...scaling], env);
    expect(await ask(`instance_group?project_id=${shop}`)).toMatchObject({
      instance_groups: [{ group_name: "web", max_impacted_members: 1, recovery_time: 0 }],
    });
    expect(await ask(`instance?project_id=${shop}`)).toHaveProperty("instances.length", 6);

    const id = await create({ workflow: "vnf", hosts: ["compute-1", "compute-2", "compute-3"] });
    await done(id);
    expect(said().match(/replied ACK_SCALE_IN/g)).toHaveLength(1);
    expect(simulator.cloud.world.instances.map(({ name }) => name)).toEqual(
      expect.arrayContaining(["web-1", "web-2", "spare-8", "spare-9"]),
    );
    for (const state of ["MAINTENANCE", "PLANNED_MAINTENANCE", "MAINTENANCE_COMPLETE"])
      expect(said()).toContain(`replied ACK_${state}`);
    expect(said()).not.toMatch(/trouble|NACK|Traceback/);
    expect(await stop()).toBe(0);
    expect(await ask(`webhooks?project_id=${shop}`)).toEqual({ webhooks: [] });
  });

  test("declares of each server group what Nova holds to, and no more", async () => {
    const { simulator, url, shop, ask } = await realWorld(stops, {
      hosts: ["compute-1"],
      projects: ["shop"],
      groups: [
        { name: "apart", project: "shop", policy: "anti-affinity" },
        { name: "apart, one", project: "shop", policy: "anti-affinity", maxPerHost: 1 },
        { name: "apart, three", project: "shop", policy: "anti-affinity", maxPerHost: 3 },
        { name: "rather apart", project: "shop", policy: "soft-anti-affinity" },
        { name: "together", project: "shop", policy: "affinity" },
        { name: "rather together", project: "shop", policy: "soft-affinity" },
      ],
    });
    await manager(["--declare"], { FENIX_URL: url, ...openrc(simulator.authUrl) });
    const { instance_groups: groups } = (await ask(`instance_group?project_id=${shop}`)) as {
      readonly instance_groups: readonly Readonly<Record<string, unknown>>[];
    };
    expect(
      Object.fromEntries(
        groups.map((group) => [group["group_name"], [group["anti_affinity_group"], group["max_instances_per_host"]]]),
      ),
    ).toEqual({
      apart: [true, 1],
      "apart, one": [true, 1],
      "apart, three": [true, 3],
      "rather apart": [false, 0],
      together: [false, 0],
      "rather together": [false, 0],
    });
  });

  test("asks by itself where it cannot be called, in whichever sessions there are", { timeout: 120_000 }, async () => {
    const { url, shop, ask, create, done } = await realWorld(stops, {
      hosts: ["compute-1", "compute-2", "compute-3"],
      projects: ["shop"],
      instances: [1, 2].map((number) => ({ name: `web-${number}`, project: "shop", host: `compute-${number}` })),
    });
    const { said } = await manager(["--fenix", url, "--project", shop, "--poll"], {});
    await vi.waitFor(async () => expect(await ask(`projects/${shop}/manager`)).toMatchObject({ polls: true }));
    const sessions = [await create({ hosts: ["compute-1"] }), await create({ hosts: ["compute-2"] })];
    for (const id of sessions) await done(id);
    for (const state of ["MAINTENANCE", "MAINTENANCE_COMPLETE"])
      expect(said().match(new RegExp(`replied ACK_${state}\\n`, "g"))).toHaveLength(2);
  });

  test("finds what was asked before it was started", { timeout: 120_000 }, async () => {
    const { url, shop, ask, create, asked, done } = await realWorld(stops, {
      hosts: ["compute-1", "compute-2"],
      projects: ["shop"],
      instances: [{ name: "web-1", project: "shop", host: "compute-1" }],
    });
    // Before the session begins, as it is found out then whether anybody answers; --poll says it once more.
    await ask(`projects/${shop}/manager`, { polls: true }, "PUT");
    const id = await create({ hosts: ["compute-1"] });
    await asked(shop);
    const { said } = await manager(["--fenix", url, "--project", shop, "--poll"], {});
    await done(id);
    expect(said()).toContain("replied ACK_MAINTENANCE");
  });
});
