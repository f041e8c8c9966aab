import { describe, expect, test } from "vitest";
import { GroupId, HostName, InstanceId, ProjectId, SessionId } from "../../src/domain/ids.ts";
import type { MaintenanceScheduled, Notification } from "../../src/domain/notification.ts";
import { aodhCallback, type Trait } from "../../src/wire/aodh-callback.ts";
import { linksFrom } from "../../src/wire/links.ts";

const session = SessionId.parse("76e55df8-1c51-11e8-9928-0242ac110002");
const project = ProjectId.parse("ead0dbcaf3564cbbb04842e3e54960e3");
const instance = InstanceId.parse("109e14d9-6566-42b3-93e4-76605f264d8f");
const webhook = { id: "0ca2845e-2f2f-4a2e-9c5d-0c55bd9b4a11", project };
const links = linksFrom("http://192.0.2.10:12347/");
const projectUrl = `http://192.0.2.10:12347/v1/maintenance/${session}/${project}`;

const planned: MaintenanceScheduled = {
  type: "maintenance.scheduled",
  project,
  state: "PLANNED_MAINTENANCE",
  instances: [instance],
  instance: null,
  allowedActions: ["MIGRATE", "LIVE_MIGRATE", "OWN_ACTION"],
  replyBy: new Date("2020-04-16T08:09:27Z"),
  actionsAt: new Date("2020-04-16T08:09:27Z"),
  missing: null,
  metadata: { openstack_version: "Train" },
};

const callbackOf = (notification: Notification, to: { id: string; project: ProjectId | null } = webhook) =>
  aodhCallback(
    {
      messageId: "3c5b0e1c-9e0b-4d0a-8a51-b3b6d1a4a0aa",
      generated: new Date("2020-04-16T08:08:47.123Z"),
      session,
      notification,
    },
    to,
    links,
  );
const traitsOf = (notification: Notification, to?: { id: string; project: ProjectId | null }): readonly Trait[] =>
  callbackOf(notification, to).reason_data.event.traits;

test("a question is posted in the shape of an AODH event alarm", () => {
  expect(callbackOf(planned)).toEqual({
    alarm_name: "fenix maintenance.scheduled",
    alarm_id: webhook.id,
    severity: "low",
    previous: "insufficient data",
    current: "alarm",
    reason:
      "Event <id=3c5b0e1c-9e0b-4d0a-8a51-b3b6d1a4a0aa,event_type=maintenance.scheduled> hits the query <query=[]>.",
    reason_data: {
      type: "event",
      event: {
        message_id: "3c5b0e1c-9e0b-4d0a-8a51-b3b6d1a4a0aa",
        event_type: "maintenance.scheduled",
        generated: "2020-04-16T08:08:47.123",
        traits: [
          ["service", 1, "fenix"],
          ["project_id", 1, "ead0dbcaf3564cbbb04842e3e54960e3"],
          ["allowed_actions", 1, "['MIGRATE', 'LIVE_MIGRATE', 'OWN_ACTION']"],
          ["instance_ids", 1, projectUrl],
          ["reply_url", 1, projectUrl],
          ["actions_at", 4, "2020-04-16T08:09:27"],
          ["reply_at", 4, "2020-04-16T08:09:27"],
          ["state", 1, "PLANNED_MAINTENANCE"],
          ["session_id", 1, session],
          ["metadata", 1, "{'openstack_version': 'Train'}"],
        ],
        raw: {},
      },
    },
  });
});

test("a question about one instance carries its id in a list, and the link of that instance alone (K7, K10)", () => {
  const traits = traitsOf({ ...planned, instance });
  const text = ["['109e14d9-6566-42b3-93e4-76605f264d8f']", `${projectUrl}/${instance}`];
  expect(traits).toContainEqual(["instance_ids", 1, text[0]]);
  expect(traits).toContainEqual(["reply_url", 1, text[1]]);
});

test("the longest public URL leaves room for the link of an instance", () => {
  const far = linksFrom(`https://${"f".repeat(120)}`);
  expect(far.project(session, project, instance).length).toBeLessThanOrEqual(255);
});

