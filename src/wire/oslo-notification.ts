/**
 * A notification as oslo.messaging puts it on OpenStack's message bus (reference §3.2). Its consumers are Ceilometer,
 * which turns it into events and these into alarms of AODH, and whatever else of the cloud listens.
 *
 * A stable `message_id` and `_unique_id` let consumers tell one that came twice.
 */
import type { ProjectId } from "../domain/ids.ts";
import { TEXT_MAX } from "./aodh-callback.ts";
import { type Event, type Payload, payloadOf } from "./event-payload.ts";
import type { Links } from "./links.ts";
import { entriesWithin, withoutNulls } from "./python-text.ts";

export const envelopes = ["2.0", "1.0"] as const;
/** The driver `messagingv2` sends 2.0, `messaging` 1.0; receivers understand both. */
export type Envelope = (typeof envelopes)[number];

/** The routing key that goes with the priority below, under the topic of the deployment. */
export const routingKeyOf = (topic: string): string => `${topic}.info`;

/** `project`: whose alarms hear of hosts and sessions. */
export function osloNotification(
  event: Event,
  {
    project,
    links,
    envelope,
  }: { readonly project: ProjectId | null; readonly links: Links; readonly envelope: Envelope },
): string {
  const message = JSON.stringify({
    message_id: event.messageId,
    publisher_id: "fenix",
    event_type: event.notification.type,
    priority: "INFO",
    payload: asEventsCarryIt(payloadOf(event, project, links)),
    timestamp: pythonTime(event.generated),
    _unique_id: event.messageId.replaceAll("-", ""),
  });
  return envelope === "1.0" ? message : JSON.stringify({ "oslo.version": "2.0", "oslo.message": message });
}

/**
 * Ceilometer makes Python text of lists and dictionaries and cuts it, and what is cut is no Python any more: so the last
 * entries go that it would not carry whole, and the nulls (src/wire/aodh-callback.ts does the same).
 */
const asEventsCarryIt = (payload: Payload): Payload =>
  Object.fromEntries(
    Object.entries(payload).map(([name, value]) => [
      name,
      typeof value === "object" && value !== null ? entriesWithin(withoutNulls(value) as object, TEXT_MAX) : value,
    ]),
  );

/** As Python's `str()` writes a time in UTC: with microseconds, or without when there are none. */
const pythonTime = (at: Date): string => at.toISOString().replace("T", " ").replace("Z", "000").replace(".000000", "");
