/**
 * What OPNFV Doctor's programs send and expect, told again from their source (reference §6.1 to §6.4): the VNFM, the
 * sample application manager, the inspector, and the scenario that acts as the admin. Heat is the test's.
 */
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { type Exchange, listen, sendAs, type Traits } from "./callback.ts";
import { enter, type Login, type Server, serversOf } from "./openstack.ts";

/** The stack: so many more of the instances that nothing stands in for. */
export type Scale = (by: number) => Promise<void>;

/** The manager of workflow vnf. It declares what must hold when it starts, and takes it back when it stops. */
export async function startVnfm(login: Login, scale: Scale) {
  const sent: Exchange[] = [];
  const entered = await enter(login);
  const { token } = entered;
  const identity = login.authUrl;
  const named = async (part: string) => (await serversOf(entered)).filter(({ name }) => name.includes(part));
  const [ha, nonHa] = [await named("doctor_ha_app_"), await named("doctor_nonha_app_")];
  let active = ha[0]?.id;
  const before = ha.length + nonHa.length;

  const { services } = await entered.get<{ services: { id: string; type: string }[] }>(`${identity}/services`);
  const service = services.find(({ type }) => type === "maintenance")?.id;
  const { endpoints } = await entered.get<{
    endpoints: { service_id: string; interface: string; url: string }[];
  }>(`${identity}/endpoints`);
  const base = endpoints.find((one) => one.service_id === service && one.interface === "public")?.url;
  if (base === undefined) throw new Error("the catalog has no service of type maintenance");
  const { projects } = await entered.get<{ projects: { id: string }[] }>(`${identity}/projects?name=${login.project}`);
  const project = projects[0]?.id;
  const { server_groups: serverGroups } = await entered.get<{ server_groups: { id: string; name: string }[] }>(
    `${entered.endpoint("compute")}/os-server-groups`,
  );

  const expectDone = async (method: string, path: string, body?: unknown) => {
    const { status, answer } = await sendAs(sent, { method, url: `${base}${path}`, body, token });
    if (status !== 200 && status !== 204) throw new Error(`${method} ${path}: ${status} ${JSON.stringify(answer)}`);
  };
  const group = (changes: { group_id: string; group_name: string }, limits: object) => ({
    ...changes,
    project_id: project,
    resource_mitigation: true,
    ...limits,
  });
  const groups = [
    group(
      { group_id: randomUUID(), group_name: "doctor_nonha_app_group" },
      { anti_affinity_group: false, max_instances_per_host: 0, max_impacted_members: 2, recovery_time: 2 },
    ),
    group(
      {
        group_id: serverGroups.find(({ name }) => name === "doctor_ha_app_group")?.id ?? "",
        group_name: "doctor_ha_app_group",
      },
      { anti_affinity_group: true, max_instances_per_host: 1, max_impacted_members: 1, recovery_time: 4 },
    ),
  ] as const;
  const instance = ({ id, name }: Server, groupId: string) => ({
    instance_id: id,
    project_id: project,
    group_id: groupId,
    instance_name: name,
    max_interruption_time: 120,
    migration_type: "MIGRATE",
    resource_mitigation: true,
    lead_time: 40,
  });
  for (const one of groups) await expectDone("PUT", `/instance_group/${one.group_id}`, one);
  const instances = [
    ...ha.map((one) => instance(one, groups[1].group_id)),
    ...nonHa.map((one) => instance(one, groups[0].group_id)),
  ];
  for (const one of instances) await expectDone("PUT", `/instance/${one.instance_id}`, one);

  const about = ({ allowed_actions: allowed, instance_ids: ids }: Traits) => {
    if (!Array.isArray(allowed) || !allowed.includes("MIGRATE")) throw new Error("MIGRATE not supported");
    const [id] = ids as readonly string[];
    if (id === active) active = ha.find((one) => one.id !== id)?.id;
    return { instance_action: "MIGRATE" };
  };
  const replyTo = async (traits: Traits): Promise<object | null> => {
    switch (traits["state"]) {
      case "MAINTENANCE": {
        const got = await sendAs(sent, { method: "GET", url: String(traits["instance_ids"]), token });
        const asked = (got.answer as { instance_ids: readonly string[] }).instance_ids;
        const own = new Set((await serversOf(entered)).map(({ id }) => id));
        const state = asked.every((id) => own.has(id)) ? "ACK_MAINTENANCE" : "NACK_MAINTENANCE";
        return { state };
      }
      case "SCALE_IN":
        await scale(-2);
        return { state: "ACK_SCALE_IN" };
      case "MAINTENANCE_COMPLETE": {
        const now = (await serversOf(entered)).length;
        if (before > now) await scale(before - now);
        return { state: "ACK_MAINTENANCE_COMPLETE" };
      }
      case "PREPARE_MAINTENANCE":
        return { ...about(traits), state: "ACK_PREPARE_MAINTENANCE" };
      case "PLANNED_MAINTENANCE":
        return { ...about(traits), state: "ACK_PLANNED_MAINTENANCE" };
      case "INSTANCE_ACTION_DONE":
        return null;
      default:
        throw new Error(`VNFM received event with unknown state ${String(traits["state"])}`);
    }
  };
  const server = await listen(async (traits) => {
    const body = await replyTo(traits);
    if (body !== null) await sendAs(sent, { method: "PUT", url: String(traits["reply_url"]), body, token });
  });
  return {
    ...server,
    base,
    sent,
    /** The instances first, and then their groups. */
    stop: async () => {
      for (const one of instances) await expectDone("DELETE", `/instance/${one.instance_id}`);
      for (const one of groups) await expectDone("DELETE", `/instance_group/${one.group_id}`);
      await server.close();
    },
  };
}

