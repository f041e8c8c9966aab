/**
 * The body that AODH posts when an event alarm fires (reference §3.6). Fenix posts the same, so that managers written
 * for AODH work without a telemetry service in between.
 *
 * A payload becomes a list of traits by the event definitions that such managers install (reference §3.5), under
 * these rules: null is left out, lists and dictionaries are Python text, and no text has more than 255 characters.
 * AODH's `message_signature` is missing: it is a secret between telemetry services, and no manager reads it.
 */
import type { EventType } from "../domain/notification.ts";
import type { Webhook } from "../ports/deliveries.ts";
import { type Event, type Payload, payloadOf } from "./event-payload.ts";
import type { Links } from "./links.ts";
import { pythonReprWithin, withoutNulls } from "./python-text.ts";

export type Trait = readonly [name: string, type: number, value: string | number];

export function aodhCallback(event: Event, webhook: Pick<Webhook, "id" | "project">, links: Links) {
  const { messageId, generated, notification } = event;
  return {
    alarm_name: `fenix ${notification.type}`,
    alarm_id: webhook.id,
    severity: "low",
    previous: "insufficient data",
    current: "alarm",
    reason: `Event <id=${messageId},event_type=${notification.type}> hits the query <query=[]>.`,
    reason_data: {
      type: "event",
      event: {
        message_id: messageId,
        event_type: notification.type,
        generated: isoWithoutZone(generated),
        traits: traitsOf(notification.type, payloadOf(event, webhook.project, links)),
        raw: {},
      },
    },
  };
}

/** Ceilometer's trait types, by number on the wire. */
const TEXT = 1;
const INTEGER = 2;
const DATETIME = 4;

/** In the order of the published definitions. `missing` and `members` are ours, and last. */
const definitions: Readonly<Record<EventType, readonly (readonly [name: string, type: number])[]>> = {
  "maintenance.scheduled": [
    ["service", TEXT],
    ["project_id", TEXT],
    ["allowed_actions", TEXT],
    ["instance_ids", TEXT],
    ["reply_url", TEXT],
    ["actions_at", DATETIME],
    ["reply_at", DATETIME],
    ["state", TEXT],
    ["session_id", TEXT],
    ["metadata", TEXT],
    ["missing", TEXT],
    ["members", TEXT],
  ],
  "maintenance.host": [
    ["service", TEXT],
    ["host", TEXT],
    ["project_id", TEXT],
    ["session_id", TEXT],
    ["state", TEXT],
  ],
  "maintenance.session": [
    ["percent_done", INTEGER],
    ["project_id", TEXT],
    ["session_id", TEXT],
    ["state", TEXT],
    ["service", TEXT],
  ],
};

const traitsOf = (type: EventType, payload: Payload): readonly Trait[] =>
  definitions[type].flatMap(([name, trait]): Trait[] => {
    const value = payload[name];
    return value === null || value === undefined ? [] : [[name, trait, traitValue(trait, value)]];
  });

function traitValue(type: number, value: unknown): string | number {
  if (type === INTEGER && typeof value === "number") return value;
  if (type === DATETIME) return String(value).replace(" ", "T");
  return typeof value === "object" && value !== null
    ? pythonReprWithin(withoutNulls(value) as object, TEXT_MAX)
    : Array.from(String(value)).slice(0, TEXT_MAX).join("");
}

/** Ceilometer cuts text traits here. */
export const TEXT_MAX = 255;

/** As Python writes a time that knows no zone. */
const isoWithoutZone = (at: Date): string => at.toISOString().slice(0, -1);
