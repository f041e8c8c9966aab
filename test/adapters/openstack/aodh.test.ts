import { expect, test, vi } from "vitest";
import { eventAlarms, matchesGlob } from "../../../src/adapters/openstack/aodh.ts";
import { type Exchange, type Http, Unanswered } from "../../../src/adapters/openstack/http.ts";
import type { Keystone, Token } from "../../../src/adapters/openstack/keystone.ts";

test.each([
  ["maintenance.scheduled", true],
  ["*", true],
  ["maintenance.*", true],
  ["maintenance.[st]cheduled", true],
  ["maintenance.[!a-r]cheduled", true],
  ["maintenance?scheduled", true],
  ["maintenance.host", false],
  ["maintenance.scheduled.more", false],
  ["maintenancexscheduled", false],
  ["maintenance.[!s]cheduled", false],
  ["maintenance.(s)cheduled", false],
  ["[z-a]", false],
  ["", false],
])("the event type %s of an alarm hears maintenance.scheduled: %s", (glob, hears) => {
  expect(matchesGlob(glob, "maintenance.scheduled")).toBe(hears);
});

const token = (value: string) => ({ value }) as Token;
const keystone: Keystone = {
  token: async () => token("old"),
  renewed: async () => token("new"),
  endpoint: (_, type) => `http://192.0.2.7/${type}`,
};
const anAlarm = (project: string, changes: object = {}) => ({
  alarm_id: `alarm-of-${project}`,
  enabled: true,
  project_id: project,
  type: "event",
  alarm_actions: ["http://192.0.2.20/"],
  event_rule: { event_type: "maintenance.scheduled", query: [] },
  ...changes,
});
const signal = new AbortController().signal;

function aodhOf(answer: (exchange: Exchange) => { status: number; body: unknown }) {
  const asked: URL[] = [];
  const http: Http = {
    exchange: async (exchange) => {
      asked.push(new URL(exchange.url));
      return { headers: {}, ...answer(exchange) };
    },
    counts: () => ({}),
    close: async () => undefined,
  };
  let now = Date.parse("2026-11-25T08:00:00.000Z");
  const clock = { now: () => new Date(now), sleep: async () => undefined };
  const log = { info: vi.fn<() => void>(), warn: vi.fn<() => void>() };
  const alarms = eventAlarms({ http, keystone, clock, log });
  return { alarms, asked, log, pass: (ms: number) => void (now += ms) };
}

test("projects with an enabled alarm that does something hear what they are asked, whosever they are", async () => {
  const body = [
    anAlarm("shop"),
    anAlarm("shop", { alarm_id: "another" }),
    anAlarm("all", { event_rule: { event_type: "*" } }),
    anAlarm("switched-off", { enabled: false }),
    anAlarm("without-action", { alarm_actions: [] }),
    anAlarm("threshold", { type: "gnocchi_resources_threshold", event_rule: undefined }),
    anAlarm("other", { event_rule: { event_type: "compute.*" } }),
  ];
  const { alarms, asked } = aodhOf(() => ({ status: 200, body }));
  expect(await alarms.listening({ signal })).toEqual(["all", "shop"]);
  expect(asked[0]?.pathname).toBe("/alarming/v2/alarms");
  expect(asked[0]?.search).toContain("q.field=all_projects&q.value=true");
});

test("AODH is asked once a minute, however often somebody looks", async () => {
  const { alarms, asked, pass } = aodhOf(() => ({ status: 200, body: [anAlarm("shop")] }));
  await Promise.all([alarms.listening({ signal }), alarms.listening({ signal })]);
  pass(59_000);
  await alarms.listening({ signal });
  expect(asked).toHaveLength(1);
  pass(2_000);
  await alarms.listening({ signal });
  expect(asked).toHaveLength(2);
});

test("many alarms come page after page", async () => {
  const page = (from: number, length: number) =>
    Array.from({ length }, (_, place) => anAlarm(`p${from + place}`, { alarm_id: String(from + place) }));
  const { alarms, asked } = aodhOf(({ url }) => ({
    status: 200,
    body: new URL(url).searchParams.get("marker") === "499" ? page(500, 3) : page(0, 500),
  }));
  expect(await alarms.listening({ signal })).toHaveLength(503);
  expect(asked).toHaveLength(2);
});

test("a token that was revoked is replaced", async () => {
  const { alarms } = aodhOf(({ headers }) =>
    headers?.["x-auth-token"] === "new" ? { status: 200, body: [anAlarm("shop")] } : { status: 401, body: {} },
  );
  expect(await alarms.listening({ signal })).toEqual(["shop"]);
});

test.each([
  ["refuses", () => ({ status: 403, body: { error_message: { faultstring: "no" } } })],
  ["answers something else", () => ({ status: 200, body: { alarms: "none" } })],
  [
    "is away",
    () => {
      throw new Unanswered("could not read the event alarms: aodh does not answer");
    },
  ],
])("while AODH %s nobody can say, and the log says so", async (_, answer) => {
  const { alarms, log } = aodhOf(answer);
  expect(await alarms.listening({ signal })).toBeNull();
  expect(log.warn).toHaveBeenCalledOnce();
});
