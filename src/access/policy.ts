/** The rules in force: the defaults, and over them what the operator's file says. */
import { readFileSync } from "node:fs";
import { parse } from "yaml";
import type { ProjectId } from "../domain/ids.ts";
import type { Caller } from "../ports/identity.ts";
import { type Check, holds, rulesIn } from "./check.ts";
import { BadCheck, parseCheck } from "./parse-check.ts";
import { type RuleName, rules } from "./rules.ts";

/** What is to be reached. `project` is null where it is no project's own. */
export interface Target {
  readonly project: ProjectId | null;
}

export interface Policy {
  allows(rule: RuleName, caller: Caller, target: Target): boolean;
}

/** Throws, with every rule that is wrong and what is wrong with it; `file` undefined: the defaults alone. */
export function readPolicy(file?: string): Policy {
  return makePolicy(file === undefined ? {} : overridesIn(file), file);
}

/** `overrides` are rules by name, as YAML gives them. `source` is named where one of them is wrong. */
export function makePolicy(overrides: Readonly<Record<string, unknown>>, source = "the policy"): Policy {
  const wrong: string[] = [];
  const checks = new Map<string, Check>();
  const written = {
    ...Object.fromEntries(Object.entries(rules).map(([name, { check }]) => [name, check])),
    ...overrides,
  };
  for (const [name, check] of Object.entries(written)) {
    if (name.startsWith("fenix:") && !(name in rules)) wrong.push(`"${name}" is no rule that Fenix knows`);
    try {
      checks.set(name, parseCheck(check));
    } catch (error) {
      if (!(error instanceof BadCheck)) throw error;
      wrong.push(`"${name}" ${error.message}`);
    }
  }
  if (wrong.length === 0) wrong.push(...wrongReferences(checks));
  if (wrong.length > 0) throw new Error(`${source} is wrong:\n${wrong.map((line) => `  ${line}`).join("\n")}`);
  return {
    allows: (rule, caller, target) => holds({ kind: "rule", rule }, factsOf(caller, target), checks),
  };
}

function overridesIn(file: string): Readonly<Record<string, unknown>> {
  let read: unknown;
  try {
    read = parse(readFileSync(file, "utf8")); // JSON is YAML too.
  } catch (error) {
    throw new Error(
      `the policy file ${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      {
        cause: error,
      },
    );
  }
  if (read === null) return {}; // A sample, in which everything is commented out.
  if (typeof read !== "object" || Array.isArray(read)) throw new Error(`the policy file ${file} has no rules by name`);
  return read as Readonly<Record<string, unknown>>;
}

/** Rules that ask one that is not there, or in the end themselves. */
function wrongReferences(checks: ReadonlyMap<string, Check>): string[] {
  return [...checks].flatMap(([name, check]) => {
    const missing = rulesIn(check).filter((other) => !checks.has(other));
    if (missing.length > 0) return missing.map((other) => `"${name}" asks rule:${other}, which is not there`);
    return asksItself(name, checks) ? [`"${name}" asks itself`] : [];
  });
}

function asksItself(name: string, checks: ReadonlyMap<string, Check>): boolean {
  const seen = new Set<string>();
  const open = [name];
  for (let rule = open.pop(); rule !== undefined; rule = open.pop()) {
    const check = checks.get(rule);
    for (const other of check === undefined ? [] : rulesIn(check)) {
      if (other === name) return true;
      if (!seen.has(other)) open.push(other);
      seen.add(other);
    }
  }
  return false;
}

const factsOf = ({ user, project, roles, operatorProject }: Caller, target: Target) => ({
  roles,
  caller: { user_id: user.id, user_name: user.name, project_id: project, tenant: project, tenant_id: project },
  target: { project_id: target.project, tenant_id: target.project, operator_project_id: operatorProject },
});
