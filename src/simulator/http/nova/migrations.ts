import type { SimulatedCloud } from "../../cloud.ts";
import { abortLiveMigration, forceCompleteLiveMigration } from "../../live-migration.ts";
import { isOver } from "../../migrations.ts";
import { Refusal } from "../../refusal.ts";
import { positionOf, type Instance, type Migration, type World } from "../../world.ts";
import { accepted, askerOf, object, ok, param, stamp, type Call, type Route } from "../api.ts";
import { nextLink, pageOf, time } from "./input.ts";
import { demandAdmin } from "./policy.ts";
import { ownInstance } from "./servers.ts";

export function migrationRoutes({ world }: SimulatedCloud): readonly Route[] {
  return [
    {
      method: "GET",
      pattern: "/v2.1/os-migrations",
      answer(call) {
        demandAdmin(call, "os-migrations:index");
        if (call.minor < 59)
          return ok({ migrations: [...wanted(world, call)].map((migration) => shown(call, migration)) });
        const { items, next } = pageOf(wanted(world, call), call);
        const more = next === undefined ? {} : { migrations_links: nextLink(call, next.id) };
        return ok({ migrations: items.map((migration) => shown(call, migration)), ...more });
      },
    },
    {
      method: "GET",
      pattern: "/v2.1/servers/:id/migrations",
      answer(call) {
        demandAdmin(call, "servers:migrations:index");
        const running = ownInstance(world, call).migrations.filter(isLiveInProgress);
        return ok({ migrations: running.map((migration) => shownInProgress(call, migration)) });
      },
    },
    {
      method: "GET",
      pattern: "/v2.1/servers/:id/migrations/:migration",
      answer(call) {
        demandAdmin(call, "servers:migrations:show");
        return ok({ migration: shownInProgress(call, liveInProgress(ownInstance(world, call), call)) });
      },
    },
    {
      method: "DELETE",
      pattern: "/v2.1/servers/:id/migrations/:migration",
      answer(call) {
        demandAdmin(call, "servers:migrations:delete");
        const instance = ownInstance(world, call);
        if (instance.taskState !== "migrating") {
          throw new Refusal(409, `Instance ${instance.id} is in an invalid state for 'abort live migration'`);
        }
        abortLiveMigration(world, instance, liveInProgress(instance, call), askerOf(call));
        return accepted;
      },
    },
    {
      method: "POST",
      pattern: "/v2.1/servers/:id/migrations/:migration/action",
      answer(call) {
        demandAdmin(call, "servers:migrations:force_complete");
        if (object(call.body)?.["force_complete"] !== null) throw new Refusal(400, "There is no such action");
        const instance = ownInstance(world, call);
        forceCompleteLiveMigration(world, instance, liveInProgress(instance, call), askerOf(call));
        return accepted;
      },
    },
  ];
}

/** Newest first; of instances that are gone Nova shows none. */
function* wanted(world: World, call: Call): Iterable<Migration> {
  const { query } = call;
  const instance = query.get("instance_uuid");
  const since = time(query, "changes-since") ?? -Infinity;
  const before = time(query, "changes-before") ?? Infinity;
  const equal = {
    status: query.get("status"),
    type: query.get("migration_type"),
    source: query.get("source_compute"),
  } as const;
  const host = query.get("host");
  const from = call.minor < 59 ? null : query.get("marker");
  const marker = from === null ? undefined : world.migrations.find(({ id }) => id === from);
  if (from !== null && marker === undefined) throw new Refusal(400, `Marker ${from} could not be found.`);
  const chosen = candidates(world, instance, host ?? equal.source);
  const start = marker === undefined ? chosen.length : positionOf(chosen, marker.number);
  for (let place = start - 1; place >= 0; place -= 1) {
    const migration = chosen[place];
    if (migration === undefined || migration.instance.vmState === "deleted") continue;
    if (equal.status !== null && migration.status !== equal.status) continue;
    if (equal.type !== null && migration.type !== equal.type) continue;
    if (equal.source !== null && migration.source !== equal.source) continue;
    if (host !== null && migration.source !== host && migration.destination !== host) continue;
    if (migration.updatedAt < since || migration.updatedAt > before) continue;
    yield migration;
  }
}

/** Oldest first: no more than have to be looked at. */
function candidates(world: World, instance: string | null, host: string | null): readonly Migration[] {
  if (instance !== null) return world.instancesById.get(instance)?.migrations ?? [];
  return host === null ? world.migrations : (world.migrationsAt.get(host) ?? []);
}

function shown({ base, minor }: Call, migration: Migration): unknown {
  const { id, number, source, destination, instance, type, status } = migration;
  const flavor = instance.flavor.number;
  const cold = type === "migration";
  return {
    id: number,
    ...(minor >= 59 ? { uuid: id } : {}),
    source_compute: source,
    dest_compute: destination,
    source_node: migration.sourceNodeKnown ? source : null,
    dest_node: destination,
    // The address of the destination's hypervisor, which only a cold migration writes down.
    dest_host: cold && destination !== null ? "192.168.0.1" : null,
    old_instance_type_id: flavor,
    new_instance_type_id: flavor,
    instance_uuid: instance.id,
    status,
    ...(minor >= 23 ? { migration_type: type } : {}),
    ...owner(migration, minor),
    created_at: stamp(migration.createdAt),
    updated_at: stamp(migration.updatedAt),
    ...(minor >= 23 && isLiveInProgress(migration) ? { links: links(base, migration) } : {}),
  };
}

function links(base: string, { instance, number }: Migration): unknown {
  const path = `servers/${instance.id}/migrations/${number}`;
  return [
    { rel: "self", href: `${base}/v2.1/${path}` },
    { rel: "bookmark", href: `${base}/${path}` },
  ];
}

function shownInProgress({ minor }: Call, migration: Migration): unknown {
  const { number, id, source, destination, instance, status } = migration;
  const bytes = (what: string): Record<string, null> => ({
    [`${what}_processed_bytes`]: null,
    [`${what}_remaining_bytes`]: null,
    [`${what}_total_bytes`]: null,
  });
  return {
    created_at: stamp(migration.createdAt),
    dest_compute: destination,
    dest_host: null,
    dest_node: destination,
    ...bytes("disk"),
    id: number,
    ...bytes("memory"),
    server_uuid: instance.id,
    source_compute: source,
    source_node: source,
    status,
    updated_at: stamp(migration.updatedAt),
    ...(minor >= 59 ? { uuid: id } : {}),
    ...owner(migration, minor),
  };
}

function owner({ user, project }: Migration, minor: number): Readonly<Record<string, string>> {
  return minor >= 80 ? { user_id: user, project_id: project } : {};
}

function isLiveInProgress(migration: Migration): boolean {
  return migration.type === "live-migration" && !isOver(migration);
}

function liveInProgress(instance: Instance, call: Call): Migration {
  const number = param(call, "migration");
  const migration = instance.migrations.find(
    (candidate) => `${candidate.number}` === number && isLiveInProgress(candidate),
  );
  if (migration === undefined) {
    throw new Refusal(404, `In-progress live migration ${number} is not found for server ${instance.id}.`);
  }
  return migration;
}
