/** Who holds resources of a host in Placement: servers, and migrations that hold a place on the host they leave. */
import type { HostName } from "../../domain/ids.ts";
import type { HostProviders } from "./host-providers.ts";
import type { Placement } from "./placement.ts";

export type HostConsumers = (host: HostName, signal: AbortSignal) => Promise<readonly string[]>;

export function hostConsumers(placement: Placement, providers: HostProviders): HostConsumers {
  return async (host, signal) => {
    const trees = await providers.of(host, signal);
    const books = await Promise.all(trees.map(({ uuid }) => placement.allocations(uuid, { signal })));
    if (!books.includes(null)) return [...new Set(books.flatMap((one) => Object.keys(one ?? {})))];
    // A provider is gone: the host was taken out of the cloud and added again since we learned of it.
    const fresh = (await providers.read(signal)).get(host) ?? [];
    const again = await Promise.all(fresh.map(({ uuid }) => placement.allocations(uuid, { signal })));
    return [...new Set(again.flatMap((one) => Object.keys(one ?? {})))];
  };
}
