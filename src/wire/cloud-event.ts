/**
 * A notification as a CloudEvent (specification 1.0, in JSON), which is what native webhooks and the stream of events
 * carry. Ours alone: times have their zone, lists are lists, and nothing is shortened.
 */
import { z } from "zod";
import { eventTypes, type Notification } from "../domain/notification.ts";
import type { Event } from "./event-payload.ts";
import type { Links } from "./links.ts";
import { Members, toMembers } from "./members.ts";
import { IsoTime } from "./times.ts";

const Scheduled = z
  .object({
    session_id: z.uuid(),
    project_id: z.string(),
    state: z.string().describe("what is asked, or INSTANCE_ACTION_DONE").meta({ example: "PLANNED_MAINTENANCE" }),
    instance_ids: z.array(z.string()).describe("the instances in question; empty: all that GET reply_url answers"),
    allowed_actions: z.array(z.string()),
    reply_url: z.string(),
    reply_by: IsoTime.nullable().describe("null: no reply is expected"),
    actions_at: IsoTime.nullable(),
    missing: z.record(z.string(), z.number()).nullable().describe("of SCALE_IN: how much room is needed"),
    members: Members.optional(),
    metadata: z.record(z.string(), z.unknown()).describe("of the session"),
  })
  .meta({ id: "MaintenanceScheduledData" });

const Host = z
  .object({ session_id: z.uuid(), host: z.string(), state: z.string().meta({ example: "IN_MAINTENANCE" }) })
  .meta({ id: "MaintenanceHostData" });

const Session = z
  .object({
    session_id: z.uuid(),
    state: z.string(),
    percent_done: z.int().describe("of the hosts"),
    eta: z
      .object({
        p50: IsoTime.describe("done before, as likely as not"),
        p95: IsoTime.describe("done before, with a chance of 95 %"),
      })
      .nullable()
      .describe("when all hosts will be done; null where it is not foretold"),
  })
  .meta({ id: "MaintenanceSessionData" });

export const CloudEvent = z
  .object({
    specversion: z.literal("1.0"),
    id: z.uuid().describe("the same for every receiver and every try"),
    source: z.string().describe("the session"),
    type: z.enum(eventTypes),
    subject: z.string().optional().describe("the project or the host"),
    time: IsoTime,
    datacontenttype: z.literal("application/json"),
    data: z.union([Scheduled, Host, Session]),
  })
  .meta({ id: "CloudEvent" });

export function cloudEvent(
  { messageId, generated, session, notification }: Event,
  links: Links,
): z.infer<typeof CloudEvent> {
  const subject = subjectOf(notification);
  return {
    specversion: "1.0",
    id: messageId,
    source: `${links.maintenance}/${session}`,
    type: notification.type,
    ...(subject !== null && { subject }),
    time: generated.toISOString(),
    datacontenttype: "application/json",
    data: dataOf(notification, session, links),
  };
}

function subjectOf(notification: Notification): string | null {
  switch (notification.type) {
    case "maintenance.scheduled":
      return notification.project;
    case "maintenance.host":
      return notification.host;
    case "maintenance.session":
      return null;
  }
}

function dataOf(
  notification: Notification,
  session: Event["session"],
  links: Links,
): z.infer<typeof CloudEvent>["data"] {
  const { state } = notification;
  switch (notification.type) {
    case "maintenance.scheduled": {
      const { project, instances, instance, allowedActions, replyBy, actionsAt, missing, members, metadata } =
        notification;
      const place = { session, project, ...(instance !== null && { instance }) };
      return {
        session_id: session,
        project_id: project,
        state,
        instance_ids: [...instances],
        allowed_actions: [...allowedActions],
        reply_url: replyBy === null ? links.project(session, project) : links.question(place, replyBy),
        reply_by: replyBy?.toISOString() ?? null,
        actions_at: actionsAt?.toISOString() ?? null,
        missing: missing && { ...missing },
        ...toMembers(members),
        metadata: { ...metadata },
      };
    }
    case "maintenance.host":
      return { session_id: session, host: notification.host, state };
    case "maintenance.session": {
      const { percentDone, eta } = notification;
      const foretold = eta ? { p50: eta.p50.toISOString(), p95: eta.p95.toISOString() } : null;
      return { session_id: session, state, percent_done: percentDone, eta: foretold };
    }
  }
}
