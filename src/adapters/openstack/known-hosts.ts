import type { HostRole, KnownHost } from "../../domain/cloud.ts";
import type { HostName } from "../../domain/ids.ts";
import { doorOf } from "./facts.ts";
import { COMPUTE, CONDUCTOR, type ServiceRow } from "./nova.ts";

/**
 * Hosts by name with all roles that Nova's services give them. Several services of a kind on one host, and a host that is
 * compute and controller at once, are one host (reference §7.1, B13).
 */
export function toKnownHosts(services: readonly ServiceRow[]): readonly KnownHost[] {
  const names = [...new Set(services.map(({ host }) => host))].sort();
  return names.map((name) => toKnownHost(name, services));
}

function toKnownHost(name: HostName, services: readonly ServiceRow[]): KnownHost {
  const here = services.filter(({ host }) => host === name);
  const compute = here.find(({ binary }) => binary === COMPUTE);
  const roles: HostRole[] = [];
  if (compute !== undefined) roles.push("compute");
  if (here.some(({ binary }) => binary === CONDUCTOR)) roles.push("controller");
  return { name, roles: roles.length > 0 ? roles : ["other"], door: compute === undefined ? null : doorOf(compute) };
}
