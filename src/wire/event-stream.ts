/** `GET /v1/events`: server-sent events (WHATWG HTML, §9.2), each with a CloudEvent for its data. */
import { z } from "zod";
import { ProjectId } from "../domain/ids.ts";
import type { Told } from "../ports/news.ts";
import { cloudEvent } from "./cloud-event.ts";
import type { Links } from "./links.ts";

const EventNumber = z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER);

export const EventsQuery = z.object({
  project_id: ProjectId.optional().describe("only what is told to this project"),
  after: EventNumber.optional().describe(
    "what was told after the event with this id comes first; 0: everything; left out: only what comes. Last-Event-ID wins",
  ),
});

/** Clients send back what they got; what is none of ours is as good as none. */
export const LastEventId = z.object({
  "last-event-id": EventNumber.optional().catch(undefined).describe("as clients send it when they connect again"),
});

/** What a client does at once, and what it does when the connection ends. */
export const OPENING = "retry: 2000\n\n";

/** Keeps what is between client and server from taking the connection for dead. */
export const HEARTBEAT = ":\n\n";

export function toStreamEvent({ number, messageId, session, notification, createdAt }: Told, links: Links): string {
  const data = cloudEvent({ messageId, session, notification, generated: createdAt }, links);
  return `id: ${number}\nevent: ${notification.type}\ndata: ${JSON.stringify(data)}\n\n`;
}
