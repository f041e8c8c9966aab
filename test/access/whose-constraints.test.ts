/** Two projects behind access control, over the real database and a simulated Nova: who may declare what (decision 0007). */
import { randomUUID } from "node:crypto";
import { pino } from "pino";
import { afterAll, describe, expect, test } from "vitest";
import { freePort } from "../../demo/service.ts";
import { loginWith } from "../../src/cli/login.ts";
import { readConfig } from "../../src/config.ts";
import { addUser } from "../../src/simulator/identity.ts";
import { startSimulator } from "../../src/simulator/simulator.ts";
import { startFenix } from "../../src/wiring.ts";
import { testDatabase } from "../support/database.ts";

const { url: databaseUrl } = await testDatabase();
const simulator = await startSimulator({
  hosts: ["compute-1"],
  projects: ["shop", "rival"],
  instances: ["web-1", "web-2", "web-3"].map((name) => ({ name, project: "shop", host: "compute-1" })),
});
const { cloud } = simulator;
const logged: string[] = [];
const settings = { ...simulator.env, DATABASE_URL: databaseUrl, FENIX_PORT: `${await freePort()}` };
const log = pino({ level: "warn" }, { write: (line: string) => void logged.push(line) });
const fenix = await startFenix(readConfig(settings), { api: true, worker: false }, log);
afterAll(async () => {
  await fenix.stop();
  await simulator.close();
});

const [shop, rival] = [cloud.asTenant("shop"), cloud.asTenant("rival")];
const memberOf = ({ project }: typeof shop) =>
  cloud.identity.issue(
    addUser(cloud.world, { name: `manager of ${project.name}`, password: "x", roles: ["reader", "member"] }, project),
    project,
    "password",
  ).secret;
const tokens = {
  shop: memberOf(shop),
  rival: memberOf(rival),
  admin: (await loginWith({ token: undefined, openstack: simulator.env })()) ?? "",
};
type Who = keyof typeof tokens;

async function ask(who: Who, method: string, path: string, body?: object) {
  const answer = await fetch(`${fenix.url}${path}`, {
    method,
    headers: { "x-auth-token": tokens[who], ...(body && { "content-type": "application/json" }) },
    body: body ? JSON.stringify(body) : null,
  });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
}

const projectOf = { shop: shop.project.id, rival: rival.project.id };
const putGroup = (who: Who, id: string, project: string) =>
  ask(who, "PUT", `/v1/instance_group/${id}`, {
    ...{ group_id: id, project_id: project, group_name: "web", anti_affinity_group: false, max_instances_per_host: 0 },
    ...{ max_impacted_members: 1, recovery_time: 4, resource_mitigation: true },
  });
const putInstance = (who: Exclude<Who, "admin">, id: string, group: string | null = null) =>
  ask(who, "PUT", `/v1/instance/${id}`, {
    ...{ instance_id: id, project_id: projectOf[who], group_id: group, instance_name: "web" },
    ...{ max_interruption_time: 120, migration_type: "MIGRATE", resource_mitigation: true, lead_time: 40 },
  });

describe("an instance that a stranger declared first", () => {
  test("is its owner's as soon as he declares it, and the log says so", async () => {
    const { id } = cloud.instance("web-1");
    expect((await putInstance("rival", id)).status).toBe(200);
    expect(await putInstance("shop", id)).toMatchObject({ status: 200, body: { project_id: projectOf.shop } });
    expect(await ask("rival", "GET", `/v1/instance/${id}`)).toMatchObject({ status: 404 });
    const lines = logged.filter((line) => line.includes("taken from a stranger")).map((line) => JSON.parse(line));
    expect(lines).toMatchObject([{ instance: id, project: projectOf.shop }]);
  });

  test("is never a stranger's again", async () => {
    const { id } = cloud.instance("web-2");
    await putInstance("shop", id);
    expect(await putInstance("rival", id)).toMatchObject({ status: 409, body: { code: "CONSTRAINTS_HELD" } });
    expect(await ask("shop", "GET", `/v1/instance/${id}`)).toMatchObject({ body: { project_id: projectOf.shop } });
  });

  test("stays whose it is where Nova knows nothing of it, and nobody is told yes while Nova is away", async () => {
    const id = randomUUID();
    await putInstance("rival", id);
    expect((await putInstance("shop", id)).status).toBe(409);
    const { id: known } = cloud.instance("web-3");
    await putInstance("rival", known);
    cloud.requestFaults.cutOff(null);
    const away = await putInstance("shop", known);
    cloud.requestFaults.restore();
    expect([away.status, away.body["code"]]).toEqual([503, "CLOUD_UNAVAILABLE"]);
    expect((await putInstance("shop", known)).status).toBe(200);
  });
});

describe("a group", () => {
  test("in the name of another project is the caller's own, as Tacker needs it", async () => {
    const id = randomUUID();
    expect(await putGroup("shop", id, projectOf.rival)).toMatchObject({
      status: 200,
      body: { project_id: projectOf.shop },
    });
    expect(await ask("rival", "GET", `/v1/instance_group/${id}`)).toMatchObject({ status: 404 });
    expect((await ask("shop", "DELETE", `/v1/instance_group/${id}`)).status).toBe(200);
    expect(await ask("shop", "GET", `/v1/instance_group/${id}`)).toMatchObject({ status: 404 });
  });

  test("is the project's that an admin names", async () => {
    const id = randomUUID();
    expect(await putGroup("admin", id, projectOf.rival)).toMatchObject({ body: { project_id: projectOf.rival } });
  });

  test("of a stranger is not there to be joined", async () => {
    const id = randomUUID();
    await putGroup("rival", id, projectOf.rival);
    const joined = await putInstance("shop", randomUUID(), id);
    expect([joined.status, joined.body["code"], joined.body["field"]]).toEqual([422, "GROUP_UNKNOWN", "group_id"]);
    expect((await putInstance("rival", randomUUID(), id)).status).toBe(200);
  });

  test("that Nova knows is its owner's, and who had been put into it is in none", async () => {
    const { id } = shop.createGroup("pair");
    const stranger = randomUUID();
    await putGroup("rival", id, projectOf.rival);
    await putInstance("rival", stranger, id);
    expect(await putGroup("shop", id, projectOf.shop)).toMatchObject({ body: { project_id: projectOf.shop } });
    expect(await ask("rival", "GET", `/v1/instance/${stranger}`)).toMatchObject({ body: { group_id: null } });
    expect((await putGroup("rival", id, projectOf.rival)).status).toBe(409);
  });
});
