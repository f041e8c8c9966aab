/** Which hosts a session is about. */
import type { KnownHost } from "./cloud.ts";
import type { HostName } from "./ids.ts";
import type { RequestedAction } from "./session.ts";

export type ResolvedHosts =
  | { readonly kind: "resolved"; readonly hosts: readonly KnownHost[] }
  /** `index` counts in `requested`. */
  | { readonly kind: "unknown"; readonly host: HostName; readonly index: number }
  | { readonly kind: "none" };

/**
 * Finds the hosts by name; without names, every compute and controller of the cloud (reference §4.7, "one click").
 *
 * A host that no service of the cloud names is taken for a typing error, unless the session has actions for hosts of
 * type `other`: then the admin does mean hosts that the cloud does not know, such as storage.
 */
export function resolveHosts(
  requested: readonly HostName[],
  known: readonly KnownHost[],
  actions: readonly RequestedAction[],
): ResolvedHosts {
  if (requested.length === 0) {
    const hosts = known.filter(({ roles }) => roles.includes("compute") || roles.includes("controller"));
    return hosts.length === 0 ? { kind: "none" } : { kind: "resolved", hosts };
  }
  const byName = new Map(known.map((host) => [host.name, host]));
  const acceptsOthers = actions.some(({ phase }) => phase === "other");
  const hosts: KnownHost[] = [];
  for (const [index, host] of requested.entries()) {
    const found = byName.get(host);
    if (!found && !acceptsOthers) return { kind: "unknown", host, index };
    hosts.push(found ?? { name: host, roles: ["other"], door: null });
  }
  return { kind: "resolved", hosts };
}
