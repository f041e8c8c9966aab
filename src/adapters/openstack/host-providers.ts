/** Which of Placement's resource providers belong to which host. */
import { grouped } from "../../domain/grouped.ts";
import type { HostName } from "../../domain/ids.ts";
import type { Nova } from "./nova.ts";
import { shared } from "./patience.ts";
import type { Placement, ProviderRow } from "./placement.ts";

export interface HostProviders {
  /** Asks Nova and Placement, one request each (and one more per 1000 hypervisors). */
  read(signal: AbortSignal): Promise<ProvidersByHost>;
  /** The providers of a host as last read; asks when the host is not known yet. */
  of(host: HostName, signal: AbortSignal): Promise<readonly ProviderRow[]>;
}

export type ProvidersByHost = ReadonlyMap<HostName, readonly ProviderRow[]>;

/**
 * A hypervisor's id is its provider's. Names would be a guess: a host may be known by its short name to one service and
 * by its full one to the other (reference §7.1, B14). Bare metal hosts have many hypervisors.
 */
export function hostProviders(nova: Nova, placement: Placement): HostProviders {
  let known: ProvidersByHost = new Map();
  const read = shared(async (signal) => {
    const [hypervisors, providers] = await Promise.all([nova.hypervisors({ signal }), placement.providers({ signal })]);
    const trees = grouped(providers, (provider) => provider.root_provider_uuid);
    const byHost = grouped(hypervisors, (hypervisor) => hypervisor.service.host);
    known = new Map([...byHost].map(([host, rows]) => [host, rows.flatMap(({ id }) => trees.get(id) ?? [])]));
    return known;
  });
  return {
    read,
    of: async (host, signal) => known.get(host) ?? (await read(signal)).get(host) ?? [],
  };
}