/** The manager of workflow default, which has no token to show. */
export async function startSampleManager(login: Login, scale: Scale) {
  const sent: Exchange[] = [];
  const entered = await enter(login);
  const before = (await serversOf(entered)).length;
  const idsAt = async (traits: Traits): Promise<readonly string[]> => {
    const got = await sendAs(sent, { method: "GET", url: String(traits["instance_ids"]) });
    if (got.status !== 200) throw new Error(JSON.stringify(got.answer));
    return (got.answer as { instance_ids: readonly string[] }).instance_ids;
  };
  const replyTo = async (traits: Traits): Promise<object | null> => {
    const state = String(traits["state"]);
    switch (state) {
      case "MAINTENANCE":
        return { instance_ids: await idsAt(traits) };
      case "SCALE_IN":
        await scale(-2);
        return { instance_ids: (await serversOf(entered)).map(({ id }) => id) };
      case "MAINTENANCE_COMPLETE": {
        const now = (await serversOf(entered)).length;
        if (before > now) await scale(before - now);
        return {};
      }
      case "PREPARE_MAINTENANCE":
      case "PLANNED_MAINTENANCE": {
        const allowed = traits["allowed_actions"];
        if (!Array.isArray(allowed) || !allowed.includes("MIGRATE")) throw new Error("MIGRATE not supported");
        return { instance_actions: Object.fromEntries((await idsAt(traits)).map((id) => [id, "MIGRATE"])) };
      }
      case "INSTANCE_ACTION_DONE":
        return null;
      default:
        throw new Error(`sample app manager received event with unknown state ${state}`);
    }
  };
  const server = await listen(async (traits) => {
    const said = await replyTo(traits);
    if (said === null) return;
    const body = { ...said, session_id: traits["session_id"], state: `ACK_${String(traits["state"])}` };
    await sendAs(sent, { method: "PUT", url: String(traits["reply_url"]), body });
  });
  return { ...server, sent };
}

/** It must know when a host is down on purpose, and understands two states. */
export async function startInspector() {
  const heard: { readonly host: string; readonly state: string }[] = [];
  const server = await listen((traits) => {
    const [state, host] = [String(traits["state"]), traits["host"]];
    if (typeof host !== "string") throw new Error("no host");
    if (state !== "IN_MAINTENANCE" && state !== "MAINTENANCE_COMPLETE")
      throw new Error(`sample inspector couldn't handle state: ${state}`);
    heard.push({ host, state });
  });
  return { ...server, heard };
}

export interface Scenario {
  /** Where it finds the admin tool: an address and a port, no more. */
  readonly url: string;
  /** `v1/maintenance`, and `maintenance` for the oldest. */
  readonly endpoint: string;
  readonly token: string;
  readonly workflow: string;
  readonly openstackVersion: string;
}

/** The admin: creates a session, asks every so often where it stands, and deletes it. */
export async function runScenario({ url, endpoint, token, workflow, openstackVersion }: Scenario) {
  const sent: Exchange[] = [];
  const beginsAt = new Date(Date.now() + 2_000).toISOString().slice(0, 19).replace("T", " ");
  const body = {
    state: "MAINTENANCE",
    maintenance_at: beginsAt,
    metadata: { openstack_version: openstackVersion },
    workflow,
    hosts: [],
  };
  const created = await sendAs(sent, { method: "POST", url: `${url}/${endpoint}`, body, token });
  if (created.status !== 200) throw new Error(JSON.stringify(created.answer));
  const id = (created.answer as { session_id: string }).session_id;
  const since = Date.now();
  let state = "";
  while (state !== "MAINTENANCE_DONE" && state !== "MAINTENANCE_FAILED" && Date.now() - since < 300_000) {
    await sleep(500);
    const got = await sendAs(sent, { method: "GET", url: `${url}/${endpoint}/${id}`, token });
    if (got.status !== 200) throw new Error(JSON.stringify(got.answer));
    ({ state } = got.answer as { state: string });
  }
  return {
    id,
    state,
    seconds: (Date.now() - since) / 1_000,
    sent,
    /** Nothing but 200 will do. */
    remove: async () => (await sendAs(sent, { method: "DELETE", url: `${url}/${endpoint}/${id}`, token })).status,
  };
}
