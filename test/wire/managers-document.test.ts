/** What docs/managers.md shows is what Fenix takes and sends. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { InstanceId, ProjectId, SessionId } from "../../src/domain/ids.ts";
import { aodhCallback } from "../../src/wire/aodh-callback.ts";
import { cloudEvent } from "../../src/wire/cloud-event.ts";
import type { Event } from "../../src/wire/event-payload.ts";
import { DeclareInstance } from "../../src/wire/instance-constraints.ts";
import { DeclareGroup } from "../../src/wire/instance-group.ts";
import { linksFrom } from "../../src/wire/links.ts";
import { DeclareManager } from "../../src/wire/manager.ts";
import { ProjectReply } from "../../src/wire/project-reply.ts";
import { ProjectSessions } from "../../src/wire/project-sessions.ts";
import { CreateWebhook, WebhookCreated, WebhookSecret } from "../../src/wire/webhooks.ts";

const page = readFileSync(new URL("../../docs/managers.md", import.meta.url), "utf8");
const shown = [...page.matchAll(/<!-- (\w+) -->\n+```json\n([\s\S]*?)```/g)].map(([, kind = "", text = ""]) => ({
  kind,
  message: JSON.parse(text) as unknown,
}));
/** What Fenix takes, and what it answers. */
const schemas = {
  ...{ DeclareGroup, DeclareInstance, DeclareManager, CreateWebhook, ProjectReply },
  ...{ ProjectSessions, WebhookCreated, WebhookSecret },
};

test("every message is marked with what it is", () => {
  expect(shown).toHaveLength([...page.matchAll(/```json/g)].length);
  expect(new Set(shown.map(({ kind }) => kind))).toEqual(new Set([...Object.keys(schemas), "callback", "CloudEvent"]));
});

test.each(shown.filter(({ kind }) => kind in schemas))("$kind is as it is shown", ({ kind, message }) => {
  const schema = schemas[kind as keyof typeof schemas];
  expect(schema.safeParse(message).error?.issues ?? []).toEqual([]);
  // Nothing is shown that there is not.
  const known = Object.keys(schema.shape);
  expect(known).toEqual(expect.arrayContaining(Object.keys(message as object)));
});

const instance = InstanceId.parse("109e14d9-6566-42b3-93e4-76605f264d8f");
const project = ProjectId.parse("ead0dbcaf3564cbbb04842e3e54960e3");
const at = new Date("2026-11-25T08:00:40Z");
const links = linksFrom("http://192.0.2.10:12347");
const event: Event = {
  messageId: "3c5b0e1c-9e0b-4d0a-8a51-b3b6d1a4a0aa",
  generated: new Date("2026-11-25T08:00:00.123Z"),
  session: SessionId.parse("76e55df8-1c51-41e8-9928-0242ac110002"),
  notification: {
    type: "maintenance.scheduled",
    project,
    state: "PLANNED_MAINTENANCE",
    instances: [instance],
    instance,
    allowedActions: ["MIGRATE", "LIVE_MIGRATE", "OWN_ACTION"],
    replyBy: at,
    actionsAt: at,
    missing: null,
    metadata: { openstack_version: "Train" },
  },
};
const messageOf = (wanted: string) => shown.find(({ kind }) => kind === wanted)?.message;

test("the callback is what Fenix posts", () => {
  const posted = aodhCallback(event, { id: "0ca2845e-2f2f-4a2e-9c5d-0c55bd9b4a11", project }, links);
  expect(messageOf("callback")).toEqual(posted);
});

test("the CloudEvent is what Fenix posts of the same", () => {
  expect(messageOf("CloudEvent")).toEqual(cloudEvent(event, links));
});
