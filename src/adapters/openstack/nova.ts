/**
 * Nova's API, as far as Fenix uses it. One function per request; the schemas ask only for what is used.
 *
 * Every call works from 2.53 (Nova 17, Queens has 2.60) on; where a newer version tells more, it is asked for.
 */
import { z } from "zod";
import { GroupId, HostName, InstanceId, ProjectId } from "../../domain/ids.ts";
import { versions } from "./microversion.ts";
import { route, type Called, type Service } from "./service.ts";

export type Nova = ReturnType<typeof novaApi>;

const BASE = versions("2.53");

/**
 * Below 2.56 Nova accepts a host for a cold migration and ignores it, so an older one must never be asked.
 * From 2.30 on a live migration to a named host is checked by the scheduler, as BASE implies.
 */
const COLD_TO_HOST = versions("2.56");

/** 2.59 brought `changes-since`; without it a busy host's whole past would come along. */
const MIGRATIONS = versions("2.53", "2.59");

/** From 2.65 on, one that is only queued can be aborted too. */
const LIVE_ABORT = versions("2.53", "2.65");

/** From 2.64 a group has one `policy` and its `rules`. */
const GROUPS = versions("2.53", "2.64");

/** From 2.84 an event tells its reason in `details`. */
const ACTIONS = versions("2.53", "2.84");

/** Nova's own upper limit, unless an operator changed it. Paging goes on while there is a next page. */
export const PAGE_SIZE = 1_000;

type Options = { readonly signal: AbortSignal };

