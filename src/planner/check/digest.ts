/** The digest of a plan, computed by the rule of the format. */
import { createHash } from "node:crypto";
import type { Plan } from "../format/plan.ts";

/** `sha256:` over the plan without its digest, as JSON with sorted keys and no white space. */
export function digestOf(plan: Plan): string {
  const { digest: _, ...rest } = plan;
  return `sha256:${createHash("sha256").update(canonical(rest)).digest("hex")}`;
}

/** Written as one text that grows, since a plan of a large cloud has a million values. */
function canonical(value: unknown): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  let text = "";
  if (Array.isArray(value)) {
    for (const item of value) text += `${text === "" ? "" : ","}${canonical(item)}`;
    return `[${text}]`;
  }
  const fields = value as Readonly<Record<string, unknown>>;
  for (const key of Object.keys(fields).sort()) {
    if (fields[key] === undefined) continue;
    text += `${text === "" ? "" : ","}${JSON.stringify(key)}:${canonical(fields[key])}`;
  }
  return `{${text}}`;
}