test("where nothing is offered and nothing is known, lists and dictionaries are empty and still there", () => {
  const traits = traitsOf({ ...planned, state: "MAINTENANCE", allowedActions: [], metadata: {} });
  expect(traits).toContainEqual(["allowed_actions", 1, "[]"]);
  expect(traits).toContainEqual(["metadata", 1, "{}"]);
});

test("INSTANCE_ACTION_DONE names its instance in a list and has no times", () => {
  const done = { ...planned, state: "INSTANCE_ACTION_DONE", replyBy: null, actionsAt: null, metadata: {} } as const;
  const traits = traitsOf(done);
  expect(traits).toContainEqual(["instance_ids", 1, "['109e14d9-6566-42b3-93e4-76605f264d8f']"]);
  expect(traits).toContainEqual(["reply_url", 1, projectUrl]);
  expect(traits.map(([name]) => name)).toEqual([
    "service",
    "project_id",
    "allowed_actions",
    "instance_ids",
    "reply_url",
    "state",
    "session_id",
    "metadata",
  ]);
});

test("SCALE_IN tells last what is missing", () => {
  const traits = traitsOf({ ...planned, state: "SCALE_IN", missing: { VCPU: 4, MEMORY_MB: 8192 } });
  expect(traits.at(-1)).toEqual(["missing", 1, "{'VCPU': 4, 'MEMORY_MB': 8192}"]);
});

test("SCALE_IN tells how many members would make the room, whole ones only, as far as 255 characters reach", () => {
  const group = GroupId.parse("5b5b3c0e-6a5e-4c29-9a0c-1f6d0c1a2b3c");
  const one = { instances: 2, group, demand: { VCPU: 2, MEMORY_MB: 4096 } };
  const traits = traitsOf({ ...planned, state: "SCALE_IN", missing: { VCPU: 4 }, members: [one, one, one] });
  const text = `{'instances': 2, 'group_id': '${group}', 'resources': {'VCPU': 2, 'MEMORY_MB': 4096}}`;
  expect(traits.at(-1)).toEqual(["members", 1, `[${text}, ${text}]`]);
});

test("metadata of any kind survives: nulls go, words are Python's, the text is never cut", () => {
  const metadata = { a: null, b: true, c: [1, null], d: "Zürich's", e: "x".repeat(300) };
  expect(traitsOf({ ...planned, metadata })).toContainEqual(["metadata", 1, `{'b': True, 'c': [1], 'd': "Zürich's"}`]);
});

test("links stay within the limit for the longest project id", () => {
  const longest = ProjectId.parse("p".repeat(64));
  const far = linksFrom(`https://${"h".repeat(120)}`);
  expect(far.project(session, longest).length).toBeLessThanOrEqual(255);
  expect(() => linksFrom(`https://${"h".repeat(130)}`)).toThrow("FENIX_PUBLIC_URL");
});

describe("news for infrastructure services", () => {
  const down: Notification = { type: "maintenance.host", host: HostName.parse("compute-1"), state: "IN_MAINTENANCE" };
  const moved: Notification = { type: "maintenance.session", state: "PLANNED_MAINTENANCE", percentDone: 34 };

  test("a host goes down", () => {
    expect(traitsOf(down)).toEqual([
      ["service", 1, "fenix"],
      ["host", 1, "compute-1"],
      ["project_id", 1, project],
      ["session_id", 1, session],
      ["state", 1, "IN_MAINTENANCE"],
    ]);
  });

  test("a session moves on, with its progress as a number", () => {
    expect(traitsOf(moved)).toEqual([
      ["percent_done", 2, 34],
      ["project_id", 1, project],
      ["session_id", 1, session],
      ["state", 1, "PLANNED_MAINTENANCE"],
      ["service", 1, "fenix"],
    ]);
  });

  test("a receiver without a project gets no project trait, rather than an empty one", () => {
    const names = traitsOf(down, { id: webhook.id, project: null }).map(([name]) => name);
    expect(names).toEqual(["service", "host", "session_id", "state"]);
  });
});
