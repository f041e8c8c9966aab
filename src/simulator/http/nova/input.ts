/** The parts of requests that several of Nova's resources share, refused in Nova's words. */
import { Refusal } from "../../refusal.ts";
import { object, type Call } from "../api.ts";

export interface Page<Item> {
  readonly items: readonly Item[];
  /** The last item of a full page. Nova does not look whether there is anything behind it. */
  readonly next: Item | undefined;
}

/** As many of what is left as the caller wants and Nova gives at once. */
export function pageOf<Item>(items: Iterable<Item>, { query }: Call): Page<Item> {
  const most = 1000;
  const limit = Math.min(most, number(query, "limit") ?? most);
  const page: Item[] = [];
  for (const item of items) {
    if (page.length < limit) page.push(item);
    if (page.length === limit) break;
  }
  return { items: page, next: page.length === limit ? page.at(-1) : undefined };
}

/** Nova's link to the next page: the same question with a marker. */
export function nextLink({ base, path, query }: Call, marker: string): readonly unknown[] {
  const next = new URLSearchParams(query);
  next.set("marker", marker);
  return [{ rel: "next", href: `${base}${path}?${next.toString()}` }];
}

/** A whole number in a query; undefined when it is not there. */
export function number(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  if (/^\d+$/.test(text)) return Number(text);
  throw new Refusal(
    400,
    `Invalid input for query parameters ${name}. Value: ${text}. '${text}' does not match '^[0-9]*$'`,
  );
}

/** Milliseconds since 1970 of a time in a query; Nova takes it as UTC when it names no zone. */
export function time(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  const at = Date.parse(/([zZ]|[+-]\d\d:?\d\d)$/.test(text) ? text : `${text}Z`);
  if (Number.isNaN(at)) throw new Refusal(400, `Invalid input for query parameters ${name}. Value: ${text}.`);
  return at;
}

export function isTrue(text: string | null): boolean {
  return text !== null && ["1", "t", "true", "on", "y", "yes", ""].includes(text.toLowerCase());
}

/** An object in the body, or Nova's complaint about what is there instead. */
export function bodyObject(call: Call, name: string): Readonly<Record<string, unknown>> {
  const found = object(object(call.body)?.[name]);
  if (found === undefined) throw new Refusal(400, `Invalid input for field/attribute ${name}.`);
  return found;
}

export function text(from: Readonly<Record<string, unknown>>, name: string): string {
  const value = from[name];
  if (typeof value === "string") return value;
  if (value === undefined) throw new Refusal(400, `'${name}' is a required property`);
  throw new Refusal(
    400,
    `Invalid input for field/attribute ${name}. Value: ${python(value)}. ${python(value)} is not of type 'string'`,
  );
}

/** Nova quotes values as Python writes them. */
export function python(value: unknown): string {
  if (value === null || value === undefined) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "string") return `'${value}'`;
  if (Array.isArray(value)) return `[${value.map(python).join(", ")}]`;
  if (typeof value !== "object") return JSON.stringify(value);
  return `{${Object.entries(value)
    .map(([key, entry]) => `${python(key)}: ${python(entry)}`)
    .join(", ")}}`;
}

export const uuidPattern = /^[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}$/i;
