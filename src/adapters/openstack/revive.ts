import type { InstanceId } from "../../domain/ids.ts";
import type { Clock } from "../../ports/clock.ts";
import type { CallOptions } from "../../ports/cloud.ts";
import { Unanswered } from "./http.ts";
import type { Nova, ServerRow } from "./nova.ts";
import type { Called } from "./service.ts";

/** A hard reboot takes Nova seconds, a guest with many disks up to a minute; after this, waiting does not help. */
const REBOOT_MS = 180_000;
const LOOK_MS = 1_000;

/**
 * What Nova's operators do by hand: set the state to active, then a hard reboot, which builds the guest anew from Nova's
 * records. Setting the state alone would only look well.
 */
export function reviver({ nova, clock }: { nova: Nova; clock: Clock }) {
  return async (id: InstanceId, { signal }: CallOptions): Promise<boolean> => {
    const server = await nova.server(id, { signal });
    if (server === null) return false;
    if (server.status !== "ERROR") return server.status === "ACTIVE" && server.taskState === null;
    if (!(await taken(() => nova.resetToActive(id, { signal })))) return false;
    if (!(await taken(() => nova.hardReboot(id, { signal })))) return false;
    const until = clock.now().getTime() + REBOOT_MS;
    let now: ServerRow | null = null;
    do {
      await clock.sleep(LOOK_MS, signal);
      signal.throwIfAborted();
      now = await nova.server(id, { signal });
    } while (now !== null && now.taskState !== null && clock.now().getTime() < until);
    return now !== null && now.status === "ACTIVE" && now.taskState === null;
  };
}

/** Both requests may run twice without harm, so a lost answer is followed by another try. */
async function taken(request: () => Promise<Called<unknown>>): Promise<boolean> {
  try {
    return (await request()).kind === "done";
  } catch (error) {
    if (!(error instanceof Unanswered)) throw error;
    return (await request()).kind === "done";
  }
}
