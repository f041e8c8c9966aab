/** What the simulated services have in common: calls, answers, routes. */
import type { Token } from "../identity.ts";
import type { Refusal } from "../refusal.ts";
import type { Asker } from "../world.ts";

export interface Call {
  readonly method: string;
  readonly path: string;
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Parsed JSON; undefined where there was none. */
  readonly body: unknown;
  readonly requestId: string;
  /** Address of the service as the client sees it, without a slash at the end. */
  readonly base: string;
  /** Minor part of the microversion the client asked for. */
  readonly minor: number;
  readonly token: Token | null;
}

export interface Answer {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Route {
  readonly method: string;
  /** Segments beginning with a colon are parameters. */
  readonly pattern: string;
  readonly answer: (call: Call) => Answer;
}

/** What a service finds out about a call before a route has it. */
export interface Admission {
  readonly token: Token | null;
  readonly minor: number;
}

export interface Api {
  readonly name: "keystone" | "nova" | "placement" | "simulator";
  /** Under which path of the simulator it lives. */
  readonly prefix: string;
  readonly routes: readonly Route[];
  /** Throws a refusal when the caller may not enter at all. */
  admit(call: Omit<Call, "minor" | "token">): Admission;
  /** Headers on every answer to an admitted call. */
  headers(call: Call): Readonly<Record<string, string>>;
  errorBody(refusal: Refusal, call: Pick<Call, "requestId" | "minor">): unknown;
}

export function ok(body: unknown): Answer {
  return { status: 200, body };
}

export const accepted: Answer = { status: 202 };
export const noContent: Answer = { status: 204 };

export function header(call: Pick<Call, "headers">, name: string): string | undefined {
  const value = call.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

export function param(call: Call, name: string): string {
  const value = call.params[name];
  if (value === undefined) throw new Error(`the route has no parameter ${name}`);
  return value;
}

/** The caller of a route that nobody enters without a token. */
export function callerOf(call: Call): Token {
  if (call.token === null) throw new Error("a route was entered without a token");
  return call.token;
}

export function askerOf(call: Call): Asker {
  const { user, project } = callerOf(call);
  return { user: user.id, userName: user.name, project: project?.id ?? "", requestId: call.requestId };
}

/** A JSON object, or undefined for anything else. */
export function object(value: unknown): Readonly<Record<string, unknown>> | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  return value as Readonly<Record<string, unknown>>;
}

/** As Nova and Keystone's database write times: microseconds, no zone. */
export function stamp(at: number | null): string | null {
  return at === null ? null : `${new Date(at).toISOString().slice(0, 19)}.000000`;
}