export function novaApi(nova: Service, pageSize: number) {
  const limit = String(pageSize);
  return {
    services: async ({ signal }: Options): Promise<readonly ServiceRow[]> =>
      (
        await nova.get({
          doing: "list the compute services",
          route: route`/os-services`,
          version: BASE,
          schema: Services,
          signal,
        })
      ).services,

    /** Null when the host has no compute service. */
    async computeService(host: HostName, { signal }: Options): Promise<ServiceRow | null> {
      const { services } = await nova.get({
        doing: `look at the compute service of ${host}`,
        route: route`/os-services`,
        query: { host, binary: COMPUTE },
        version: BASE,
        schema: Services,
        signal,
      });
      return services.find((row) => row.host === host && row.binary === COMPUTE) ?? null;
    },

    /** Disabling again without a reason would erase the reason, so there is always one. */
    disableService: (id: string, host: HostName, reason: string, { signal }: Options): Promise<Called<unknown>> =>
      nova.ask({
        doing: `close ${host}`,
        method: "PUT",
        route: route`/os-services/${id}`,
        version: BASE,
        body: { status: "disabled", disabled_reason: reason.slice(0, REASON_LENGTH_MAX) },
        schema: Anything,
        signal,
      }),

    enableService: (id: string, host: HostName, { signal }: Options): Promise<Called<unknown>> =>
      nova.ask({
        doing: `open ${host}`,
        method: "PUT",
        route: route`/os-services/${id}`,
        version: BASE,
        body: { status: "enabled" },
        schema: Anything,
        signal,
      }),

    /** Nova takes the host out of its aggregates and its provider out of Placement. It answers 409 while servers are on it. */
    deleteService: (id: string, host: HostName, { signal }: Options): Promise<Called<unknown>> =>
      nova.ask({
        doing: `delete the compute service of ${host}`,
        method: "DELETE",
        route: route`/os-services/${id}`,
        version: BASE,
        schema: Anything,
        signal,
      }),

    aggregates: async ({ signal }: Options): Promise<readonly AggregateRow[]> =>
      (
        await nova.get({
          doing: "list the host aggregates",
          route: route`/os-aggregates`,
          version: BASE,
          schema: Aggregates,
          signal,
        })
      ).aggregates,

    /** Asked at 2.53: from 2.88 on Nova would ask every single host for its uptime. */
    hypervisors: ({ signal }: Options): Promise<readonly HypervisorRow[]> =>
      allPages(
        ({ id }) => ({ marker: id }),
        async (page) => {
          const answer = await nova.get({
            doing: "list the hypervisors",
            route: route`/os-hypervisors/detail`,
            query: { limit, ...page },
            version: BASE,
            schema: Hypervisors,
            signal,
          });
          return { rows: answer.hypervisors, more: hasNext(answer.hypervisors_links) };
        },
      ),

    /** `filter` as Nova has it: `host`, `changes-since` (which lists deleted servers too). */
    servers: (filter: Readonly<Record<string, string>>, { signal }: Options): Promise<readonly ServerRow[]> =>
      allPages(
        ({ id }) => ({ marker: id }),
        async (page) => {
          const answer = await nova.get({
            doing: "list the servers",
            route: route`/servers/detail`,
            query: { all_tenants: "1", limit, ...filter, ...page },
            version: BASE,
            schema: Servers,
            signal,
          });
          return { rows: answer.servers, more: hasNext(answer.servers_links) };
        },
      ),

    /** Null when there is none. */
    async server(id: InstanceId, { signal }: Options): Promise<ServerRow | null> {
      const called = await nova.ask({
        doing: `look at server ${id}`,
        route: route`/servers/${id}`,
        version: BASE,
        schema: OneServer,
        signal,
      });
      if (called.kind === "rejected") return null;
      return called.value.server.status === "DELETED" ? null : called.value.server;
    },

    /** Nova pages this list by offset, unlike its others, and does not say when it ends: an empty page is the end. */
    async groups({ signal }: Options): Promise<readonly GroupRow[]> {
      const groups: GroupRow[] = [];
      for (;;) {
        const page = await nova.get({
          doing: "list the server groups",
          route: route`/os-server-groups`,
          query: { all_projects: "1", limit, offset: String(groups.length) },
          version: GROUPS,
          schema: Groups,
          signal,
        });
        if (page.server_groups.length === 0) return groups;
        groups.push(...page.server_groups);
      }
    },

    /** Newest first. `filter` as Nova has it: `instance_uuid`, `host` (source or destination), `changes-since`. */
    async migrations(filter: Readonly<Record<string, string>>, { signal }: Options): Promise<readonly MigrationRow[]> {
      const { "changes-since": since, ...others } = filter;
      const dated = since !== undefined && (await nova.knows(versions("2.59"), signal));
      const { migrations } = await nova.get({
        doing: "list the migrations",
        route: route`/os-migrations`,
        query: dated ? filter : others,
        version: MIGRATIONS,
        schema: Migrations,
        signal,
      });
      return migrations;
    },

    /** Live migrations of the server that are under way; Nova calls one `running` while it copies. */
    async liveMigrations(id: InstanceId, { signal }: Options): Promise<readonly LiveMigrationRow[]> {
      const called = await nova.ask({
        doing: `look at the live migration of server ${id}`,
        route: route`/servers/${id}/migrations`,
        version: BASE,
        schema: LiveMigrations,
        signal,
      });
      return called.kind === "done" ? called.value.migrations : [];
    },

    abortLiveMigration: (id: InstanceId, migration: string, { signal }: Options): Promise<Called<unknown>> =>
      nova.ask({
        doing: `abort the live migration of server ${id}`,
        method: "DELETE",
        route: route`/servers/${id}/migrations/${migration}`,
        version: LIVE_ABORT,
        schema: Anything,
        signal,
      }),

    forceLiveMigration: (id: InstanceId, migration: string, { signal }: Options): Promise<Called<unknown>> =>
      nova.ask({
        doing: `complete the live migration of server ${id}`,
        method: "POST",
        route: route`/servers/${id}/migrations/${migration}/action`,
        version: BASE,
        body: { force_complete: null },
        schema: Anything,
        signal,
      }),

    canMigrateToHost: ({ signal }: Options): Promise<boolean> => nova.knows(COLD_TO_HOST, signal),

    migrate: (id: InstanceId, to: HostName | null, { signal }: Options): Promise<Called<unknown>> =>
      nova.ask({
        ...action(id, `migrate server ${id}`, { migrate: to === null ? null : { host: to } }),
        version: to === null ? BASE : COLD_TO_HOST,
        signal,
      }),

    liveMigrate: (id: InstanceId, to: HostName | null, { signal }: Options): Promise<Called<unknown>> =>
      nova.ask({
        ...action(id, `live-migrate server ${id}`, { "os-migrateLive": { host: to, block_migration: "auto" } }),
        signal,
      }),

    confirmResize: (id: InstanceId, { signal }: Options): Promise<Called<unknown>> =>
      nova.ask({ ...action(id, `confirm the move of server ${id}`, { confirmResize: null }), signal }),

    resetToActive: (id: InstanceId, { signal }: Options): Promise<Called<unknown>> =>
      nova.ask({ ...action(id, `reset the state of server ${id}`, { "os-resetState": { state: "active" } }), signal }),

    hardReboot: (id: InstanceId, { signal }: Options): Promise<Called<unknown>> =>
      nova.ask({ ...action(id, `reboot server ${id}`, { reboot: { type: "HARD" } }), signal }),

    /** Newest first. */
    async actions(id: InstanceId, { signal }: Options): Promise<readonly ActionRow[]> {
      const called = await nova.ask({
        doing: `list what was done to server ${id}`,
        route: route`/servers/${id}/os-instance-actions`,
        version: ACTIONS,
        schema: Actions,
        signal,
      });
      return called.kind === "done" ? called.value.instanceActions : [];
    },

    /** The action that began with that very request; null while it is not known yet. */
    async action(id: InstanceId, requestId: string, { signal }: Options): Promise<ActionDetail | null> {
      const called = await nova.ask({
        doing: `look at what was done to server ${id}`,
        route: route`/servers/${id}/os-instance-actions/${requestId}`,
        version: ACTIONS,
        schema: OneAction,
        signal,
      });
      return called.kind === "done" ? called.value.instanceAction : null;
    },
  };
}

