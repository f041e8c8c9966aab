/** The digest of a plan, computed by the rule of the format. */
import { createHash } from "node:crypto";
import type { Plan } from "../format/plan.ts";

/** `sha256:` over the plan without its digest, as JSON with sorted keys and no white space. */
export function digestOf(plan: Plan): string {
  const { digest: _, ...rest } = plan;
  return `sha256:${createHash("sha256").update(canonical(rest)).digest("hex")}`;
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const pairs = Object.entries(value)
    .filter(([, inner]) => inner !== undefined)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, inner]) => `${JSON.stringify(key)}:${canonical(inner)}`);
  return `{${pairs.join(",")}}`;
}
