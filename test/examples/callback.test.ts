import { expect, test } from "vitest";
import { readCallback } from "../../examples/client/callback.ts";
import { parsePythonText } from "../../examples/client/python-text.ts";

test.each([
  ["['MIGRATE', 'LIVE_MIGRATE']", ["MIGRATE", "LIVE_MIGRATE"]],
  ["[]", []],
  ["{}", {}],
  ["{'a': True, 'b': None, 'c': [1, -2.5e3, (3,)]}", { a: true, b: null, c: [1, -2500, [3]] }],
  ["{'it': \"it's\", 'quoted': 'say \"no\"'}", { it: "it's", quoted: 'say "no"' }],
  ["[u'python 2', 'a\\'b', 'tab\\t', '\\xe9', '\\u20ac']", ["python 2", "a'b", "tab\t", "é", "€"]],
  ['{"json": [true, false, null]}', { json: [true, false, null] }],
  ["{'brackets': '[{,:}]'}", { brackets: "[{,:}]" }],
])("%s", (text, value) => {
  expect(parsePythonText(text)).toEqual(value);
});

test.each([
  ["a text cut at 255 characters", "['MIGRATE', 'LIVE_MIG"],
  ["a list without its end", "['MIGRATE',"],
  ["two values", "[] []"],
  ["a missing comma", "['a' 'b']"],
  ["a missing colon", "{'a' 1}"],
  ["a call", "__import__('os').system('true')"],
  ["an unknown word", "[undefined]"],
  ["nothing", ""],
])("refuses %s", (_, text) => {
  expect(() => parsePythonText(text)).toThrow(SyntaxError);
});

const traits = (changes: Record<string, unknown>) => {
  const url = "http://192.0.2.10:12347/v1/maintenance/s/p";
  const all = { project_id: "p", session_id: "s", state: "MAINTENANCE", reply_url: url, instance_ids: url, ...changes };
  const event = {
    message_id: "m",
    event_type: "maintenance.scheduled",
    traits: Object.entries(all).map(([k, v]) => [k, 1, v]),
  };
  return { reason_data: { event } };
};

test.each([
  ["2026-04-16T08:09:27", "2026-04-16T08:09:27.000Z"],
  ["2026-04-16 08:09:27", "2026-04-16T08:09:27.000Z"],
  ["2026-04-16T08:09:27.5", "2026-04-16T08:09:27.500Z"],
  ["2026-04-16T10:09:27+02:00", "2026-04-16T08:09:27.000Z"],
])("reply_at %s is %s", (text, time) => {
  expect(readCallback(traits({ reply_at: text })).replyAt?.toISOString()).toBe(time);
});

test("actions that it does not know are not offered", () => {
  expect(readCallback(traits({ allowed_actions: "['EVICTION', 'MIGRATE']" })).allowedActions).toEqual(["MIGRATE"]);
});

test.each([
  ["no time", { reply_at: "soon" }],
  ["instance ids cut off", { instance_ids: "['a', 'b" }],
  ["no URL to reply to", { reply_url: "" }],
])("refuses a notice with %s", (_, changes) => {
  expect(() => readCallback(traits(changes))).toThrow();
});
