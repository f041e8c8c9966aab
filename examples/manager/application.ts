/** The application: the project's servers, and how it becomes smaller and gets its size back. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Networks, Nova, Server, ServerPlan } from "./nova.ts";

export interface Scaling {
  /** Which servers the application can do without for a while. */
  readonly spare: (server: Server) => boolean;
  /** Servers to give up each time Fenix asks. */
  readonly step: number;
  /** The application never becomes smaller than this many servers. */
  readonly atLeast: number;
  readonly networks: Networks;
}

export interface Application {
  /** Deletes up to `step` spare servers and waits until they are gone. Returns their names; none when it is as small as it can be. */
  scaleIn(session: string): Promise<readonly string[]>;
  /** Creates again what was given up for this session, and waits until it runs. */
  scaleOut(session: string): Promise<readonly string[]>;
}

/** A server that neither appears nor goes within this time needs somebody to look. */
const PATIENCE_MS = 120_000;
const POLL_MS = 200;

export function application(nova: Nova, scaling: Scaling): Application {
  // What each session took. Kept in memory to stay small: a real manager keeps it where its desired size is.
  const givenUp = new Map<string, ServerPlan[]>();
  return {
    async scaleIn(session) {
      const servers = await nova.servers();
      // The last names go first, so that the application shrinks from its end, whatever order Nova lists it in.
      const spare = servers.filter((server) => canBeCreatedAgain(server) && scaling.spare(server)).toSorted(byName);
      const leaving = spare
        .toReversed()
        .slice(0, Math.max(0, Math.min(scaling.step, servers.length - scaling.atLeast)));
      for (const server of leaving) {
        const plan = await planOf(nova, server);
        await nova.delete(server.id);
        givenUp.set(session, [...(givenUp.get(session) ?? []), plan]);
      }
      for (const server of leaving) await untilGone(nova, server.id);
      return leaving.map(({ name }) => name);
    },
    async scaleOut(session) {
      const back: string[] = [];
      for (const plan of givenUp.get(session) ?? []) {
        await untilRunning(nova, await nova.create(plan, scaling.networks));
        back.push(plan.name);
        // Taken off the list one by one: a failure in the middle must not bring the first ones back twice.
        givenUp.set(session, givenUp.get(session)?.filter((other) => other !== plan) ?? []);
      }
      givenUp.delete(session);
      return back;
    },
  };
}

const byName = (a: Server, b: Server): number => a.name.localeCompare(b.name, "en", { numeric: true });

/** A server that boots from a volume keeps its data there; this sample does not handle volumes. */
const canBeCreatedAgain = ({ image }: Server): boolean => image !== "";

export async function planOf(nova: Nova, { id, name, flavor, image, metadata }: Server): Promise<ServerPlan> {
  if (image === "") throw new Error(`${name} boots from a volume: it cannot be created again`);
  const group = (await nova.groups()).find(({ members }) => members.includes(id));
  return { name, flavorId: flavor.id, imageId: image.id, metadata, groupId: group?.id ?? null };
}

export async function untilGone(nova: Nova, id: string): Promise<void> {
  await poll(`server ${id} to go`, async () => (await nova.server(id)) === null);
}

export async function untilRunning(nova: Nova, id: string): Promise<void> {
  await poll(`server ${id} to run`, async () => {
    const server = await nova.server(id);
    if (server === null) throw new Error(`server ${id} vanished while it was being created`);
    if (server.status !== "ERROR") return server.status === "ACTIVE";
    // A server in ERROR keeps its name and its quota: it goes, so that the next try begins clean.
    await nova.delete(id);
    throw new Error(`server ${server.name} could not be created: the cloud has no room for it, or refuses it`);
  });
}

async function poll(what: string, isDone: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + PATIENCE_MS;
  while (!(await isDone())) {
    if (Date.now() > end) throw new Error(`waited ${PATIENCE_MS / 1000} s for ${what}`);
    await sleep(POLL_MS);
  }
}
