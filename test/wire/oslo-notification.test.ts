import { expect, test } from "vitest";
import { HostName, ProjectId, SessionId } from "../../src/domain/ids.ts";
import type { Notification } from "../../src/domain/notification.ts";
import { linksFrom } from "../../src/wire/links.ts";
import { osloNotification, routingKeyOf } from "../../src/wire/oslo-notification.ts";

const links = linksFrom("http://192.0.2.10:12347");
const session = SessionId.parse("76e55df8-1c51-41e8-9928-0242ac110002");
const shop = ProjectId.parse("ead0dbcaf3564cbbb04842e3e54960e3");
const operators = ProjectId.parse("0b1c2d3e4f5061728394a5b6c7d8e9f0");
const event = (notification: Notification, generated = new Date("2026-11-25T08:00:00.123Z")) => ({
  messageId: "3c5b0e1c-9e0b-4d0a-8a51-b3b6d1a4a0aa",
  generated,
  session,
  notification,
});
const down: Notification = {
  type: "maintenance.host",
  host: HostName.parse("compute-1"),
  state: "IN_MAINTENANCE",
};
const options = { project: operators, links, envelope: "1.0" } as const;

test("format 1.0 is the message itself, with the keys that consumers look for (K9, K13)", () => {
  expect(JSON.parse(osloNotification(event(down), options))).toEqual({
    message_id: "3c5b0e1c-9e0b-4d0a-8a51-b3b6d1a4a0aa",
    publisher_id: "fenix",
    event_type: "maintenance.host",
    priority: "INFO",
    timestamp: "2026-11-25 08:00:00.123000",
    payload: {
      service: "fenix",
      host: "compute-1",
      state: "IN_MAINTENANCE",
      session_id: session,
      project_id: operators,
    },
    _unique_id: "3c5b0e1c9e0b4d0a8a51b3b6d1a4a0aa",
  });
  expect(routingKeyOf("notifications")).toBe("notifications.info");
});

test("format 2.0 has the same as text in an envelope", () => {
  const sent = JSON.parse(osloNotification(event(down), { ...options, envelope: "2.0" }));
  expect(Object.keys(sent)).toEqual(["oslo.version", "oslo.message"]);
  expect(sent["oslo.version"]).toBe("2.0");
  expect(JSON.parse(sent["oslo.message"])).toEqual(JSON.parse(osloNotification(event(down), options)));
});

test("a question is for the project that it asks, under the published event type", () => {
  const question: Notification = {
    type: "maintenance.scheduled",
    project: shop,
    state: "PLANNED_MAINTENANCE",
    instances: [],
    allowedActions: ["MIGRATE", "OWN_ACTION"],
    replyBy: new Date("2026-11-25T08:00:40.000Z"),
    actionsAt: new Date("2026-11-25T08:00:40.000Z"),
    missing: null,
    instance: null,
    metadata: { release: "Zed" },
  };
  const url = `http://192.0.2.10:12347/v1/maintenance/${session}/${shop}`;
  expect(JSON.parse(osloNotification(event(question), options))).toMatchObject({
    event_type: "maintenance.scheduled",
    payload: {
      project_id: shop,
      state: "PLANNED_MAINTENANCE",
      instance_ids: url,
      reply_url: url,
      allowed_actions: ["MIGRATE", "OWN_ACTION"],
      reply_at: "2026-11-25 08:00:40",
      actions_at: "2026-11-25 08:00:40",
      metadata: { release: "Zed" },
    },
  });
});

test("metadata that an event alarm would cut in the middle loses its last entries, and nulls", () => {
  const metadata = { first: "Zed", nothing: null, second: "x".repeat(200), third: "y".repeat(50) };
  const told: Notification = {
    ...{ type: "maintenance.scheduled", project: shop, state: "MAINTENANCE", instances: [], allowedActions: [] },
    ...{ replyBy: null, actionsAt: null, missing: null, instance: null, metadata },
  };
  const { payload } = JSON.parse(osloNotification(event(told), options));
  expect(payload.metadata).toEqual({ first: "Zed", second: "x".repeat(200) });
});

test("members that an event alarm would cut in the middle lose the last ones, and the nulls", () => {
  const one = { instances: 2, group: null, demand: { VCPU: 2, MEMORY_MB: 4_096 } };
  const told: Notification = {
    ...{ type: "maintenance.scheduled", project: shop, state: "SCALE_IN", instances: [], allowedActions: [] },
    ...{ replyBy: null, actionsAt: null, missing: { VCPU: 8 }, instance: null, metadata: {} },
    members: Array.from({ length: 5 }, () => one),
  };
  const { payload } = JSON.parse(osloNotification(event(told), options));
  const resources = { VCPU: 2, MEMORY_MB: 4_096 };
  expect(payload).toMatchObject({
    missing: { VCPU: 8 },
    members: Array.from({ length: 4 }, () => ({ instances: 2, resources })),
  });
});

test("a session's progress is a number", () => {
  const movedOn: Notification = { type: "maintenance.session", state: "SCALE_IN", percentDone: 34 };
  expect(JSON.parse(osloNotification(event(movedOn), options)).payload).toEqual({
    service: "fenix",
    state: "SCALE_IN",
    session_id: session,
    percent_done: 34,
    project_id: operators,
  });
});

test("a whole second has no fraction, as Python writes it", () => {
  const at = new Date("2026-11-25T08:00:00.000Z");
  expect(JSON.parse(osloNotification(event(down, at), options)).timestamp).toBe("2026-11-25 08:00:00");
});
