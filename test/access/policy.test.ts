import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { makePolicy, readPolicy } from "../../src/access/policy.ts";
import { policySample } from "../../src/access/policy-sample.ts";
import { rules } from "../../src/access/rules.ts";
import { aCaller, project } from "./a-caller.ts";

const folder = mkdtempSync(join(tmpdir(), "fenix-policy-"));
afterAll(() => rmSync(folder, { recursive: true }));

const fileWith = (text: string): string => {
  const file = join(folder, "policy.yaml");
  writeFileSync(file, text);
  return file;
};

const shop = project("shop");
const rule = "fenix:maintenance:session:project:put";
const mayReply = (check: unknown, caller: Parameters<typeof aCaller>[0] = {}) =>
  makePolicy({ [rule]: check }).allows(rule, aCaller(caller), { project: shop });

describe("a check", () => {
  const member = { roles: ["member"], project: shop };
  test.each([
    { check: "role:member", caller: member, holds: true },
    { check: "role:Member", caller: { roles: ["mEMBER"] }, holds: true },
    { check: "role:admin", caller: member, holds: false },
    { check: "rule:admin", caller: { roles: ["admin"] }, holds: true },
    { check: "rule:admin", caller: member, holds: false },
    { check: "project_id:%(project_id)s", caller: member, holds: true },
    { check: "project_id:%(target.project_id)s", caller: member, holds: true },
    { check: "tenant:%(tenant_id)s", caller: member, holds: true },
    { check: "project_id:%(project_id)s", caller: { project: project("bank") }, holds: false },
    { check: "project_id:%(project_id)s", caller: { project: null }, holds: false },
    { check: "project_id:shop", caller: member, holds: true },
    { check: "project_id:'shop'", caller: member, holds: true },
    { check: "'shop':%(project_id)s", caller: { project: null }, holds: true },
    { check: "user_id:u-1", caller: { user: { id: "u-1", name: "alice" } }, holds: true },
    { check: "@", caller: {}, holds: true },
    { check: "!", caller: { roles: ["admin"] }, holds: false },
    { check: "", caller: {}, holds: true },
    { check: [], caller: {}, holds: true },
    { check: "not role:member", caller: member, holds: false },
    { check: "not not role:member", caller: member, holds: true },
    { check: "role:a or role:member and role:b", caller: member, holds: false },
    { check: "role:member or role:a and role:b", caller: member, holds: true },
    { check: "(role:member or role:a) and role:b", caller: member, holds: false },
    { check: "role:member AND NOT role:b", caller: member, holds: true },
    { check: "not (role:a or role:b) and project_id:%(project_id)s", caller: member, holds: true },
    { check: "( role:member )", caller: member, holds: true },
    { check: ["role:a", "role:member"], caller: member, holds: true },
    { check: [["role:a", "role:member"]], caller: member, holds: false },
    { check: [["role:member", "project_id:%(project_id)s"], "role:a"], caller: member, holds: true },
  ])("$check", ({ check, caller, holds }) => {
    expect(mayReply(check, caller)).toBe(holds);
  });
});

test("who has no project owns nothing, not even what is no project's", () => {
  const policy = makePolicy({ [rule]: "project_id:%(project_id)s" });
  expect(policy.allows(rule, aCaller({ project: null }), { project: null })).toBe(false);
  expect(policy.allows(rule, aCaller({ project: shop }), { project: null })).toBe(false);
});

describe("a rule that is wrong is named, with what is wrong", () => {
  test.each([
    { rules: { "fenix:webhook:get": "role:a or" }, says: '"fenix:webhook:get" ends where a check belongs' },
    { rules: { "fenix:webhook:get": "(role:a" }, says: '"fenix:webhook:get" has a "(" without its ")"' },
    { rules: { "fenix:webhook:get": "role:a role:b" }, says: 'has "role:b" where "and", "or" or the end belongs' },
    { rules: { "fenix:webhook:get": "admin" }, says: 'has "admin", which is no check such as role:admin' },
    { rules: { "fenix:webhook:get": 7 }, says: "is neither text nor a list" },
    { rules: { "fenix:webhook:get": [["role:a", 7]] }, says: "has 7 where a text belongs" },
    {
      rules: { "fenix:webhook:get": "project_id:%(projet_id)s" },
      says: "asks for %(projet_id)s; known are project_id",
    },
    { rules: { "fenix:webhook:get": "project_id:%project_id" }, says: 'has "%project_id"; an attribute is written' },
    { rules: { "fenix:webhook:get": "projet_id:x" }, says: `asks for the caller's "projet_id"` },
    {
      rules: { "fenix:webhook:get": "http://policy.example.org/" },
      says: "checks by another server are not supported",
    },
    { rules: { "fenix:webhook:get": "rule:nobody" }, says: '"fenix:webhook:get" asks rule:nobody, which is not there' },
    { rules: { admin: "rule:mine", mine: "not rule:admin" }, says: '"admin" asks itself' },
    { rules: { "fenix:webhok:get": "@" }, says: '"fenix:webhok:get" is no rule that Fenix knows' },
  ])("$rules", ({ rules, says }) => {
    expect(() => makePolicy(rules)).toThrow(says);
  });

  test("all of them at once, with the file", () => {
    const file = fileWith('"fenix:webhook:get": "x"\n"fenix:webhook:post": "role:a or"\n');
    expect(() => readPolicy(file)).toThrow(
      `${file} is wrong:\n  "fenix:webhook:post" ends where a check belongs\n  "fenix:webhook:get" has "x"`,
    );
  });
});

describe("a file", () => {
  test("goes over the defaults, and may have rules of its own", () => {
    const policy = readPolicy(fileWith('ops: "role:ops"\nadmin: "role:admin or rule:ops"\n'));
    expect(policy.allows("fenix:maintenance:post", aCaller({ roles: ["ops"] }), { project: null })).toBe(true);
    expect(policy.allows("fenix:maintenance:post", aCaller({ roles: ["member"] }), { project: null })).toBe(false);
  });

  test("may be JSON", () => {
    const policy = readPolicy(fileWith('{"admin": "role:root"}'));
    expect(policy.allows("fenix:maintenance:post", aCaller({ roles: ["admin"] }), { project: null })).toBe(false);
  });

  test.each([
    { text: "- role:admin\n", says: "has no rules by name" },
    { text: "admin: [\n", says: "cannot be read" },
    { text: "admin: '@'\nadmin: '!'\n", says: "cannot be read" },
  ])("$text", ({ text, says }) => {
    expect(() => readPolicy(fileWith(text))).toThrow(says);
  });

  test("that is not there", () => {
    expect(() => readPolicy(join(folder, "none.yaml"))).toThrow("cannot be read: ENOENT");
  });
});

describe("the sample", () => {
  test("changes nothing as it is, and nothing with every rule in force", () => {
    const sample = policySample();
    expect(() => readPolicy(fileWith(sample))).not.toThrow();
    const inForce = sample.replaceAll(/^#(?=")/gm, "");
    expect(inForce.match(/^"/gm)).toHaveLength(Object.keys(rules).length);
    expect(() => readPolicy(fileWith(inForce))).not.toThrow();
  });
});
