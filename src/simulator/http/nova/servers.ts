import type { SimulatedCloud } from "../../cloud.ts";
import { isAdmin } from "../../identity.ts";
import { statusOf } from "../../instance-status.ts";
import { boot, deleteInstance } from "../../instances.ts";
import { Refusal } from "../../refusal.ts";
import { flavorNamed } from "../../tenant.ts";
import { instanceById, positionOf, type Group, type Instance, type World } from "../../world.ts";
import { askerOf, callerOf, noContent, object, ok, param, type Answer, type Call, type Route } from "../api.ts";
import { bodyObject, isTrue, nextLink, pageOf, python, text, time } from "./input.ts";
import { demandAdmin } from "./policy.ts";
import { briefServer, detailedServer, serverLinks } from "./server-view.ts";

export function serverRoutes({ world }: SimulatedCloud): readonly Route[] {
  return [
    { method: "GET", pattern: "/v2.1/servers", answer: (call) => list(world, call, briefServer) },
    {
      method: "GET",
      pattern: "/v2.1/servers/detail",
      answer: (call) => list(world, call, (asked, instance) => detailedServer(world, asked, instance)),
    },
    {
      method: "GET",
      pattern: "/v2.1/servers/:id",
      answer(call) {
        const instance = ownInstance(world, call);
        const groups = call.minor >= 71 ? { server_groups: instance.group === null ? [] : [instance.group.id] } : {};
        return ok({ server: { ...detailedServer(world, call, instance), ...groups } });
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
    links: serverLinks(call.base, id),
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
