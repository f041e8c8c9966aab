/** Builds the body of POST /v1/maintenance from what was typed. What the values may be is for Fenix to say, not for us. */
import { z } from "zod";
import { Usage } from "./endings.ts";
import { parseWhen, wireTime } from "./when.ts";

export interface SessionOptions {
  readonly host?: readonly string[] | undefined;
  readonly hosts?: string | undefined;
  readonly at?: string | undefined;
  readonly workflow?: string | undefined;
  readonly action?: readonly string[] | undefined;
  readonly option?: readonly string[] | undefined;
  readonly metadata?: readonly string[] | undefined;
  /** The digest of a plan. */
  readonly planDigest?: string | undefined;
}

/** `file` is the JSON that the options are laid over; without a file it is `{}`. */
export function sessionRequest(options: SessionOptions, file: string, now: Date): Record<string, unknown> {
  const base = jsonObject(file, "the session file");
  const hosts = [...(options.host ?? []), ...(options.hosts?.split(",").map((host) => host.trim()) ?? [])];
  if (options.at === undefined && base["maintenance_at"] === undefined)
    throw new Usage('say when hosts may be touched: --at "2026-11-25 08:30", --at +5m or --at now');
  return {
    ...base,
    state: "MAINTENANCE",
    ...(hosts.length > 0 && { hosts: hosts.filter((host) => host !== "") }),
    ...(options.at !== undefined && { maintenance_at: wireTime(roundUp(parseWhen(options.at, now))) }),
    ...(options.workflow !== undefined && { workflow: options.workflow }),
    ...(options.action && { actions: [...asList(base["actions"]), ...options.action.map(parseAction)] }),
    ...(options.option && { options: { ...asObject(base["options"]), ...pairs(options.option, numberOrText) } }),
    ...(options.planDigest !== undefined && { plan_digest: options.planDigest }),
    ...(options.metadata && { metadata: { ...asObject(base["metadata"]), ...metadataOf(options.metadata) } }),
  };
}

/** Fenix takes whole seconds; "+5m" must not become less than five minutes. */
const roundUp = (at: Date): Date => new Date(Math.ceil(at.getTime() / 1_000) * 1_000);

/** `plugin:type`, or `plugin:type:{"some": "metadata"}`. */
function parseAction(text: string): Record<string, unknown> {
  const [, plugin, type, metadata] = /^([^:]+):([^:]+)(?::(.+))?$/s.exec(text) ?? [];
  if (plugin === undefined)
    throw new Usage(`"${text}" is no action; type plugin:type or plugin:type:{"json": "metadata"}`);
  return {
    plugin,
    type,
    ...(metadata !== undefined && { metadata: jsonObject(metadata, `the metadata of ${plugin}`) }),
  };
}

/** Each is `key=value`, whose value stays text, or a whole JSON object. */
const metadataOf = (given: readonly string[]): Record<string, unknown> =>
  Object.assign(
    {},
    ...given.map((text) => (text.trimStart().startsWith("{") ? jsonObject(text, "metadata") : pairs([text], String))),
  );

function pairs(given: readonly string[], read: (value: string) => unknown): Record<string, unknown> {
  return Object.fromEntries(
    given.map((text) => {
      const [, key, value] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
      if (key === undefined || value === undefined) throw new Usage(`"${text}" is not key=value`);
      return [key, read(value)];
    }),
  );
}

const numberOrText = (value: string): unknown => (/^-?\d+(\.\d+)?$/.test(value) ? Number(value) : value);

function jsonObject(text: string, what: string): Record<string, unknown> {
  try {
    return z.record(z.string(), z.unknown()).parse(JSON.parse(text));
  } catch {
    throw new Usage(`${what} is not a JSON object`);
  }
}

const asList = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

const asObject = (value: unknown): Record<string, unknown> => z.record(z.string(), z.unknown()).catch({}).parse(value);
