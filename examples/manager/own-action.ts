/** How a project moves a server by itself: another one of the same kind takes its place, and Fenix is told whose. */
import type { Fenix } from "../client/fenix.ts";
import { planOf, untilGone, untilRunning } from "./application.ts";
import type { Networks, Nova } from "./nova.ts";

interface Acting {
  readonly nova: Nova;
  readonly fenix: Fenix;
  readonly networks: Networks;
}

/** Returns the id of the server that took its place; null when there was nothing to replace any more. */
export async function replaceServer(serverId: string, { nova, fenix, networks }: Acting): Promise<string | null> {
  const server = await nova.server(serverId);
  if (!server) return null;
  const id = await nova.create(await planOf(nova, server), networks);
  try {
    // Before it runs: a member that is being built would otherwise take a place of its own in its group.
    await fenix.declareReplacement({ id, name: server.name, replaces: serverId });
    await untilRunning(nova, id);
  } catch (error) {
    // The old one stays, so nothing may stand for it. Why it does is worth more than what else goes wrong.
    await Promise.allSettled([nova.delete(id), fenix.forgetInstance(id)]);
    throw error;
  }
  await nova.delete(serverId);
  await untilGone(nova, serverId);
  return id;
}
