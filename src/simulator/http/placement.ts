/** Placement 1.0 … 1.39. The world does the writing, as Nova does on a real cloud; only allocations can be replaced. */
import { z } from "zod";
import type { SimulatedCloud } from "../cloud.ts";
import { isAdmin } from "../identity.ts";
import { Refusal } from "../refusal.ts";
import { plus, shortOf, type Resources } from "../resources.ts";
import { allocate, release, type Host, type World } from "../world.ts";
import { callerOf, header, noContent, ok, param, type Answer, type Api, type Call, type Route } from "./api.ts";
import { unauthorized } from "./keystone.ts";
import { aggregatesOf } from "./nova/topology.ts";

export function placement(cloud: SimulatedCloud): Api {
  const { world } = cloud;
  const routes: readonly Route[] = [
    { method: "GET", pattern: "/", answer: () => ok({ versions: [version] }) },
    {
      method: "GET",
      pattern: "/resource_providers",
      answer(call) {
        demandAdmin(call, "resource_providers:list");
        return dated(world, { resource_providers: providers(world, call).map((host) => shown(call, host)) });
      },
    },
    provider("", "show", (call, host) => shown(call, host)),
    provider("/inventories", "inventories:list", (_call, host) => ({
      ...generation(host),
      inventories: inventories(host),
    })),
    provider("/usages", "usages", (_call, host) => ({ ...generation(host), usages: usages(host) })),
    provider("/allocations", "allocations:list", (call, host) => ({
      allocations: held(call, host),
      ...generation(host),
    })),
    provider("/traits", "traits:list", (_call, host) => ({ traits: traits(host), ...generation(host) })),
    provider("/aggregates", "aggregates:list", (call, host) => ({
      aggregates: aggregatesOf(world).flatMap(({ uuid, hosts }) => (hosts.includes(host.name) ? [uuid] : [])),
      ...(call.minor >= 19 ? generation(host) : {}),
    })),
    {
      method: "GET",
      pattern: "/allocations/:consumer",
      answer(call) {
        demandAdmin(call, "allocations:list");
        return dated(world, allocationsOf(world, call, param(call, "consumer")));
      },
    },
    {
      method: "PUT",
      pattern: "/allocations/:consumer",
      answer(call) {
        demandAdmin(call, "allocations:update");
        replaceAllocations(world, call, param(call, "consumer"));
        return noContent;
      },
    },
    {
      method: "GET",
      pattern: "/allocation_candidates",
      answer(call) {
        demandAdmin(call, "allocation_candidates:list");
        if (call.minor < 10) throw new Refusal(404, " ");
        return dated(world, candidates(world, call));
      },
    },
    {
      method: "GET",
      pattern: "/usages",
      answer(call) {
        demandAdmin(call, "usages");
        return dated(world, projectUsages(world, call));
      },
    },
  ];

  function provider(path: string, rule: string, body: (call: Call, host: Host) => unknown): Route {
    return {
      method: "GET",
      pattern: `/resource_providers/:id${path}`,
      answer(call) {
        demandAdmin(call, `resource_providers:${rule}`);
        return dated(world, body(call, hostWithId(world, param(call, "id"))));
      },
    };
  }

  return {
    name: "placement",
    prefix: "/placement",
    routes,
    admit(call) {
      const token = cloud.identity.find(header(call, "x-auth-token")) ?? null;
      if (call.path !== "/" && token === null) throw unauthorized();
      return { token, minor: call.path === "/" ? 0 : negotiated(call) };
    },
    headers: ({ minor }) => ({ "openstack-api-version": `placement 1.${minor}`, vary: "openstack-api-version" }),
    errorBody({ status, message }, { requestId, minor }) {
      if (status === 401) return { error: { code: 401, title: "Unauthorized", message } };
      const title = titles[status] ?? "Internal Server Error";
      const detail = `${preambles[status] ?? ""}\n\n ${message}  `;
      const limits = status === 406 ? { max_version: `1.${newest}`, min_version: "1.0" } : {};
      const code = minor >= 23 ? { code: "placement.undefined_code" } : {};
      return { errors: [{ status, title, detail, ...code, request_id: requestId, ...limits }] };
    },
  };
}

const newest = 39;
const version = {
  id: "v1.0",
  max_version: `1.${newest}`,
  min_version: "1.0",
  status: "CURRENT",
  links: [{ rel: "self", href: "" }],
};

