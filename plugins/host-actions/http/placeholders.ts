/** What {host} and the like stand for. */
export type Placeholders = Readonly<Record<"host" | "session" | "phase" | "key", string>>;

/** Puts the values in; everything else in braces stays as it is. */
export const fillIn = (text: string, values: Placeholders): string =>
  text.replaceAll(/\{(host|session|phase|key)\}/g, (_, name: keyof Placeholders) => values[name]);

/** The same in every text of a JSON value. Names of members are left alone. */
export function fillInJson(value: unknown, values: Placeholders): unknown {
  if (typeof value === "string") return fillIn(value, values);
  if (Array.isArray(value)) return value.map((item) => fillInJson(item, values));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, fillInJson(member, values)]));
}

/** For URLs: a value is one piece of it, whatever characters it has. */
export const forUrls = ({ host, session, phase, key }: Placeholders): Placeholders => ({
  host: encodeURIComponent(host),
  session: encodeURIComponent(session),
  phase: encodeURIComponent(phase),
  key: encodeURIComponent(key),
});
