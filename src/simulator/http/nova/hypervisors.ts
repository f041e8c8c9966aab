import type { SimulatedCloud } from "../../cloud.ts";
import { Refusal } from "../../refusal.ts";
import { isUp, type Host, type World } from "../../world.ts";
import { ok, param, type Call, type Route } from "../api.ts";
import { isTrue, nextLink, pageOf } from "./input.ts";
import { demandAdmin } from "./policy.ts";
import { instanceName } from "./server-view.ts";

export function hypervisorRoutes({ world }: SimulatedCloud): readonly Route[] {
  const list = (call: Call, show: (host: Host) => Readonly<Record<string, unknown>>) => {
    const servers = (host: Host) =>
      call.minor >= 53 && isTrue(call.query.get("with_servers")) ? serversOn(call, host) : {};
    const { items, next } = pageOf(wanted(world, call), call);
    const more =
      next === undefined || call.minor < 33 ? {} : { hypervisors_links: nextLink(call, `${idOf(call, next)}`) };
    return ok({ hypervisors: items.map((host) => ({ ...show(host), ...servers(host) })), ...more });
  };
  return [
    {
      method: "GET",
      pattern: "/v2.1/os-hypervisors",
      answer(call) {
        demandAdmin(call, "os-hypervisors:list");
        return list(call, (host) => brief(world, call, host));
      },
    },
    {
      method: "GET",
      pattern: "/v2.1/os-hypervisors/detail",
      answer(call) {
        demandAdmin(call, "os-hypervisors:list-detail");
        return list(call, (host) => detailed(world, call, host));
      },
    },
    {
      method: "GET",
      pattern: "/v2.1/os-hypervisors/:id",
      answer(call) {
        demandAdmin(call, "os-hypervisors:show");
        const id = param(call, "id");
        const host = [...world.hosts.values()].find((candidate) => `${idOf(call, candidate)}` === id);
        if (host === undefined) throw new Refusal(404, `Hypervisor with ID '${id}' could not be found.`);
        return ok({ hypervisor: detailed(world, call, host) });
      },
    },
  ];
}

function* wanted(world: World, call: Call): Iterable<Host> {
  const pattern = call.minor >= 53 ? call.query.get("hypervisor_hostname_pattern") : null;
  const marker = call.query.get("marker");
  let behind = marker === null;
  let matched = false;
  for (const host of world.hosts.values()) {
    if (pattern !== null && !host.name.includes(pattern)) continue;
    matched = true;
    if (behind) yield host;
    else behind = `${idOf(call, host)}` === marker;
  }
  if (pattern !== null && !matched) throw new Refusal(404, `No hypervisor matching '${pattern}' could be found.`);
  if (!behind) throw new Refusal(400, `marker [${marker}] not found`);
}

function idOf({ minor }: Call, { id, number }: Host): string | number {
  return minor >= 53 ? id : number;
}

function brief(world: World, call: Call, host: Host): Readonly<Record<string, unknown>> {
  return {
    id: idOf(call, host),
    hypervisor_hostname: host.name,
    state: isUp(world, host.service) ? "up" : "down",
    status: host.service.disabled ? "disabled" : "enabled",
  };
}

function detailed(world: World, call: Call, host: Host): Readonly<Record<string, unknown>> {
  const { service } = host;
  return {
    ...brief(world, call, host),
    hypervisor_type: "fake",
    hypervisor_version: 1000,
    host_ip: "127.0.0.1",
    service: { id: call.minor >= 53 ? service.id : service.number, host: host.name, disabled_reason: service.reason },
    ...(call.minor >= 88 ? { uptime: uptime(world, host) } : figures(call, host)),
  };
}

/** At 2.88 Nova stopped to show what Placement knows better. */
function figures({ minor }: Call, host: Host): Readonly<Record<string, unknown>> {
  const total = (resource: string): number => host.inventory.get(resource)?.total ?? 0;
  const used = (resource: string): number => host.used[resource] ?? 0;
  return {
    vcpus: total("VCPU"),
    memory_mb: total("MEMORY_MB"),
    local_gb: total("DISK_GB"),
    vcpus_used: used("VCPU"),
    memory_mb_used: used("MEMORY_MB"),
    local_gb_used: used("DISK_GB"),
    free_ram_mb: total("MEMORY_MB") - used("MEMORY_MB"),
    free_disk_gb: total("DISK_GB") - used("DISK_GB"),
    current_workload: 0,
    running_vms: host.guests.size,
    disk_available_least: 0,
    cpu_info: minor >= 28 ? cpu : JSON.stringify(cpu),
  };
}

function uptime(world: World, { service }: Host): string | null {
  if (!isUp(world, service)) return null;
  return ` ${new Date(world.clock.now()).toISOString().slice(11, 19)} up 36 min,  0 users,  load average: 0.00, 0.00, 0.00`;
}

function serversOn({ minor }: Call, { guests }: Host): Readonly<Record<string, unknown>> {
  if (guests.size === 0 && minor < 75) return {};
  return { servers: [...guests].map((instance) => ({ name: instanceName(instance), uuid: instance.id })) };
}

const cpu = {
  arch: "x86_64",
  model: "Nehalem",
  vendor: "Intel",
  features: ["pge", "clflush"],
  topology: { cores: 1, threads: 1, sockets: 4 },
};
