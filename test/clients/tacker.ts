/**
 * What OpenStack Tacker's Fenix plug-in sends and expects, told again from its source (reference §6.6). It enters the cloud
 * as a user of the project that the VNF runs in, and keeps the VNF under a project of its own.
 */
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { type Exchange, listen, sendAs, type Traits } from "./callback.ts";
import { enter, type Login, serversOf } from "./openstack.ts";

export interface Vnf {
  /** The project in Tacker that the VNF is kept under. */
  readonly tenantId: string;
  /** How long to wait before a reply to this state, in milliseconds: heat is slow. */
  readonly delay?: (state: string, traits: Traits) => number;
}

const TRIES = 5;
const WAIT_MS = 50;

export async function startTacker(login: Login, { tenantId, delay = () => 0 }: Vnf) {
  const sent: Exchange[] = [];
  const entered = await enter(login);
  const endpoint = entered.endpoint("maintenance").replace(/\/+$/, "");
  const [vnfId, groupId] = [randomUUID(), randomUUID()];
  const instances = await serversOf(entered);

  /** Again and again until it is answered 200, and nothing else. */
  const request = async (method: string, url: string, body?: unknown): Promise<void> => {
    for (let tries = 0; tries < TRIES; tries += 1) {
      const { status } = await sendAs(sent, { method, url, body, token: entered.token });
      if (status === 200) return;
      await sleep(WAIT_MS);
    }
  };

  const create = async () => {
    await request("PUT", `${endpoint}/instance_group/${groupId}`, {
      group_id: groupId,
      project_id: tenantId,
      group_name: `tacker_nonha_app_group_${vnfId}`,
      anti_affinity_group: false,
      max_instances_per_host: 0,
      resource_mitigation: true,
      max_impacted_members: 1,
      recovery_time: 1,
    });
    for (const { id, name } of instances)
      await request("PUT", `${endpoint}/instance/${id}`, {
        project_id: entered.projectId,
        instance_id: id,
        instance_name: name,
        migration_type: "MIGRATE",
        resource_mitigation: true,
        max_interruption_time: 120,
        lead_time: 120,
        group_id: groupId,
      });
  };

  const needed = ["instance_ids", "session_id", "state", "reply_url"];
  const known = [
    ...["MAINTENANCE", "SCALE_IN", "MAINTENANCE_COMPLETE", "PREPARE_MAINTENANCE", "PLANNED_MAINTENANCE"],
    "INSTANCE_ACTION_DONE",
  ];
  const server = await listen(async (traits) => {
    const state = String(traits["state"]);
    const aboutOne = state === "PREPARE_MAINTENANCE" || state === "PLANNED_MAINTENANCE";
    if (needed.some((name) => traits[name] === undefined) || !known.includes(state))
      throw new Error("InvalidMaintenanceParameter");
    if (aboutOne && !(Array.isArray(traits["allowed_actions"]) && Array.isArray(traits["instance_ids"])))
      throw new Error("InvalidMaintenanceParameter");
    const ids = instances.map(({ id }) => id);
    const data = {
      ...((state === "MAINTENANCE" || state === "SCALE_IN") && { instance_ids: ids }),
      ...(aboutOne && { instance_action: "MIGRATE" }),
      session_id: traits["session_id"],
      state: `ACK_${state}`,
    };
    // In a green thread: the post is answered before.
    void (async () => {
      await sleep(delay(state, traits));
      // Once by the function that runs after the action, and once by the general way.
      for (let times = 0; times < (aboutOne ? 2 : 1); times += 1)
        await request("PUT", String(traits["reply_url"]), data);
    })();
  });
  return {
    ...server,
    sent,
    endpoint,
    groupId,
    instances,
    projectId: entered.projectId,
    create,
    /** The group first, and then its members. */
    remove: async () => {
      await request("DELETE", `${endpoint}/instance_group/${groupId}`);
      for (const { id } of instances) await request("DELETE", `${endpoint}/instance/${id}`);
    },
  };
}
