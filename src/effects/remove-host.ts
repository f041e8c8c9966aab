/** Taking a compute host out of the cloud. Only one that is closed and empty at this moment (invariant I1). */
import { isEmpty } from "../domain/cloud.ts";
import type { Performer } from "./performer.ts";

export const removeHost: Performer<"remove_host"> = async ({ host }, { cloud, signal }) => {
  const door = await cloud.door(host, { signal });
  if (door === null) return { kind: "done", outcome: null, text: `${host} has no compute service any more` };
  if (door.kind === "open") return { kind: "failed", reason: `${host} was opened meanwhile` };
  if (!isEmpty(await cloud.occupants(host, { signal })))
    return { kind: "failed", reason: `${host} is not empty any more` };
  const removed = await cloud.remove(host, { signal });
  if (removed.kind === "refused") return { kind: "failed", reason: removed.reason };
  return { kind: "done", outcome: null, text: `deleted the compute service of ${host}` };
};
