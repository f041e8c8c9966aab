/**
 * The language of oslo.policy: `role:admin or (role:member and project_id:%(project_id)s)`, or the older lists, of which
 * the outer one means "or" and an inner one "and". What oslo.policy would quietly take for "never" (a misspelt attribute,
 * half an expression) is an error here: an operator should hear of it at start.
 */
import type { Check, Value } from "./check.ts";

/** What a check may know of the caller; `tenant` is what a project was once called. */
export const callerKeys = ["user_id", "user_name", "project_id", "tenant", "tenant_id"] as const;

/** What a check may know of the thing to be reached. */
export const targetKeys = ["project_id", "tenant_id", "operator_project_id"] as const;

/** A rule cannot be understood; the message says where. */
export class BadCheck extends Error {
  override readonly name = "BadCheck";
}

/** `written` is text or lists, as YAML gives them. Throws `BadCheck`. */
export function parseCheck(written: unknown): Check {
  if (typeof written === "string") return parseText(written);
  if (!Array.isArray(written)) throw new BadCheck("is neither text nor a list");
  if (written.length === 0) return { kind: "always" };
  return anyOf(written.map((one) => (Array.isArray(one) ? allOf(one.map(parseOne)) : parseOne(one))));
}

function parseOne(written: unknown): Check {
  if (typeof written !== "string") throw new BadCheck(`has ${JSON.stringify(written)} where a text belongs`);
  return parseAtom(written.trim());
}

/** Nothing at all means that everybody may, as in oslo.policy. */
function parseText(text: string): Check {
  const tokens = tokensOf(text);
  if (tokens.length === 0) return { kind: "always" };
  const check = parseOr(tokens);
  const [left] = tokens;
  if (left !== undefined) throw new BadCheck(`has "${left}" where "and", "or" or the end belongs`);
  return check;
}

/** Parentheses stand for themselves; the one at the end of `%(project_id)s` does not, nor does anything in quotes. */
const tokensOf = (text: string): string[] => text.match(/[()]|(?:%\([^)]*\)s|'[^']*'|"[^"]*"|[^\s()])+/g) ?? [];

// "and" binds more tightly than "or", and "not" more than both. Each function takes its part off the front.
function parseOr(tokens: string[]): Check {
  const checks = [parseAnd(tokens)];
  while (taken(tokens, "or")) checks.push(parseAnd(tokens));
  return anyOf(checks);
}

function parseAnd(tokens: string[]): Check {
  const checks = [parseNot(tokens)];
  while (taken(tokens, "and")) checks.push(parseNot(tokens));
  return allOf(checks);
}

function parseNot(tokens: string[]): Check {
  return taken(tokens, "not") ? { kind: "not", check: parseNot(tokens) } : parsePrimary(tokens);
}

function parsePrimary(tokens: string[]): Check {
  const token = tokens.shift();
  if (token === undefined) throw new BadCheck("ends where a check belongs");
  if (token !== "(") return parseAtom(token);
  const inner = parseOr(tokens);
  if (!taken(tokens, ")")) throw new BadCheck('has a "(" without its ")"');
  return inner;
}

function taken(tokens: string[], word: string): boolean {
  if (tokens[0]?.toLowerCase() !== word) return false;
  tokens.shift();
  return true;
}

const anyOf = (checks: readonly Check[]): Check => onlyOne(checks) ?? { kind: "or", checks };
const allOf = (checks: readonly Check[]): Check => onlyOne(checks) ?? { kind: "and", checks };
const onlyOne = (checks: readonly Check[]): Check | undefined => (checks.length === 1 ? checks[0] : undefined);

function parseAtom(text: string): Check {
  if (text === "@") return { kind: "always" };
  if (text === "!") return { kind: "never" };
  const [, kind = "", match = ""] = /^([^:]+):(.+)$/.exec(quoted(text) ?? text) ?? [];
  if (kind === "") throw new BadCheck(`has "${text}", which is no check such as role:admin`);
  if (kind === "rule") return { kind: "rule", rule: match };
  if (kind === "http" || kind === "https")
    throw new BadCheck(`asks ${text}: checks by another server are not supported`);
  const right = parseRight(match);
  return kind === "role" ? { kind: "role", role: right } : { kind: "same", left: parseLeft(kind), right };
}

/** What stands between quotes, where all of the text does. */
const quoted = (text: string): string | undefined => /^(["'])([^"']*)\1$/.exec(text)?.[2];

function parseLeft(kind: string): Value {
  const literal = quoted(kind) ?? /^(?:True|False|None|\d+)$/.exec(kind)?.[0];
  if (literal !== undefined) return { from: "text", text: literal };
  if (!isOneOf(kind, callerKeys))
    throw new BadCheck(`asks for the caller's "${kind}"; known are role, rule, ${callerKeys.join(", ")}`);
  return { from: "caller", key: kind };
}

function parseRight(match: string): Value {
  const key = /^%\(([^)]*)\)s$/.exec(match)?.[1];
  if (key === undefined) {
    if (match.includes("%")) throw new BadCheck(`has "${match}"; an attribute is written %(project_id)s`);
    return { from: "text", text: quoted(match) ?? match };
  }
  // oslo.policy also knows `target.` in front of what is to be reached.
  const plain = key.replace(/^target\./, "");
  if (!isOneOf(plain, targetKeys)) throw new BadCheck(`asks for %(${key})s; known are ${targetKeys.join(", ")}`);
  return { from: "target", key: plain };
}

const isOneOf = (text: string, known: readonly string[]): boolean => known.includes(text);
