/** Calls to one service with a token and the right microversion. An answer is checked for the fields we use, here at the edge. */
import type { z } from "zod";
import { Problem } from "../../problems.ts";
import { reasonIn, Unanswered, type Answer, type Http } from "./http.ts";
import type { Keystone, Token } from "./keystone.ts";
import { microversionText, newestCommon, type Microversion, type VersionRange } from "./microversion.ts";
import { shared } from "./patience.ts";
import { VersionDocument } from "./version-document.ts";

export interface Service {
  /** A refusal (4xx) of this very request is an answer; the rest throws. */
  ask<Schema extends z.ZodType>(call: Call<Schema>): Promise<Called<z.output<Schema>>>;
  /** The same where a refusal means that it will not help to ask again. */
  get<Schema extends z.ZodType>(call: Call<Schema>): Promise<z.output<Schema>>;
  /** Whether the service knows some version of the range. */
  knows(range: VersionRange, signal: AbortSignal): Promise<boolean>;
}

export interface Call<Schema extends z.ZodType> {
  /** What is being done, for messages: `list the servers`. */
  readonly doing: string;
  readonly method?: "GET" | "PUT" | "POST" | "DELETE";
  readonly route: Route;
  readonly query?: Readonly<Record<string, string>>;
  /** The newest version in it that the service knows is asked for. */
  readonly version: VersionRange;
  readonly body?: unknown;
  readonly schema: Schema;
  readonly signal: AbortSignal;
}

export type Called<Value> =
  | { readonly kind: "done"; readonly value: Value; readonly requestId: string | null }
  | { readonly kind: "rejected"; readonly status: number; readonly reason: string };

/** A path with its ids in place, and one with them taken out, under which requests are counted. */
export interface Route {
  readonly path: string;
  readonly template: string;
}

export const route = (parts: TemplateStringsArray, ...ids: readonly string[]): Route => ({
  path: String.raw({ raw: parts }, ...ids.map(encodeURIComponent)),
  template: parts.join("{}"),
});

export interface ServiceParts {
  readonly name: "nova" | "placement";
  readonly type: "compute" | "placement";
  readonly http: Http;
  readonly keystone: Keystone;
}

export function service({ name, type, http, keystone }: ServiceParts): Service {
  let offered: VersionRange | null = null;

  const send = (call: Call<z.ZodType>, token: Token, headers: Readonly<Record<string, string>>): Promise<Answer> => {
    const { doing, method = "GET", route: to, query, body, signal } = call;
    const search = query === undefined ? "" : `?${new URLSearchParams(query).toString()}`;
    return http.exchange({
      service: name,
      method,
      url: `${keystone.endpoint(token, type)}${to.path}${search}`,
      template: to.template,
      doing,
      headers: { ...headers, "x-auth-token": token.value },
      body,
      signal,
    });
  };
  const withToken = async (call: Call<z.ZodType>, headers: Readonly<Record<string, string>>): Promise<Answer> => {
    const token = await keystone.token(call.signal);
    const answer = await send(call, token, headers);
    // A token can be revoked, or Keystone's keys rotated away, long before it expires. A 401 is never half done.
    return answer.status === 401 ? send(call, await keystone.renewed(token, call.signal), headers) : answer;
  };
  const negotiate = shared(async (signal) => {
    const token = await keystone.token(signal);
    const answer = await http.exchange({
      service: name,
      method: "GET",
      url: versionUrl(keystone.endpoint(token, type)),
      template: "/",
      doing: `ask ${name} for its versions`,
      headers: { "x-auth-token": token.value },
      signal,
    });
    offered = readVersions(answer, name);
    return offered;
  });
  const versions = async (signal: AbortSignal): Promise<VersionRange> => offered ?? negotiate(signal);

  const ask = async <Schema extends z.ZodType>(call: Call<Schema>): Promise<Called<z.output<Schema>>> => {
    const range = await versions(call.signal);
    const version = newestCommon(range, call.version);
    if (version === null) throw tooOld(name, call, range);
    const answer = await withToken(call, { "openstack-api-version": `${type} ${microversionText(version)}` });
    if (answer.status === 406) {
      offered = null; // The service was exchanged for an older one meanwhile.
      throw new Unanswered(`could not ${call.doing}: ${name} no longer knows version ${microversionText(version)}`);
    }
    return judge(name, call, answer);
  };
  return {
    ask,
    async get(call) {
      const called = await ask(call);
      if (called.kind === "done") return called.value;
      throw new Problem(
        "CLOUD_REFUSED",
        `could not ${call.doing}: ${name} answered ${called.status}: ${called.reason}`,
      );
    },
    knows: async (range, signal) => newestCommon(await versions(signal), range) !== null,
  };
}

function judge<Schema extends z.ZodType>(
  name: string,
  { doing, schema }: Call<Schema>,
  { status, headers, body }: Answer,
): Called<z.output<Schema>> {
  if (status === 401 || status === 403) {
    const hint = status === 403 ? "; Fenix needs the role admin" : "";
    throw new Problem(
      "CLOUD_REFUSED",
      `could not ${doing}: ${name} answered ${status}: ${reasonIn(body) ?? ""}${hint}`,
    );
  }
  if (status >= 300) return { kind: "rejected", status, reason: reasonIn(body) ?? `${name} answered ${status}` };
  const read = schema.safeParse(body);
  const requestId = headers["x-openstack-request-id"];
  if (read.success) {
    return { kind: "done", value: read.data, requestId: typeof requestId === "string" ? requestId : null };
  }
  const [issue] = read.error.issues;
  const where = issue === undefined ? "" : `: ${issue.path.join(".")}: ${issue.message}`;
  throw new Unanswered(`could not ${doing}: the answer of ${name} is not understood${where}`, { cause: read.error });
}

/** The catalog may name the project's own part of Nova (`/v2.1/PROJECT`); the versions are told above it. */
const versionUrl = (endpoint: string): string => `${endpoint.replace(/\/(v2(?:\.\d+)?)\/[^/]+$/, "/$1")}/`;

function readVersions({ status, body }: Answer, name: string): VersionRange {
  const read = VersionDocument.safeParse(body);
  if (status >= 300 && status !== 300) throw new Unanswered(`could not ask ${name} for its versions: ${status}`);
  if (!read.success) throw new Unanswered(`could not ask ${name} for its versions: the answer is not understood`);
  return read.data;
}

function tooOld(name: string, { doing, version: { from } }: Call<z.ZodType>, { to }: VersionRange): Problem {
  const [needed, newest]: readonly string[] = [from, to].map((one: Microversion) => microversionText(one));
  return new Problem("CLOUD_REFUSED", `cannot ${doing}: ${name} knows ${newest} at most, and ${needed} is needed`);
}
