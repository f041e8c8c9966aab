import { createHash } from "node:crypto";
import type { SimulatedCloud } from "../../cloud.ts";
import { isAdmin } from "../../identity.ts";
import { powerStateOf, statusOf } from "../../instance-status.ts";
import { boot, deleteInstance } from "../../instances.ts";
import { Refusal } from "../../refusal.ts";
import { flavorNamed } from "../../tenant.ts";
import { instanceById, isUp, positionOf, type Flavor, type Group, type Instance, type World } from "../../world.ts";
import { askerOf, callerOf, noContent, object, ok, param, stamp, type Answer, type Call, type Route } from "../api.ts";
import { bodyObject, isTrue, nextLink, pageOf, python, text, time } from "./input.ts";
import { demandAdmin } from "./policy.ts";

export function serverRoutes({ world }: SimulatedCloud): readonly Route[] {
  return [
    { method: "GET", pattern: "/v2.1/servers", answer: (call) => list(world, call, brief) },
    {
      method: "GET",
      pattern: "/v2.1/servers/detail",
      answer: (call) => list(world, call, (asked, instance) => detailed(world, asked, instance)),
    },
    {
      method: "GET",
      pattern: "/v2.1/servers/:id",
      answer(call) {
        const instance = ownInstance(world, call);
        const groups = call.minor >= 71 ? { server_groups: instance.group === null ? [] : [instance.group.id] } : {};
        return ok({ server: { ...detailed(world, call, instance), ...groups } });
      },
    },
    { method: "POST", pattern: "/v2.1/servers", answer: (call) => create(world, call) },
    {
      method: "DELETE",
      pattern: "/v2.1/servers/:id",
      answer(call) {
        deleteInstance(world, ownInstance(world, call), askerOf(call));
        return noContent;
      },
    },
  ];
}

/** The instance of the path. Of another project's instance a tenant learns nothing, not even that it is there. */
export function ownInstance(world: World, call: Call): Instance {
  const id = param(call, "id");
  const instance = instanceById(world, id);
  const caller = callerOf(call);
  if (isAdmin(caller) || instance.project === caller.project?.id) return instance;
  throw new Refusal(404, `Instance ${id} could not be found.`);
}

function list(world: World, call: Call, show: (call: Call, instance: Instance) => unknown): Answer {
  const { items, next } = pageOf(wanted(world, call), call);
  const more = next === undefined ? {} : { servers_links: nextLink(call, next.id) };
  return ok({ servers: items.map((instance) => show(call, instance)), ...more });
}

/** Newest first, behind the marker, those the filters leave. */
function* wanted(world: World, call: Call): Iterable<Instance> {
  const { query } = call;
  const all = isTrue(query.get("all_tenants"));
  if (all) demandAdmin(call, `servers:${call.path.endsWith("/detail") ? "detail" : "index"}:get_all_tenants`);
  const admin = isAdmin(callerOf(call));
  const project = all ? (query.get("tenant_id") ?? query.get("project_id")) : (callerOf(call).project?.id ?? "");
  const since = time(query, "changes-since");
  const before = since === undefined ? undefined : (time(query, "changes-before") ?? Infinity);
  // What only admins may filter by is ignored when a tenant does.
  const host = admin ? query.get("host") : null;
  const statuses = query.getAll("status").map((status) => status.toUpperCase());
  const name = query.get("name");
  const from = query.get("marker");
  const marker =
    from === null ? undefined : (world.instancesById.get(from) ?? world.deleted.find(({ id }) => id === from));
  if (from !== null && marker === undefined) throw new Refusal(400, `marker [${from}] not found`);
  for (const instance of newestFirst(world, {
    host,
    marker,
    withDeleted: since !== undefined || (admin && isTrue(query.get("deleted"))),
  })) {
    if (project !== null && instance.project !== project) continue;
    if (statuses.length > 0 && !statuses.includes(statusOf(instance))) continue;
    if (since !== undefined && (instance.updatedAt < since || instance.updatedAt > (before ?? Infinity))) continue;
    if (name !== null && !new RegExp(name).test(instance.name)) continue;
    yield instance;
  }
}