function negotiated(call: Pick<Call, "headers">): number {
  const asked = header(call, "openstack-api-version");
  const own = asked?.split(",").find((entry) => entry.trim().startsWith("placement "));
  const text = own?.trim().slice("placement ".length);
  if (text === undefined) return 0;
  if (text === "latest") return newest;
  const [, minor] = /^1\.(\d+)$/.exec(text) ?? [];
  if (minor !== undefined && Number(minor) <= newest) return Number(minor);
  throw new Refusal(406, `Invalid microversion: Unacceptable version header: ${text}`);
}

function demandAdmin(call: Call, rule: string): void {
  if (isAdmin(callerOf(call))) return;
  throw new Refusal(403, `Policy does not allow placement:${rule} to be performed.`);
}

function hostWithId(world: World, id: string): Host {
  for (const host of world.hosts.values()) if (host.id === id) return host;
  throw new Refusal(404, `No resource provider with uuid ${id} found: No resource provider with uuid ${id} found`);
}

function providers(world: World, { query }: Call): readonly Host[] {
  const name = query.get("name");
  const id = query.get("uuid");
  const wanted = new Set((query.get("member_of") ?? "").replace(/^in:/, "").split(","));
  const members = new Set(aggregatesOf(world).flatMap(({ uuid, hosts }) => (wanted.has(uuid) ? hosts : [])));
  const { needs, excludes } = requiredTraits(query);
  const chosen = name === null ? [...world.hosts.values()] : [world.hosts.get(name)].flatMap((host) => host ?? []);
  return chosen.filter(
    (host) =>
      (id === null || host.id === id) &&
      (!query.has("member_of") || members.has(host.name)) &&
      hasTraits(host, needs, excludes),
  );
}

function shown({ minor }: Call, { id, name, generation: current }: Host): unknown {
  const kinds = ["inventories", "usages", "aggregates", "traits", "allocations"];
  const self = `/resource_providers/${id}`;
  const links = [{ rel: "self", href: self }, ...kinds.map((rel) => ({ rel, href: `${self}/${rel}` }))];
  const tree = minor >= 14 ? { parent_provider_uuid: null, root_provider_uuid: id } : {};
  return { uuid: id, name, generation: current, links, ...tree };
}

function generation(host: Host): { readonly resource_provider_generation: number } {
  return { resource_provider_generation: host.generation };
}

function inventories(host: Host): unknown {
  const shownEntry = ({ total, reserved, ratio }: { total: number; reserved: number; ratio: number }): unknown => ({
    total,
    reserved,
    min_unit: 1,
    max_unit: total,
    step_size: 1,
    allocation_ratio: ratio,
  });
  return Object.fromEntries([...host.inventory].map(([resource, entry]) => [resource, shownEntry(entry)]));
}

function usages(host: Host): Resources {
  return Object.fromEntries([...host.inventory.keys()].map((resource) => [resource, host.used[resource] ?? 0]));
}

function held({ minor }: Call, host: Host): unknown {
  const entries = [...host.allocations.values()].map(({ consumer, resources }) => [
    consumer,
    { resources, ...(minor >= 28 ? { consumer_generation: 1 } : {}) },
  ]);
  return Object.fromEntries(entries);
}

/** An unknown consumer simply holds nothing. */
function allocationsOf(world: World, { minor }: Call, consumer: string): unknown {
  const allocation = world.allocations.get(consumer);
  const host = allocation === undefined ? undefined : world.hosts.get(allocation.host);
  if (allocation === undefined || host === undefined) return { allocations: {} };
  return {
    allocations: { [host.id]: { resources: allocation.resources, generation: host.generation } },
    ...(minor >= 12 ? { project_id: allocation.project, user_id: allocation.user } : {}),
    ...(minor >= 28 ? { consumer_generation: 1 } : {}),
    ...(minor >= 38 ? { consumer_type: "unknown" } : {}),
  };
}

const NewAllocations = z.object({
  allocations: z.record(z.string(), z.object({ resources: z.record(z.string(), z.number().int().positive()) })),
  project_id: z.string(),
  user_id: z.string(),
  consumer_generation: z.number().nullable(),
});

/** As from 1.28 on. In this world a consumer holds resources of one host at most. */
function replaceAllocations(world: World, { body }: Call, consumer: string): void {
  const read = NewAllocations.safeParse(body);
  if (!read.success) throw new Refusal(400, `JSON does not validate: ${z.prettifyError(read.error)}`);
  const { allocations, project_id: project, user_id: user, consumer_generation: generation } = read.data;
  const known = world.allocations.has(consumer) ? 1 : null;
  if (generation !== known) {
    throw new Refusal(409, `consumer generation conflict - expected ${known} but got ${generation}`);
  }
  const entries = Object.entries(allocations);
  if (entries.length > 1) throw new Refusal(400, "the simulated cloud books a consumer on one host only");
  const [entry] = entries;
  if (entry === undefined) return release(world, consumer);
  const [id, { resources }] = entry;
  const host = hostWithId(world, id);
  const short = shortOf(resources, host.used, host.capacity);
  if (short !== undefined) throw new Refusal(409, `Unable to allocate inventory: ${short} of ${host.name}`);
  allocate(world, { id: consumer, project, user }, host, resources);
}

