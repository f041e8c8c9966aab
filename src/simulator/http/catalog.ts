/** Keystone's catalog: the simulated services, those the simulator was given, and those that an admin registers. */
import type { Chance } from "../chance.ts";
import { isAdmin } from "../identity.ts";
import { Refusal } from "../refusal.ts";
import type { World } from "../world.ts";
import { type Answer, type Call, callerOf, object, ok, param, type Route } from "./api.ts";

/** A service in the catalog; the simulator's own ones are added to those given. */
export interface CatalogEntry {
  readonly type: string;
  readonly name: string;
  readonly url: string;
}

export interface CatalogService {
  readonly id: string;
  readonly type: string;
  readonly name: string;
  readonly endpoints: readonly Endpoint[];
}

interface Endpoint {
  readonly id: string;
  readonly interface: string;
  readonly region_id: string;
  readonly region: string;
  readonly url: string;
}

interface RegisteredService extends CatalogService {
  readonly endpoints: Endpoint[];
}

export interface SimulatedCatalog {
  services(): readonly CatalogService[];
  readonly routes: readonly Route[];
}

export function simulatedCatalog(world: World, entries: () => readonly CatalogEntry[]): SimulatedCatalog {
  const builtIn = catalogIds(world, entries);
  const registered: RegisteredService[] = [];
  const services = (): readonly CatalogService[] => [...builtIn(), ...registered];
  return { services, routes: [...readingRoutes(services), ...registeringRoutes(world.chance, registered)] };
}

const FACES = ["public", "internal", "admin"];

/** Ids are given once and kept; addresses are known only when the server listens. */
function catalogIds(
  { chance, settings: { region } }: World,
  entries: () => readonly CatalogEntry[],
): () => CatalogService[] {
  const ids = new Map<string, string>();
  const idOf = (what: string): string => {
    const id = ids.get(what) ?? chance.hex();
    ids.set(what, id);
    return id;
  };
  return () =>
    entries().map(({ type, name, url }) => ({
      endpoints: FACES.map((face) => ({
        id: idOf(`${type} ${face}`),
        interface: face,
        region_id: region,
        url,
        region,
      })),
      id: idOf(type),
      type,
      name,
    }));
}

const readingRoutes = (services: () => readonly CatalogService[]): readonly Route[] => [
  {
    method: "GET",
    pattern: "/v3/auth/catalog",
    answer: (call) => ok({ catalog: services(), links: { self: `${call.base}${call.path}` } }),
  },
  {
    method: "GET",
    pattern: "/v3/services",
    answer(call) {
      demandAdmin(call, "identity:list_services");
      const found = services().filter(({ type }) => [null, type].includes(call.query.get("type")));
      const links = { self: `${call.base}/v3/services`, previous: null, next: null };
      return ok({ services: found.map(serviceBody), links });
    },
  },
  {
    method: "GET",
    pattern: "/v3/endpoints",
    answer(call) {
      demandAdmin(call, "identity:list_endpoints");
      const found = services().filter(({ id }) => [null, id].includes(call.query.get("service_id")));
      const endpoints = found.flatMap(({ id, endpoints: own }) => own.map((endpoint) => endpointBody(id, endpoint)));
      return ok({ endpoints, links: { self: `${call.base}/v3/endpoints`, previous: null, next: null } });
    },
  },
];

const registeringRoutes = (chance: Chance, registered: RegisteredService[]): readonly Route[] => [
  {
    method: "POST",
    pattern: "/v3/services",
    answer(call) {
      demandAdmin(call, "identity:create_service");
      const given = object(object(call.body)?.["service"]);
      const [type, name] = [required(given, "type"), required(given, "name")];
      const service = { id: chance.hex(), type, name, endpoints: [] };
      registered.push(service);
      return created({ service: serviceBody(service) });
    },
  },
  {
    method: "POST",
    pattern: "/v3/endpoints",
    answer(call) {
      demandAdmin(call, "identity:create_endpoint");
      const given = object(object(call.body)?.["endpoint"]);
      const service = registered.find(({ id }) => id === given?.["service_id"]);
      if (service === undefined) throw new Refusal(400, "Endpoint service_id is not that of a registered service");
      const region = required(given, "region_id");
      const endpoint = {
        id: chance.hex(),
        interface: required(given, "interface"),
        region_id: region,
        region,
        url: required(given, "url"),
      };
      service.endpoints.push(endpoint);
      return created({ endpoint: endpointBody(service.id, endpoint) });
    },
  },
  {
    method: "PATCH",
    pattern: "/v3/endpoints/:id",
    answer(call) {
      demandAdmin(call, "identity:update_endpoint");
      const id = param(call, "id");
      const service = registered.find(({ endpoints }) => endpoints.some((one) => one.id === id));
      const at = service?.endpoints.findIndex((one) => one.id === id) ?? -1;
      const known = service?.endpoints[at];
      if (service === undefined || known === undefined) throw new Refusal(404, `Could not find endpoint: ${id}.`);
      const changed = { ...known, url: required(object(object(call.body)?.["endpoint"]), "url") };
      service.endpoints[at] = changed;
      return ok({ endpoint: endpointBody(service.id, changed) });
    },
  },
];

const created = (body: unknown): Answer => ({ status: 201, body });

const serviceBody = ({ id, type, name }: CatalogService) => ({ id, type, name, enabled: true, description: "" });
const endpointBody = (service: string, endpoint: Endpoint) => ({ ...endpoint, service_id: service, enabled: true });

function required(given: Readonly<Record<string, unknown>> | undefined, key: string): string {
  const value = given?.[key];
  if (typeof value !== "string" || value === "") throw new Refusal(400, `'${key}' is a required property`);
  return value;
}

export function demandAdmin(call: Call, rule: string): void {
  if (isAdmin(callerOf(call))) return;
  throw new Refusal(403, `You are not authorized to perform the requested action: ${rule}.`);
}
