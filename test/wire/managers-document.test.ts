/** What docs/managers.md shows is what Fenix takes and sends. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { InstanceId, ProjectId, SessionId } from "../../src/domain/ids.ts";
import { aodhCallback } from "../../src/wire/aodh-callback.ts";
import { DeclareInstance } from "../../src/wire/instance-constraints.ts";
import { DeclareGroup } from "../../src/wire/instance-group.ts";
import { linksFrom } from "../../src/wire/links.ts";
import { ProjectReply } from "../../src/wire/project-reply.ts";
import { CreateWebhook } from "../../src/wire/webhooks.ts";

const page = readFileSync(new URL("../../docs/managers.md", import.meta.url), "utf8");
const shown = [...page.matchAll(/<!-- (\w+) -->\n+```json\n([\s\S]*?)```/g)].map(([, kind = "", text = ""]) => ({
  kind,
  message: JSON.parse(text) as unknown,
}));
const schemas = { DeclareGroup, DeclareInstance, CreateWebhook, ProjectReply };

test("every message is marked with what it is", () => {
  expect(shown).toHaveLength([...page.matchAll(/```json/g)].length);
  expect(new Set(shown.map(({ kind }) => kind))).toEqual(new Set([...Object.keys(schemas), "callback"]));
});

test.each(shown.filter(({ kind }) => kind in schemas))("$kind is taken as it is shown", ({ kind, message }) => {
  const parsed = schemas[kind as keyof typeof schemas].safeParse(message);
  expect(parsed.error?.issues ?? []).toEqual([]);
});

test("the callback is what Fenix posts", () => {
  const instance = InstanceId.parse("109e14d9-6566-42b3-93e4-76605f264d8f");
  const project = ProjectId.parse("ead0dbcaf3564cbbb04842e3e54960e3");
  const at = new Date("2026-11-25T08:00:40Z");
  const posted = aodhCallback(
    {
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
    },
    { id: "0ca2845e-2f2f-4a2e-9c5d-0c55bd9b4a11", project },
    linksFrom("http://192.0.2.10:12347"),
  );
  expect(shown.find(({ kind }) => kind === "callback")?.message).toEqual(posted);
});