function candidates(world: World, { query, minor }: Call): unknown {
  const wanted = wantedResources(query);
  const limit = Number(query.get("limit") ?? Infinity);
  const { needs, excludes } = requiredTraits(query);
  const fitting: Host[] = [];
  for (const host of world.hosts.values()) {
    if (fitting.length >= limit) break;
    if (shortOf(wanted, host.used, host.capacity) !== undefined || !hasTraits(host, needs, excludes)) continue;
    fitting.push(host);
  }
  const requests = fitting.map(({ id }) => ({
    allocations: { [id]: { resources: wanted } },
    ...(minor >= 34 ? { mappings: { "": [id] } } : {}),
  }));
  return {
    allocation_requests: requests,
    provider_summaries: Object.fromEntries(fitting.map((host) => [host.id, summary(host)])),
  };
}

function summary(host: Host): unknown {
  const resources = [...host.inventory.keys()].map((resource) => [
    resource,
    { capacity: host.capacity[resource] ?? 0, used: host.used[resource] ?? 0 },
  ]);
  return {
    resources: Object.fromEntries(resources),
    traits: traits(host),
    parent_provider_uuid: null,
    root_provider_uuid: host.id,
  };
}

function wantedResources(query: URLSearchParams): Resources {
  const given = query.get("resources") ?? "";
  const pairs = given.split(",").map((pair) => pair.split(":"));
  if (pairs.some(([name, amount]) => !name || !/^[1-9]\d*$/.test(amount ?? ""))) {
    throw new Refusal(
      400,
      `Badly formed resources parameter. Expected resources query string parameter in form: ?resources=VCPU:2,MEMORY_MB:1024. Got: ${given}.`,
    );
  }
  return Object.fromEntries(pairs.map(([name, amount]) => [name, Number(amount)]));
}

interface TraitWish {
  readonly needs: readonly string[];
  readonly excludes: readonly string[];
}

function requiredTraits(query: URLSearchParams): TraitWish {
  const wishes = query
    .getAll("required")
    .flatMap((entry) => entry.split(","))
    .filter((wish) => wish !== "");
  return {
    needs: wishes.filter((wish) => !wish.startsWith("!")),
    excludes: wishes.filter((wish) => wish.startsWith("!")).map((wish) => wish.slice(1)),
  };
}

function hasTraits(host: Host, needs: readonly string[], excludes: readonly string[]): boolean {
  if (needs.length + excludes.length === 0) return true;
  const own = traits(host);
  return needs.every((trait) => own.includes(trait)) && !excludes.some((trait) => own.includes(trait));
}

/** The scheduler leaves a closed host out by this trait, so a client may as well. */
function traits({ service }: Host): readonly string[] {
  return service.disabled ? ["COMPUTE_STATUS_DISABLED", ...usualTraits] : usualTraits;
}

const usualTraits = ["COMPUTE_VOLUME_EXTEND", "COMPUTE_NET_ATTACH_INTERFACE", "COMPUTE_IMAGE_TYPE_RAW", "COMPUTE_NODE"];

function projectUsages(world: World, { query, minor }: Call): unknown {
  const project = query.get("project_id");
  if (project === null) throw new Refusal(400, "Badly formed querystring. 'project_id' is a required property");
  let sum: Resources = {};
  let consumers = 0;
  for (const allocation of world.allocations.values()) {
    if (allocation.project !== project) continue;
    sum = plus(sum, allocation.resources);
    consumers += 1;
  }
  return { usages: minor >= 38 ? { unknown: { ...sum, consumer_count: consumers } } : sum };
}

function dated(world: World, body: unknown): Answer {
  const headers = { "last-modified": new Date(world.clock.now()).toUTCString(), "cache-control": "no-cache" };
  return { ...ok(body), headers };
}

const titles: Readonly<Record<number, string>> = {
  400: "Bad Request",
  403: "Forbidden",
  404: "Not Found",
  406: "Not Acceptable",
  409: "Conflict",
  503: "Service Unavailable",
};

const preambles: Readonly<Record<number, string>> = {
  400: "The server could not comply with the request since it is either malformed or otherwise incorrect.",
  403: "Access was denied to this resource.",
  404: "The resource could not be found.",
  409: "There was a conflict when trying to complete your request.",
  406: "The resource could not be generated that was acceptable to your browser (content of type application/json. ",
};
