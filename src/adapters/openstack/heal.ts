/**
 * Puts right what a compute that died in mid-move left in Placement: the server, or its migration, stays booked on a host
 * where it is not, for ever. Only what Nova proves is touched, and only as it was read: an allocation that somebody changes
 * meanwhile keeps the change.
 */
import { type HostName, InstanceId } from "../../domain/ids.ts";
import type { CallOptions } from "../../ports/cloud.ts";
import type { HostConsumers } from "./host-consumers.ts";
import type { HostProviders } from "./host-providers.ts";
import type { Nova, ServerRow } from "./nova.ts";
import type { Held, Placement } from "./placement.ts";

export interface HealParts {
  readonly nova: Nova;
  readonly placement: Placement;
  readonly providers: HostProviders;
  readonly consumers: HostConsumers;
}

export function allocationHealer({ nova, placement, providers, consumers }: HealParts) {
  return async (host: HostName, { signal }: CallOptions): Promise<readonly string[]> => {
    if (!(await placement.canReplaceAllocations({ signal }))) return [];
    const booked = await consumers(host, signal);
    if (booked.length === 0) return [];
    const migrations = await nova.migrations({ host }, { signal });
    const healed: string[] = [];
    for (const consumer of booked) {
      const migration = migrations.find(({ id }) => id === consumer);
      const id = migration?.instance ?? InstanceId.parse(consumer);
      const server = await nova.server(id, { signal });
      // Nova shows neither servers nor migrations that are gone, so what it does not know may be somebody else's.
      if (server === null || !isAtRestElsewhere(server, host)) continue;
      const sentence = await (migration ? endMigration(consumer, server) : moveHome(consumer, server));
      if (sentence !== null) healed.push(sentence);
    }
    return healed;

    /** A migration needs its place on the host no more when its server is at rest elsewhere. */
    async function endMigration(consumer: string, server: AtRest): Promise<string | null> {
      const held = await placement.held(consumer, { signal });
      const answer = await placement.replace(consumer, held, {}, { signal });
      if (answer.kind === "rejected") return null;
      return `the allocation of migration ${consumer} was taken off ${host}: its server ${server.id} is on ${server.host}`;
    }

    /** A server is booked where it is. */
    async function moveHome(consumer: string, server: AtRest): Promise<string | null> {
      const [held, here, home] = await Promise.all([
        placement.held(consumer, { signal }),
        providers.of(host, signal),
        providers.of(server.host, signal),
      ]);
      const right = rightAllocations(held, idsOf(here), idsOf(home));
      if (right === null) return null;
      const answer = await placement.replace(consumer, held, right, { signal });
      return answer.kind === "rejected"
        ? null
        : `the allocation of ${consumer} was taken off ${host}: it is on ${server.host}`;
    }
  };
}

type AtRest = ServerRow & { readonly host: HostName };

/** At rest, and nobody's decision about a move is open: during VERIFY_RESIZE both hosts are booked, and rightly so. */
const isAtRestElsewhere = (server: ServerRow, host: HostName): server is AtRest =>
  server.host !== null && server.host !== host && server.taskState === null && AT_REST.has(server.status);

const AT_REST = new Set(["ACTIVE", "SHUTOFF", "PAUSED", "SUSPENDED", "RESCUE", "SHELVED"]);

const idsOf = (tree: readonly { readonly uuid: string }[]): readonly string[] => tree.map(({ uuid }) => uuid);

/**
 * What the server shall hold: all but what it holds `here`. Where that leaves it nothing at home, what it holds here is
 * booked there, if both hosts are single providers: the parts of a tree are not ours to match. Null: nothing to be done.
 */
export function rightAllocations(
  { allocations }: Pick<Held, "allocations">,
  here: readonly string[],
  home: readonly string[],
): Held["allocations"] | null {
  const wrong = Object.entries(allocations).filter(([provider]) => here.includes(provider));
  const right = Object.entries(allocations).filter(([provider]) => !here.includes(provider));
  const [astray] = wrong;
  if (astray === undefined) return null;
  if (right.some(([provider]) => home.includes(provider))) return Object.fromEntries(right);
  const [root] = home;
  if (root === undefined || here.length > 1 || home.length > 1) return null;
  return { ...Object.fromEntries(right), [root]: astray[1] };
}