function* newestFirst(
  world: World,
  { host, marker, withDeleted }: { host: string | null; marker: Instance | undefined; withDeleted: boolean },
): Iterable<Instance> {
  const some = host !== null || withDeleted;
  const chosen = some ? sorted(world, host, withDeleted) : world.instances;
  const start = marker === undefined ? chosen.length : positionOf(chosen, marker.number);
  for (let place = start - 1; place >= 0; place -= 1) {
    const instance = chosen[place];
    if (instance !== undefined) yield instance;
  }
}

function sorted(world: World, host: string | null, withDeleted: boolean): Instance[] {
  const alive = host === null ? world.instances : [...(world.hosts.get(host)?.guests ?? [])];
  const gone = withDeleted && host === null ? world.deleted : [];
  return [...alive, ...gone].sort((one, other) => one.number - other.number);
}

function brief({ base }: Call, { id, name }: Instance): unknown {
  return { id, name, links: links(base, id) };
}

function links(base: string, id: string): unknown {
  return [
    { rel: "self", href: `${base}/v2.1/servers/${id}` },
    { rel: "bookmark", href: `${base}/servers/${id}` },
  ];
}

function detailed(world: World, call: Call, instance: Instance): Readonly<Record<string, unknown>> {
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
    links: links(base, instance.id),
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

function create(world: World, call: Call): Answer {
  const { project } = callerOf(call);
  if (project === null) throw new Refusal(403, "Policy doesn't allow os_compute_api:servers:create to be performed.");
  const server = bodyObject(call, "server");
  if (call.minor >= 37 && server["networks"] === undefined) {
    throw new Refusal(
      400,
      `Invalid input for field/attribute server. Value: ${python(server)}. 'networks' is a required property`,
    );
  }
  const [zone, pinned] = (typeof server["availability_zone"] === "string" ? server["availability_zone"] : "").split(
    ":",
    2,
  );
  if (pinned !== undefined) demandAdmin(call, "servers:create:forced_host");
  if (server["host"] !== undefined) demandAdmin(call, "compute:servers:create:requested_destination");
  const host = pinned ?? (server["host"] === undefined ? undefined : text(server, "host"));
  if (host !== undefined && !world.hosts.has(host)) throw new Refusal(400, `Compute host ${host} could not be found.`);
  const instance = boot(
    world,
    {
      name: text(server, "name"),
      project: project.id,
      flavor: flavorNamed(world, text(server, "flavorRef").replace(/^.*\//, "")),
      group: groupHinted(world, call),
      host,
      zone: zone === "" ? null : zone,
      image: typeof server["imageRef"] === "string" && server["imageRef"] !== "" ? server["imageRef"] : undefined,
      metadata: stringsOf(server["metadata"]),
    },
    askerOf(call),
  );
  const { id } = instance;
  const body = {
    id,
    links: links(call.base, id),
    "OS-DCF:diskConfig": "MANUAL",
    security_groups: [{ name: "default" }],
    adminPass: world.chance.hex().slice(0, 12),
  };
  return { status: 202, body: { server: body }, headers: { location: `${call.base}/v2.1/servers/${id}` } };
}

function groupHinted(world: World, call: Call): Group | null {
  const body = object(call.body) ?? {};
  const hints = object(body["os:scheduler_hints"]) ?? object(body["OS-SCH-HNT:scheduler_hints"]);
  const id = hints?.["group"];
  if (id === undefined) return null;
  const group = typeof id === "string" ? world.groups.get(id) : undefined;
  if (group === undefined || group.project !== callerOf(call).project?.id) {
    throw new Refusal(400, `Instance group ${python(id)} could not be found.`);
  }
  return group;
}

function stringsOf(value: unknown): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(object(value) ?? {}).map(([key, entry]) => [key, String(entry)]));
}
