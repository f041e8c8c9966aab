/**
 * What Nova and Placement say about hosts and servers at a chosen moment, and what was wrong with that. It knows nothing
 * of Fenix: a session is judged by the state of the cloud, not by its own report.
 */
import { setTimeout as pause } from "node:timers/promises";
import type { Client } from "./nova-client.ts";

export interface SeenServer {
  readonly id: string;
  readonly name: string;
  readonly project: string;
  readonly status: string;
  readonly task: string | null;
  readonly host: string | null;
}

export interface SeenService {
  readonly id: string;
  readonly host: string;
  readonly binary: string;
  readonly status: string;
  readonly state: string;
  readonly reason: string | null;
  readonly forcedDown: boolean;
}

export interface SeenGroup {
  readonly id: string;
  readonly name: string;
  readonly policy: string;
  readonly members: readonly string[];
}

export interface SeenMigration {
  readonly instance: string;
  readonly status: string;
  readonly type: string;
  readonly source: string | null;
  readonly destination: string | null;
  readonly createdAt: Date;
  /** Null while it is under way. */
  readonly endedAt: Date | null;
  /** Whether it took the instance to its destination. */
  readonly arrived: boolean;
}

/** One moment of the cloud. */
export interface Snapshot {
  readonly at: Date;
  readonly label: string;
  readonly servers: readonly SeenServer[];
  readonly services: readonly SeenService[];
  readonly groups: readonly SeenGroup[];
  /** By host: the consumers (servers and migrations) that Placement has on it. */
  readonly consumers: ReadonlyMap<string, readonly string[]>;
}

/** Who is on one host by both sources; a host is empty when both lists are. */
export interface SeenOnHost {
  readonly at: Date;
  readonly host: string;
  readonly servers: readonly string[];
  readonly consumers: readonly string[];
}

export interface Observer {
  server(id: string): Promise<SeenServer | null>;
  servers(): Promise<readonly SeenServer[]>;
  services(): Promise<readonly SeenService[]>;
  migrations(server: string): Promise<readonly SeenMigration[]>;
  onHost(host: string): Promise<SeenOnHost>;
  snapshot(label?: string): Promise<Snapshot>;
  /** Takes a snapshot of one host again and again until told to stop; for "nobody was there while an action ran". */
  watchHost(host: string, everyMs?: number): { stop(): Promise<readonly SeenOnHost[]> };
  /** Books a server on another host in Placement than on its own, as a crash in mid-move can leave it. */
  bookElsewhere(server: string, host: string): Promise<void>;
  /** Resolves with the server once it is as wanted; throws after the time, saying how it was. Null: it is gone. */
  until(id: string, wanted: (server: SeenServer | null) => boolean, withinMs?: number): Promise<SeenServer | null>;
}

interface ServerBody {
  readonly id: string;
  readonly name: string;
  readonly tenant_id: string;
  readonly status: string;
  readonly "OS-EXT-STS:task_state": string | null;
  readonly "OS-EXT-SRV-ATTR:host": string | null;
}

interface ServiceBody {
  readonly id: string;
  readonly host: string;
  readonly binary: string;
  readonly status: string;
  readonly state: string;
  readonly disabled_reason: string | null;
  readonly forced_down: boolean;
}

interface MigrationBody {
  readonly instance_uuid: string;
  readonly status: string;
  readonly migration_type: string;
  readonly source_compute: string | null;
  readonly dest_compute: string | null;
  readonly created_at: string;
  readonly updated_at: string | null;
}

interface HeldBody {
  readonly allocations: Readonly<Record<string, { readonly resources: unknown }>>;
  readonly project_id: string;
  readonly user_id: string;
  readonly consumer_generation: number;
}

