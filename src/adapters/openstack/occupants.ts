/**
 * Who is on a host or coming to it. Three sources, since each alone has said "empty" of a host that was not: Nova lists an
 * instance on its source until a live migration is nearly over, Placement books both ends of a move, and a migration tells
 * of an instance whose destination has not been written down yet.
 */
import type { Occupants } from "../../domain/cloud.ts";
import type { HostName, InstanceId } from "../../domain/ids.ts";
import type { Clock } from "../../ports/clock.ts";
import type { HostConsumers } from "./host-consumers.ts";
import type { MigrationRow, Nova } from "./nova.ts";
import { limited } from "./patience.ts";
import { isMoving } from "./server-state.ts";

export interface OccupantsParts {
  readonly nova: Nova;
  readonly consumers: HostConsumers;
  readonly clock: Clock;
}

/** A migration that nobody has touched for a day is not under way; without a limit a host's whole past comes along. */
const MIGRATIONS_OF_MS = 24 * 3_600_000;

export function hostOccupants({ nova, consumers, clock }: OccupantsParts) {
  return async (host: HostName, { signal }: { readonly signal: AbortSignal }): Promise<Occupants> => {
    const since = new Date(clock.now().getTime() - MIGRATIONS_OF_MS).toISOString();
    const [servers, booked, migrations] = await Promise.all([
      nova.servers({ host }, { signal }),
      consumers(host, signal),
      nova.migrations({ host, "changes-since": since }, { signal }),
    ]);
    const here = new Set<string>(servers.filter((server) => server.host === host).map(({ id }) => id));
    const coming = [...new Set(migrations.filter((one) => comesTo(one, host)).map(({ instance }) => instance))];
    const arriving = await stillComing(
      coming.filter((id) => !here.has(id)),
      signal,
    );
    return {
      instances: [...here].sort() as InstanceId[],
      allocations: booked.filter((consumer) => !here.has(consumer)).sort(),
      arriving: arriving.sort(),
    };
  };

  /** A record of a migration stays as it was when its host died: the instance itself says whether it still moves. */
  async function stillComing(ids: readonly InstanceId[], signal: AbortSignal): Promise<InstanceId[]> {
    const servers = await limited(4, ids, (id) => nova.server(id, { signal }));
    return servers.flatMap((server) => (server !== null && comesStill(server) ? [server.id] : []));
  }
}

/** An evacuation is told by its task; while a server is rebuilt elsewhere its host is still the dead one. */
const comesStill = (server: Parameters<typeof isMoving>[0]): boolean =>
  isMoving(server) || (server.taskState?.startsWith("rebuil") ?? false);

function comesTo({ status, source, destination }: MigrationRow, host: HostName): boolean {
  if (status === "reverting") return source === host;
  return destination === host && UNDER_WAY.has(status);
}

const UNDER_WAY = new Set([
  "accepted",
  "queued",
  "preparing",
  "running",
  "running (post-copy)",
  "pre-migrating",
  "migrating",
  "post-migrating",
]);
