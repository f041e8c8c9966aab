/**
 * Values as Python text. Event alarms carry lists and dictionaries as Python's `str()` of them, and their receivers
 * read it back: some as YAML, some with Python's own `eval` (reference §3.7). Only text that is valid Python serves
 * both, so the text is shortened by whole entries and never cut.
 */

/** As Python's `repr()` writes a JSON value. */
export function pythonRepr(value: unknown): string {
  if (value === null || value === undefined) return "None";
  if (value === true) return "True";
  if (value === false) return "False";
  if (typeof value === "string") return reprOfString(value);
  if (Array.isArray(value)) return `[${value.map(pythonRepr).join(", ")}]`;
  if (typeof value === "object")
    return `{${Object.entries(value)
      .map(([key, child]) => `${reprOfString(key)}: ${pythonRepr(child)}`)
      .join(", ")}}`;
  return String(value);
}

/** The `repr` of a list or dictionary without the last entries that would make it longer than `max` characters. */
export const pythonReprWithin = (value: object, max: number): string => pythonRepr(entriesWithin(value, max));

/** The same, not yet as text. */
export function entriesWithin(value: object, max: number): object {
  let count = entriesOf(value);
  while (count > 0 && pythonRepr(firstEntries(value, count)).length > max) count--;
  return firstEntries(value, count);
}

/** Without nulls at any depth: a reader of YAML takes `None` for the text "None". */
export function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.filter(isThere).map(withoutNulls);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, child]) => isThere(child))
      .map(([key, child]) => [key, withoutNulls(child)]),
  );
}

const isThere = (value: unknown): boolean => value !== null && value !== undefined;

const entriesOf = (value: object): number => Object.keys(value).length;

const firstEntries = (value: object, count: number): object =>
  Array.isArray(value) ? value.slice(0, count) : Object.fromEntries(Object.entries(value).slice(0, count));

/** Python prefers single quotes, and takes double ones where that saves a backslash. */
function reprOfString(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  return quote + text.replace(/[\\'"]|[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu, (char) => escaped(char, quote)) + quote;
}

const shortEscapes: Readonly<Record<string, string>> = { "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t" };

function escaped(char: string, quote: string): string {
  if (char === "'" || char === '"') return char === quote ? `\\${char}` : char;
  const code = char.codePointAt(0) ?? 0;
  const hex = code.toString(16);
  if (code < 0x100) return shortEscapes[char] ?? `\\x${hex.padStart(2, "0")}`;
  return code < 0x10000 ? `\\u${hex.padStart(4, "0")}` : `\\U${hex.padStart(8, "0")}`;
}