export function novaObserver(admin: Client): Observer {
  let providers: ReadonlyMap<string, string> | null = null;

  const providerOf = async (host: string): Promise<string | undefined> => {
    providers ??= await readProviders();
    if (!providers.has(host)) providers = await readProviders();
    return providers.get(host);
  };
  const readProviders = async (): Promise<ReadonlyMap<string, string>> => {
    const path = "/os-hypervisors/detail";
    const { hypervisors } = await admin.get<{ hypervisors: { id: string; service: { host: string } }[] }>(
      "compute",
      path,
    );
    return new Map(hypervisors.map(({ id, service }) => [service.host, id]));
  };
  const consumersOn = async (host: string): Promise<readonly string[]> => {
    const provider = await providerOf(host);
    if (provider === undefined) return [];
    const path = `/resource_providers/${provider}/allocations`;
    return Object.keys((await admin.get<{ allocations: object }>("placement", path)).allocations);
  };
  const list = async (query: string): Promise<readonly SeenServer[]> => {
    const all: SeenServer[] = [];
    for (let marker = ""; ;) {
      const path = `/servers/detail?all_tenants=1${query}${marker}`;
      const page = await admin.get<{ servers: ServerBody[]; servers_links?: unknown[] }>("compute", path);
      all.push(...page.servers.map(toServer));
      if (page.servers_links === undefined) return all;
      marker = `&marker=${all.at(-1)?.id}`;
    }
  };

  const observer: Observer = {
    async server(id) {
      const { status, body } = await admin.ask<{ server: ServerBody }>("compute", "GET", `/servers/${id}`);
      if (status === 404) return null;
      if (status !== 200) throw new Error(`GET /servers/${id}: ${status}`);
      return toServer(body.server);
    },
    servers: () => list(""),
    async services() {
      const { services } = await admin.get<{ services: ServiceBody[] }>("compute", "/os-services");
      return services.map(({ disabled_reason: reason, forced_down: forcedDown, ...row }) => ({
        ...{ id: row.id, host: row.host, binary: row.binary, status: row.status, state: row.state },
        reason,
        forcedDown,
      }));
    },
    async migrations(server) {
      const path = `/os-migrations?instance_uuid=${server}`;
      const { migrations } = await admin.get<{ migrations: MigrationBody[] }>("compute", path);
      return migrations.map((row) => ({
        instance: row.instance_uuid,
        status: row.status,
        type: row.migration_type,
        source: row.source_compute,
        destination: row.dest_compute,
        createdAt: timeOf(row.created_at),
        endedAt: isOver(row.status) ? timeOf(row.updated_at ?? row.created_at) : null,
        arrived: row.status === "completed" || row.status === "confirmed",
      }));
    },
    async onHost(host) {
      const at = new Date();
      const [servers, consumers] = await Promise.all([list(`&host=${encodeURIComponent(host)}`), consumersOn(host)]);
      return { at, host, servers: servers.map(({ id }) => id), consumers };
    },
    async snapshot(label = "") {
      const at = new Date();
      const [servers, services, { server_groups: groups }] = await Promise.all([
        list(""),
        observer.services(),
        admin.get<{ server_groups: SeenGroup[] }>("compute", "/os-server-groups?all_projects=1"),
      ]);
      const computes = services.filter(({ binary }) => binary === "nova-compute").map(({ host }) => host);
      const consumers = new Map<string, readonly string[]>();
      for (const host of computes) consumers.set(host, await consumersOn(host));
      return { at, label, servers, services, groups, consumers };
    },
    watchHost(host, everyMs = 1_000) {
      const seen: SeenOnHost[] = [];
      const enough = new AbortController();
      const watching = (async () => {
        do {
          seen.push(await observer.onHost(host));
          await pause(everyMs, undefined, { signal: enough.signal }).catch(() => undefined);
        } while (!enough.signal.aborted);
      })();
      watching.catch(() => undefined); // Told by stop().
      return {
        async stop() {
          enough.abort();
          await watching;
          return seen;
        },
      };
    },
    async bookElsewhere(server, host) {
      const path = `/allocations/${server}`;
      const { allocations, ...held } = await admin.get<HeldBody>("placement", path);
      const [resources] = Object.values(allocations).map((one) => one.resources);
      const provider = (await providerOf(host)) ?? "";
      const body = { ...held, allocations: { [provider]: { resources } } };
      const { status } = await admin.ask("placement", "PUT", path, body);
      if (status !== 204) throw new Error(`PUT ${path}: ${status}`);
    },
    async until(id, wanted, withinMs = 180_000) {
      const end = Date.now() + withinMs;
      for (;;) {
        const server = await observer.server(id);
        if (wanted(server)) return server;
        if (Date.now() > end) throw new Error(`waited ${withinMs} ms in vain, it is ${JSON.stringify(server)}`);
        await pause(150);
      }
    },
  };
  return observer;
}

