/** Who posts what Fenix asks to this manager: Fenix by a webhook, or AODH by an event alarm of the project's own. */
import { z } from "zod";
import type { Fenix } from "../client/fenix.ts";
import type { Alarms } from "./nova.ts";

export const Hears = z.enum(["webhook", "signed_webhook", "alarm"]);
export type Hears = z.infer<typeof Hears>;

/** What a project hears its questions by. */
const ASKED = "maintenance.scheduled";

interface Ways {
  readonly fenix: Fenix;
  readonly alarms: Alarms;
}

export interface Ear {
  /** With which everything that is heard is signed; null: nothing is. */
  readonly secret: string | null;
  readonly close: () => Promise<void>;
}

/** Takes the place of what an earlier life of this manager asked for. `url` is the manager's door. */
export async function hearBy(way: Hears, url: string, { fenix, alarms }: Ways): Promise<Ear> {
  if (way !== "alarm") {
    const { webhook_id, secret = null } = await fenix.register(url, way === "webhook" ? "aodh" : "cloudevents");
    return { secret, close: () => fenix.unregister(webhook_id) };
  }
  const { origin } = new URL(url);
  const isOld = (action: string): boolean => action.startsWith(`${origin}/`);
  for (const { id, actions } of await alarms.list()) if (actions.some(isOld)) await alarms.delete(id);
  const id = await alarms.create(ASKED, url);
  return { secret: null, close: () => alarms.delete(id) };
}
