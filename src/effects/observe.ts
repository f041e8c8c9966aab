import type { CloudFacts, KnownHost } from "../domain/cloud.ts";
import type { HostName } from "../domain/ids.ts";
import { resolveHosts } from "../domain/session-hosts.ts";
import type { Performer, Performing } from "./performer.ts";

/** Looks at the whole cloud, and finds out which hosts the session is about if that is not known yet. */
export const observe: Performer<"observe"> = async ({ occasion }, performing) => {
  const found = await findHosts(performing);
  if (found.kind === "failed") return found;
  const { signal } = performing;
  const [facts, alarmed] = await Promise.all([
    performing.cloud.facts({ signal }),
    performing.alarms?.listening({ signal }),
  ]);
  const here = new Set<HostName>(found.names);
  const known = new Set(performing.claimed.instances);
  const there = new Set(facts.instances.map(({ id }) => id));
  const concerned = facts.instances.filter(({ id, host }) => known.has(id) || (host !== null && here.has(host)));
  return {
    kind: "done",
    outcome: null,
    text: `looked at the cloud (${occasion}): ${inShort(facts)}`,
    consequences: {
      facts,
      ...(alarmed ? { alarmed } : {}),
      ...(found.hosts ? { hosts: found.hosts } : {}),
      instances: concerned.map(({ id, name, project, host, status }) => ({ id, name, project, host, status })),
      gone: performing.claimed.instances.filter((id) => !there.has(id)),
    },
  };
};

type Found =
  | { readonly kind: "found"; readonly names: readonly HostName[]; readonly hosts?: readonly KnownHost[] }
  | { readonly kind: "failed"; readonly reason: string };

async function findHosts({ claimed, cloud, signal }: Performing): Promise<Found> {
  if (claimed.hosts.kind === "known") return { kind: "found", names: claimed.hosts.names };
  const resolved = resolveHosts(claimed.hosts.names, await cloud.knownHosts({ signal }), claimed.session.actions);
  switch (resolved.kind) {
    case "resolved":
      return { kind: "found", names: resolved.hosts.map(({ name }) => name), hosts: resolved.hosts };
    case "unknown":
      return { kind: "failed", reason: `no service of the cloud runs on "${resolved.host}"` };
    case "none":
      return { kind: "failed", reason: "the cloud has no compute host and no controller" };
  }
}

const inShort = ({ computes, instances }: CloudFacts): string =>
  `${computes.length} computes, ${instances.length} instances`;