/** Pairs of members of one anti-affinity group on one host, by group. A move's two ends count as the server's host. */
export function brokenAntiAffinity({ servers, groups }: Pick<Snapshot, "servers" | "groups">): readonly string[] {
  const hostOf = new Map(servers.map(({ id, host }) => [id, host]));
  return groups
    .filter(({ policy }) => policy === "anti-affinity")
    .flatMap(({ name, members }) => {
      const hosts = members.map((id) => hostOf.get(id) ?? null).filter((host) => host !== null);
      const doubled = [...new Set(hosts.filter((host, place) => hosts.indexOf(host) !== place))];
      return doubled.map((host) => `group ${name} has several members on ${host}`);
    });
}

/**
 * What is wrong at the end of a session, compared with its beginning: a server lost, not as it was, booked twice or
 * nowhere in Placement, an anti-affinity broken, a service not as it was. `gone` were deleted by their own projects.
 */
export function wrongAtEnd(
  before: Snapshot,
  after: Snapshot,
  gone: ReadonlySet<string> = new Set(),
): readonly string[] {
  const wrong: string[] = [];
  const now = new Map(after.servers.map((server) => [server.id, server]));
  for (const server of before.servers) {
    const found = now.get(server.id);
    if (found === undefined) {
      if (!gone.has(server.id)) wrong.push(`${server.name} is lost`);
      continue;
    }
    if (found.status !== server.status || found.task !== null) {
      wrong.push(`${found.name} was ${server.status} and is ${found.status}, task ${found.task ?? "none"}`);
    }
  }
  for (const { id, name, host } of after.servers) {
    const booked = [...after.consumers].filter(([, consumers]) => consumers.includes(id)).map(([where]) => where);
    if (booked.length !== 1 || booked[0] !== host)
      wrong.push(`${name} is on ${host}, and booked on ${booked.join(" and ") || "no host"}`);
  }
  const servers = new Set(after.servers.map(({ id }) => id));
  for (const [host, consumers] of after.consumers) {
    for (const consumer of consumers)
      if (!servers.has(consumer)) wrong.push(`${consumer} still holds a place on ${host}`);
  }
  const services = new Map(after.services.map((service) => [service.id, service]));
  for (const { id, host, binary, status, reason } of before.services) {
    const found = services.get(id);
    if (found?.status !== status || found.reason !== reason) {
      wrong.push(`${binary} on ${host} was ${status} (${reason}) and is ${found?.status ?? "gone"} (${found?.reason})`);
    }
  }
  return [...wrong, ...brokenAntiAffinity(after)];
}

/** Nova writes UTC without a zone. */
const timeOf = (text: string): Date => new Date(`${text}Z`);

/** A cold move has not ended before it is confirmed (Nova: "finished" waits for that). */
const isOver = (status: string): boolean =>
  ["completed", "confirmed", "reverted", "error", "failed", "cancelled", "done"].includes(status);

const toServer = (row: ServerBody): SeenServer => ({
  id: row.id,
  name: row.name,
  project: row.tenant_id,
  status: row.status,
  task: row["OS-EXT-STS:task_state"],
  host: row["OS-EXT-SRV-ATTR:host"],
});
