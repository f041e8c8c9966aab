import fc from "fast-check";
import { expect, test } from "vitest";
import { pythonRepr, pythonReprWithin, withoutNulls } from "../../src/wire/python-text.ts";

// What Python 3.11 prints for the same values.
test.each<{ value: unknown; python: string }>([
  { value: ["MIGRATE", "LIVE_MIGRATE", "OWN_ACTION"], python: "['MIGRATE', 'LIVE_MIGRATE', 'OWN_ACTION']" },
  { value: { openstack_version: "Train" }, python: "{'openstack_version': 'Train'}" },
  { value: [], python: "[]" },
  { value: {}, python: "{}" },
  { value: { yes: true, no: false, nothing: null }, python: "{'yes': True, 'no': False, 'nothing': None}" },
  { value: [1, -2.5, 1e21], python: "[1, -2.5, 1e+21]" },
  { value: { a: [{ b: "c" }] }, python: "{'a': [{'b': 'c'}]}" },
  { value: "it's", python: `"it's"` },
  { value: 'say "hi"', python: `'say "hi"'` },
  { value: `both ' and "`, python: `'both \\' and "'` },
  { value: "back\\slash", python: "'back\\\\slash'" },
  { value: "line\r\n\ttab", python: "'line\\r\\n\\ttab'" },
  { value: "\u0007\u007f\u0085", python: "'\\x07\\x7f\\x85'" },
  { value: "no\u00a0break, soft\u00adhyphen", python: "'no\\xa0break, soft\\xadhyphen'" },
  { value: "Zürich 東京 😀", python: "'Zürich 東京 😀'" },
  { value: "\u2028\ue000", python: "'\\u2028\\ue000'" },
  { value: "\u{e0001}", python: "'\\U000e0001'" },
  { value: "\ud800", python: "'\\ud800'" },
])("$python", ({ value, python }) => {
  expect(pythonRepr(value)).toBe(python);
});

test("nulls go at every depth, since YAML would read None as a word", () => {
  expect(withoutNulls({ a: null, b: [null, 1, { c: null, d: undefined, e: "" }], f: false })).toEqual({
    b: [1, { e: "" }],
    f: false,
  });
});

test("what is too long loses whole entries from its end", () => {
  const ids = ["aaaa", "bbbb", "cccc"];
  expect(pythonReprWithin(ids, 24)).toBe("['aaaa', 'bbbb', 'cccc']");
  expect(pythonReprWithin(ids, 23)).toBe("['aaaa', 'bbbb']");
  expect(pythonReprWithin({ VCPU: 4, MEMORY_MB: 8192 }, 15)).toBe("{'VCPU': 4}");
  expect(pythonReprWithin({ long: "x".repeat(20) }, 20)).toBe("{}");
  expect(pythonReprWithin([["x".repeat(20)]], 20)).toBe("[]");
});

test("the text of any list or dictionary stays within the limit and closes what it opens", () => {
  fc.assert(
    fc.property(fc.oneof(fc.dictionary(fc.string(), fc.jsonValue()), fc.array(fc.jsonValue())), (value) => {
      const text = pythonReprWithin(value, 255);
      expect(text.length).toBeLessThanOrEqual(255);
      expect(text).toMatch(Array.isArray(value) ? /^\[[^]*\]$/ : /^\{[^]*\}$/);
    }),
  );
});