export const COMPUTE = "nova-compute";
export const CONDUCTOR = "nova-conductor";

/** Nova's limit for `disabled_reason`. */
const REASON_LENGTH_MAX = 255;

const action = (id: InstanceId, doing: string, body: unknown) => ({
  doing,
  method: "POST" as const,
  route: route`/servers/${id}/action`,
  version: BASE,
  body,
  schema: Anything,
});

const Links = z.array(z.object({ rel: z.string() })).default([]);
const hasNext = (links: z.infer<typeof Links>): boolean => links.some(({ rel }) => rel === "next");

/**
 * Follows pages by the last row's marker, on our own URL: the links of a cloud behind a proxy often lead nowhere.
 */
async function allPages<Row>(
  after: (last: Row) => Readonly<Record<string, string>>,
  read: (page: Readonly<Record<string, string>>) => Promise<{ rows: readonly Row[]; more: boolean }>,
): Promise<readonly Row[]> {
  const all: Row[] = [];
  for (let page: Readonly<Record<string, string>> = {}; ;) {
    const { rows, more } = await read(page);
    all.push(...rows);
    const last = rows.at(-1);
    if (!more || last === undefined) return all;
    page = after(last);
  }
}

const ServiceRow = z.object({
  id: z.string(),
  binary: z.string(),
  host: HostName,
  zone: z.string().default(""),
  status: z.enum(["enabled", "disabled"]),
  state: z.string(),
  disabled_reason: z.string().nullish(),
});
export type ServiceRow = z.infer<typeof ServiceRow>;

const AggregateRow = z.object({
  name: z.string(),
  hosts: z.array(HostName),
  metadata: z.record(z.string(), z.string()).default({}),
});
export type AggregateRow = z.infer<typeof AggregateRow>;

const HypervisorRow = z.object({ id: z.string(), service: z.object({ host: HostName }) });
export type HypervisorRow = z.infer<typeof HypervisorRow>;

/** From 2.47 on the flavor is told as it was when the server was made. `disk` is 0 for a server on a volume. */
const FlavorPart = z.object({
  vcpus: z.number(),
  ram: z.number(),
  disk: z.number(),
  ephemeral: z.number().default(0),
  swap: z.number().default(0),
  extra_specs: z.record(z.string(), z.string()).default({}),
});
export type FlavorPart = z.infer<typeof FlavorPart>;

