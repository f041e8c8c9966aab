/** Servers as Nova shows them: each field from the microversion on that brought it, and to whom. */
import { createHash } from "node:crypto";
import { isAdmin } from "../../identity.ts";
import { powerStateOf, statusOf } from "../../instance-status.ts";
import { isUp, type Flavor, type Instance, type World } from "../../world.ts";
import { callerOf, stamp, type Call } from "../api.ts";

export function briefServer({ base }: Call, { id, name }: Instance): unknown {
  return { id, name, links: serverLinks(base, id) };
}

export function serverLinks(base: string, id: string): unknown {
  return [
    { rel: "self", href: `${base}/v2.1/servers/${id}` },
    { rel: "bookmark", href: `${base}/servers/${id}` },
  ];
}

export function detailedServer(world: World, call: Call, instance: Instance): Readonly<Record<string, unknown>> {
  const { base, minor } = call;
  const admin = isAdmin(callerOf(call));
  const status = statusOf(instance);
  return {
    id: instance.id,
    name: instance.name,
    status,
    tenant_id: instance.project,
    user_id: instance.user,
    metadata: instance.metadata,
    hostId: instance.host === null ? "" : hostId(instance.project, instance.host),
    image: { id: instance.image, links: [{ rel: "bookmark", href: `${base}/images/${instance.image}` }] },
    flavor: flavorOf(call, instance.flavor),
    created: zulu(instance.createdAt),
    updated: zulu(instance.updatedAt),
    addresses: {},
    accessIPv4: "",
    accessIPv6: "",
    links: serverLinks(base, instance.id),
    "OS-DCF:diskConfig": "MANUAL",
    ...(withProgress.has(status) ? { progress: 0 } : {}),
    ...(instance.fault !== null && withFault.has(status) ? { fault: faultOf(instance.fault, admin) } : {}),
    "OS-EXT-AZ:availability_zone": instance.host === null ? "" : (world.hosts.get(instance.host)?.zone ?? ""),
    config_drive: "",
    key_name: null,
    "OS-SRV-USG:launched_at": stamp(instance.launchedAt),
    "OS-SRV-USG:terminated_at": stamp(instance.deletedAt),
    ...(admin ? adminAttributes(instance, minor) : {}),
    ...(!admin && minor >= 90 ? { "OS-EXT-SRV-ATTR:hostname": instance.name } : {}),
    "OS-EXT-STS:task_state": instance.taskState,
    "OS-EXT-STS:vm_state": instance.vmState,
    "OS-EXT-STS:power_state": powerStateOf(instance),
    "os-extended-volumes:volumes_attached": [],
    ...(minor >= 9 ? { locked: instance.locked } : {}),
    ...(minor >= 73 ? { locked_reason: null } : {}),
    ...(minor >= 19 ? { description: null } : {}),
    ...(minor >= 26 ? { tags: [] } : {}),
    ...(minor >= 63 ? { trusted_image_certificates: null } : {}),
    ...(admin && minor >= 16 ? { host_status: hostStatus(world, instance) } : {}),
  };
}

function adminAttributes(instance: Instance, minor: number): Readonly<Record<string, unknown>> {
  const { host, name } = instance;
  const known = {
    "OS-EXT-SRV-ATTR:host": host,
    "OS-EXT-SRV-ATTR:instance_name": instanceName(instance),
    "OS-EXT-SRV-ATTR:hypervisor_hostname": host,
  };
  if (minor < 3) return known;
  return {
    ...known,
    "OS-EXT-SRV-ATTR:reservation_id": instance.reservation,
    "OS-EXT-SRV-ATTR:launch_index": 0,
    "OS-EXT-SRV-ATTR:hostname": name,
    "OS-EXT-SRV-ATTR:kernel_id": "",
    "OS-EXT-SRV-ATTR:ramdisk_id": "",
    "OS-EXT-SRV-ATTR:root_device_name": host === null ? null : "/dev/sda",
    "OS-EXT-SRV-ATTR:user_data": null,
  };
}

/** The name its hypervisor knows it by. */
export function instanceName({ number }: Instance): string {
  return `instance-${number.toString(16).padStart(8, "0")}`;
}

/** The same for two instances of one project on one host, and otherwise meaningless. */
export function hostId(project: string, host: string): string {
  const key = `${project}${host}`;
  const known = hostIds.get(key) ?? createHash("sha224").update(key).digest("hex");
  hostIds.set(key, known);
  return known;
}

const hostIds = new Map<string, string>();

function hostStatus(world: World, { host }: Instance): string {
  const service = host === null ? undefined : world.hosts.get(host)?.service;
  if (service === undefined) return "";
  if (service.disabled) return "MAINTENANCE";
  return isUp(world, service) ? "UP" : "DOWN";
}

function flavorOf({ base, minor }: Call, { id, name, resources, extraSpecs }: Flavor): unknown {
  if (minor < 47) return { id, links: [{ rel: "bookmark", href: `${base}/flavors/${id}` }] };
  const size = { vcpus: resources["VCPU"], ram: resources["MEMORY_MB"], disk: resources["DISK_GB"] };
  return { ...size, ephemeral: 0, swap: 0, original_name: name, extra_specs: extraSpecs };
}

function faultOf({ code, message, at }: NonNullable<Instance["fault"]>, admin: boolean): unknown {
  return { code, created: zulu(at), message, ...(admin ? { details: message } : {}) };
}

const withProgress = new Set(["ACTIVE", "BUILD", "REBUILD", "RESIZE", "VERIFY_RESIZE", "MIGRATING"]);
const withFault = new Set(["ERROR", "DELETED"]);

function zulu(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19)}Z`;
}
