/** The digest of a plan: what two people compare to know that they speak of the same plan. */
import { createHash, type Hash } from "node:crypto";
import type { Plan, PlannedMove } from "./plan.ts";

/** `sha256:` over the plan without its digest, as canonical JSON. */
export function digestOf(sealed: Omit<Plan, "digest"> & { readonly digest?: string }): string {
  const { digest: _, ...plan } = sealed;
  const hash = createHash("sha256");
  let before = "{";
  for (const [key, field] of fieldsOf(plan)) {
    hash.update(`${before}${JSON.stringify(key)}:`);
    if (key === "moves") hashMoves(hash, plan.moves);
    else hash.update(canonicalJson(field));
    before = ",";
  }
  return `sha256:${hash.update("}").digest("hex")}`;
}

/** JSON with sorted keys and no white space. */
export function canonicalJson(value: unknown): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  const fields = fieldsOf(value).map(([key, field]) => `${JSON.stringify(key)}:${canonicalJson(field)}`);
  return `{${fields.join(",")}}`;
}

const fieldsOf = (value: object): (readonly [string, unknown])[] =>
  Object.entries(value)
    .filter(([, field]) => field !== undefined)
    .toSorted(([a], [b]) => (a < b ? -1 : 1));

/** So many moves are one piece of text: neither many short ones nor one of megabytes. */
const PIECE = 1_000;

/** The moves as canonical JSON: there are hundreds of thousands of them, and all have the same fields. */
function hashMoves(hash: Hash, moves: readonly PlannedMove[]): void {
  const hosts = new Map<string, string>();
  const quotedHost = (name: string) => {
    const known = hosts.get(name);
    if (known !== undefined) return known;
    const quoted = JSON.stringify(name);
    hosts.set(name, quoted);
    return quoted;
  };
  let text = "[";
  for (const [number, { instance, from, to, start, end }] of moves.entries()) {
    if (number > 0) text += ",";
    text += `{"end":${end},"from":${quotedHost(from)},"instance":${JSON.stringify(instance)},"start":${start},"to":${quotedHost(to)}}`;
    if (number % PIECE !== 0) continue;
    hash.update(text);
    text = "";
  }
  hash.update(`${text}]`);
}
