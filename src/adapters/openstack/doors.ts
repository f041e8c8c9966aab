/** Opening and closing hosts to new instances (Nova's `disabled` of the compute service), and taking them out. */
import type { HostDoor } from "../../domain/cloud.ts";
import type { HostName } from "../../domain/ids.ts";
import type { CallOptions, Removed } from "../../ports/cloud.ts";
import { Problem } from "../../problems.ts";
import { doorOf } from "./facts.ts";
import type { Nova } from "./nova.ts";
import type { Called } from "./service.ts";

export interface Doors {
  door(host: HostName, options: CallOptions): Promise<HostDoor | null>;
  close(host: HostName, reason: string, options: CallOptions): Promise<void>;
  open(host: HostName, options: CallOptions): Promise<void>;
  remove(host: HostName, options: CallOptions): Promise<Removed>;
}

export function cloudDoors(nova: Nova): Doors {
  /** Ids of the services. They stay until a host is taken out of the cloud, which a 404 tells. */
  const ids = new Map<HostName, string>();

  async function door(host: HostName, options: CallOptions): Promise<HostDoor | null> {
    const row = await nova.computeService(host, options);
    if (row === null) return null;
    ids.set(host, row.id);
    return doorOf(row);
  }

  async function change(
    host: HostName,
    options: CallOptions,
    request: (id: string) => Promise<Called<unknown>>,
  ): Promise<void> {
    const known = ids.get(host);
    const first = known === undefined ? null : await request(known);
    if (first?.kind === "done") return;
    if (first !== null && first.status !== 404) throw refused(host, first.reason);
    await door(host, options);
    const id = ids.get(host);
    if (id === undefined || id === known) throw refused(host, "it has no compute service");
    const second = await request(id);
    if (second.kind === "rejected") throw refused(host, second.reason);
  }

  return {
    door,
    close: (host, reason, options) => change(host, options, (id) => nova.disableService(id, host, reason, options)),
    async remove(host, options) {
      // Asked anew: a service that was deleted and has registered again has another id.
      const row = await nova.computeService(host, options);
      const answer = row && (await nova.deleteService(row.id, host, options));
      if (answer?.kind === "rejected" && answer.status !== 404) return { kind: "refused", reason: answer.reason };
      ids.delete(host);
      return { kind: "removed" };
    },
    open: (host, options) => change(host, options, (id) => nova.enableService(id, host, options)),
  };
}

const refused = (host: HostName, reason: string): Problem =>
  new Problem("CLOUD_REFUSED", `the compute service of ${host} cannot be changed: ${reason}`);