const ServerRow = z
  .object({
    id: InstanceId,
    name: z.string().nullish(),
    tenant_id: ProjectId,
    status: z.string(),
    updated: z.iso.datetime().pipe(z.coerce.date()),
    flavor: FlavorPart,
    fault: z.object({ message: z.string() }).optional(),
    "OS-EXT-SRV-ATTR:host": HostName.nullish(),
    "OS-EXT-STS:task_state": z.string().nullish(),
    "OS-EXT-AZ:availability_zone": z.string().nullish(),
  })
  .transform((row) => ({
    id: row.id,
    name: row.name ?? "",
    project: row.tenant_id,
    status: row.status,
    taskState: row["OS-EXT-STS:task_state"] ?? null,
    host: row["OS-EXT-SRV-ATTR:host"] ?? null,
    zone: row["OS-EXT-AZ:availability_zone"] ?? "",
    updated: row.updated,
    flavor: row.flavor,
    fault: row.fault?.message ?? null,
  }));
export type ServerRow = z.infer<typeof ServerRow>;

const Policy = z.enum(["affinity", "anti-affinity", "soft-affinity", "soft-anti-affinity"]);

/** Below 2.64 `policies` is a list of one. */
const GroupRow = z
  .object({
    id: GroupId,
    name: z.string(),
    project_id: ProjectId,
    members: z.array(InstanceId),
    policy: Policy.optional(),
    policies: z.array(Policy).default([]),
    rules: z.object({ max_server_per_host: z.coerce.number().optional() }).default({}),
  })
  .transform((row, context) => {
    const policy = row.policy ?? row.policies[0];
    if (policy === undefined) {
      context.addIssue("a server group without a policy");
      return z.NEVER;
    }
    const { id, name, members, project_id: project, rules } = row;
    return { id, name, members, project, policy, maxPerHost: rules.max_server_per_host ?? 1 };
  });
export type GroupRow = z.infer<typeof GroupRow>;

const MigrationRow = z
  .object({
    /** From 2.59 on. */
    uuid: z.string().nullish(),
    instance_uuid: InstanceId,
    status: z.string(),
    migration_type: z.string().nullish(),
    source_compute: HostName.nullish(),
    dest_compute: HostName.nullish(),
  })
  .transform((row) => ({
    id: row.uuid ?? null,
    instance: row.instance_uuid,
    status: row.status,
    type: row.migration_type ?? "",
    source: row.source_compute ?? null,
    destination: row.dest_compute ?? null,
  }));
export type MigrationRow = z.infer<typeof MigrationRow>;

const LiveMigrationRow = z.object({ id: z.number(), status: z.string() });
type LiveMigrationRow = z.infer<typeof LiveMigrationRow>;

const ActionRow = z.object({ action: z.string(), request_id: z.string() });
export type ActionRow = z.infer<typeof ActionRow>;

const ActionDetail = z.object({
  action: z.string(),
  /** Not null once the action as a whole has failed. Null proves nothing. */
  message: z.string().nullable(),
  events: z
    .array(z.object({ event: z.string(), result: z.string().nullable(), details: z.string().nullish() }))
    .default([]),
});
export type ActionDetail = z.infer<typeof ActionDetail>;

// The answers as a whole. zod makes a program of each schema at its first use, so none is made anew for every call.
const Anything = z.unknown();
const Services = z.object({ services: z.array(ServiceRow) });
const Aggregates = z.object({ aggregates: z.array(AggregateRow) });
const Hypervisors = z.object({ hypervisors: z.array(HypervisorRow), hypervisors_links: Links });
const Servers = z.object({ servers: z.array(ServerRow), servers_links: Links });
const OneServer = z.object({ server: ServerRow });
const Groups = z.object({ server_groups: z.array(GroupRow) });
const Migrations = z.object({ migrations: z.array(MigrationRow) });
const LiveMigrations = z.object({ migrations: z.array(LiveMigrationRow) });
const Actions = z.object({ instanceActions: z.array(ActionRow) });
const OneAction = z.object({ instanceAction: ActionDetail });
