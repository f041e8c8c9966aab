/** What must hold for the project's servers while Fenix moves them: of each Nova server group, one server at a time. */
import type { Action } from "../client/callback.ts";
import type { Fenix } from "../client/fenix.ts";
import type { Nova } from "./nova.ts";

export interface Needs {
  /** How long before its move this manager has to hear of it. */
  readonly leadSeconds: number;
  /** Until a moved server does its work fully again. */
  readonly recoverySeconds: number;
  /** How long a live migration may interrupt a server. */
  readonly interruptionSecondsMax: number;
}

/** Declares for the servers that are there now, groups first. A real manager does so whenever servers come and go. */
export async function declareConstraints(fenix: Fenix, nova: Nova, needs: Needs, action: Action): Promise<void> {
  const { leadSeconds, recoverySeconds, interruptionSecondsMax } = needs;
  const groups = await nova.groups();
  for (const { id, name, policy, rules } of groups) {
    // What Nova only prefers (soft-anti-affinity) must not keep a host from being emptied.
    const antiAffinity = policy === "anti-affinity";
    const perHostMax = antiAffinity ? (rules.max_server_per_host ?? 1) : 0;
    await fenix.declareGroup({ id, name, antiAffinity, perHostMax, impactedMax: 1, recoverySeconds });
  }
  for (const { id, name } of await nova.servers()) {
    const groupId = groups.find(({ members }) => members.includes(id))?.id ?? null;
    await fenix.declareInstance({ id, name, groupId, action, leadSeconds, interruptionSecondsMax });
  }
}
