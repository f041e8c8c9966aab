/** The digest of a plan: what two people compare to know that they speak of the same plan. */
import { createHash } from "node:crypto";
import type { Plan } from "./plan.ts";

/** `sha256:` over the plan without its digest, as canonical JSON. */
export function digestOf(plan: Omit<Plan, "digest"> & { readonly digest?: string }): string {
  const { digest: _, ...rest } = plan;
  return `sha256:${createHash("sha256").update(canonicalJson(rest)).digest("hex")}`;
}

/** JSON with sorted keys and no white space. */
export function canonicalJson(value: unknown): string {
  if (isCanonical(value)) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  const fields = Object.entries(value as object)
    .filter(([, field]) => field !== undefined)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, field]) => `${JSON.stringify(key)}:${canonicalJson(field)}`);
  return `{${fields.join(",")}}`;
}

/** Whether `JSON.stringify` writes the canonical form already, as it does for a list of moves of our own plans. */
function isCanonical(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return true;
  if (Array.isArray(value)) return value.every(isCanonical);
  let before = "";
  for (const key in value) {
    if (key < before || !isCanonical((value as Readonly<Record<string, unknown>>)[key])) return false;
    before = key;
  }
  return true;
}
