import { expect, test } from "vitest";
import { SessionId } from "../../src/domain/ids.ts";
import type { Notification } from "../../src/domain/notification.ts";
import { CloudEvent, cloudEvent } from "../../src/wire/cloud-event.ts";
import { linksFrom } from "../../src/wire/links.ts";
import { replyTokens } from "../../src/wire/reply-token.ts";
import { instance, later, NOON, project } from "../support/a-view.ts";

const session = SessionId.parse("76e55df8-1c51-41e8-9928-0242ac110002");
const publicUrl = "http://192.0.2.10:12347";
const asked = (changes: object): Notification => ({
  ...{ type: "maintenance.scheduled", project: project("shop"), state: "PLANNED_MAINTENANCE", instances: [] },
  ...{ instance: null, allowedActions: [], replyBy: later(40), actionsAt: null, missing: null, metadata: {} },
  ...changes,
});
const dataOf = (notification: Notification, links = linksFrom(publicUrl)) => {
  const event = { messageId: "3c5b0e1c-9e0b-4d0a-8a51-b3b6d1a4a0aa", generated: NOON, session, notification };
  return CloudEvent.parse(cloudEvent(event, links)).data;
};

test.each([
  ["a project", { instances: [instance("vm-1"), instance("vm-2")] }, "shop"],
  ["one instance", { instances: [instance("vm-1")], instance: instance("vm-1") }, "shop/vm-1"],
  ["nobody, for news", { state: "INSTANCE_ACTION_DONE", instances: [instance("vm-1")], replyBy: null }, "shop"],
])("the link of a question to %s is where it is answered, and instances are a list", (_, changes, path) => {
  const { instances } = changes;
  const reply_url = `${publicUrl}/v1/maintenance/${session}/${path}`;
  expect(dataOf(asked(changes))).toMatchObject({ reply_url, instance_ids: instances });
});

test("a link that asks for a reply carries a reply token where Fenix gives them", () => {
  const links = linksFrom(publicUrl, replyTokens(["s".repeat(32)]));
  expect(dataOf(asked({}), links)).toMatchObject({ reply_url: expect.stringContaining("/shop?token=") });
});
