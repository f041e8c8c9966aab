/**
 * Who may come through the door. Each route says in its `config` which rule of the policy decides on it; a route that
 * says nothing stops the start. Whoever has no good token is answered 401 before anything of the request is read.
 */
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Policy } from "../access/policy.ts";
import type { RuleName } from "../access/rules.ts";
import type { InstanceId, ProjectId, SessionId } from "../domain/ids.ts";
import type { Caller, Identity } from "../ports/identity.ts";
import { Problem } from "../problems.ts";
import type { ReplyTokens } from "../wire/reply-token.ts";
import type { App, HttpDependencies } from "./dependencies.ts";

export interface AccessControl {
  /** Null: whoever reaches the door may do everything. Only for an address that nobody else reaches. */
  readonly identity: Identity | null;
  readonly policy: Policy;
  /** Null: there are none, and everybody needs a token of the identity service. */
  readonly replyTokens: ReplyTokens | null;
}

/** Who may use a route: everybody, or whom the rule allows. */
export type RouteAccess =
  | "everybody"
  | {
      readonly rule: RuleName;
      /**
       * Whose the thing is that the route is about: no project's; that of `:project_id` in the path, and to others it is
       * not there; or only the handler knows, and has to ask `request.access` before it answers.
       */
      readonly of: "operator" | "path" | "handler";
      /** A reply token in the query opens it as well. */
      readonly replyToken?: true;
    };

/** What the caller of one request may do. */
export interface RequestAccess {
  /** Whether the caller may do this to a thing of the project (null: of none), by the route's own rule or another one. */
  allows(project: ProjectId | null, rule?: RuleName): boolean;
  /** The same, or throws FORBIDDEN; `field` is what names the project. */
  demand(project: ProjectId | null, options?: { readonly rule?: RuleName; readonly field?: string }): void;
  /** Those of the things for which `may` says yes; for an empty list nothing more has to be asked. */
  only<Thing>(things: readonly Thing[], may: (thing: Thing) => boolean): readonly Thing[];
  /** The project that the caller speaks for; null: none, or everybody's where there is no access control. */
  readonly project: ProjectId | null;
  /** Whether the caller may know which sessions there are. */
  readonly seesSessions: boolean;
  /** Of a reply token: the one question that may be answered, by its deadline. Null: any of those that `allows` allows. */
  readonly question: { readonly replyBy: Date } | null;
  /** Whether the handler has asked. */
  readonly asked: boolean;
}

declare module "fastify" {
  interface FastifyContextConfig {
    readonly access?: RouteAccess;
  }
  interface FastifyRequest {
    /** Only in routes that are not for everybody. */
    access: RequestAccess;
  }
}

export function guard(
  app: App,
  {
    access: { identity, policy, replyTokens },
    clock,
    publicUrl,
  }: Pick<HttpDependencies, "access" | "clock" | "publicUrl">,
): void {
  app.decorateRequest("access");
  app.addHook("onRoute", (route) => {
    // The pages that describe the API are a plugin's, and there for everybody as its text is.
    if (/^\/docs(\/|$)/.test(route.url)) route.config = { ...route.config, access: "everybody" };
    if (route.config?.access === undefined) throw new Error(`${route.url} does not say in its config who may use it`);
  });
  app.addHook("onRequest", async (request, reply) => {
    const access = request.routeOptions.config.access;
    if (request.is404 || access === "everybody") return;
    if (access === undefined) throw new Error(`${request.routeOptions.url} came in without saying who may use it`);
    if (identity === null) {
      demandOwnName(request.hostname, publicUrl);
      request.access = allowingAll;
      return;
    }
    if (access.replyToken && replyTokens !== null && showsReplyToken(request)) {
      request.access = byReplyToken(request, replyTokens, clock.now());
      return;
    }
    const caller = await identified(request, reply, identity);
    request.access = accessOf(caller, policy, access.rule);
    if (access.of === "operator") request.access.demand(null);
    if (access.of === "path") demandOwn(request, caller);
  });
  app.addHook("onSend", async (request, reply) => {
    const access = request.routeOptions.config.access;
    if (typeof access !== "object" || access.of !== "handler" || reply.statusCode >= 400) return;
    if (!request.access.asked) throw new Error(`${request.routeOptions.url} answers without having asked who may know`);
  });
}

/** Longer than Keystone and one repeat take; then the client is told to come back. */
const IDENTIFY_WITHIN_MS = 15_000;

async function identified(request: FastifyRequest, reply: FastifyReply, identity: Identity): Promise<Caller> {
  const token = request.headers["x-auth-token"];
  const caller = typeof token === "string" ? await identifiedInTime(token, identity) : null;
  if (caller !== null) return caller;
  if (identity.url !== null) void reply.header("www-authenticate", `Keystone uri="${identity.url}"`);
  throw new Problem(
    "TOKEN_NEEDED",
    token === undefined
      ? "the request has no X-Auth-Token"
      : "Keystone does not know the token: it has expired, was revoked, or is none",
  );
}

/** The timer goes with the answer: most tokens are known, and thousands of signals would wait for their time otherwise. */
async function identifiedInTime(token: string, identity: Identity): Promise<Caller | null> {
  const tooLate = new AbortController();
  const timer = setTimeout(() => tooLate.abort(), IDENTIFY_WITHIN_MS);
  try {
    return await identity.identify(token, { signal: tooLate.signal });
  } catch (error) {
    if (!tooLate.signal.aborted) throw error;
    const message = "the token could not be checked in time; try again later";
    throw new Problem("IDENTITY_UNAVAILABLE", message, { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

function accessOf(caller: Caller, policy: Policy, own: RuleName): RequestAccess {
  let asked = false;
  const allows = (project: ProjectId | null, rule: RuleName = own): boolean => {
    asked = true;
    return policy.allows(rule, caller, { project });
  };
  return {
    allows,
    demand(project, { rule = own, field } = {}) {
      if (allows(project, rule)) return;
      const whose = project === null || project === caller.project ? "" : ` for project ${project}`;
      throw new Problem("FORBIDDEN", `the policy's rule ${rule} does not allow this to ${caller.user.name}${whose}`, {
        ...(field !== undefined && { field }),
      });
    },
    only(things, may) {
      asked = true;
      return things.filter(may);
    },
    project: caller.project,
    get seesSessions() {
      return policy.allows("fenix:maintenance:session:get", caller, { project: null });
    },
    question: null,
    get asked() {
      return asked;
    },
  };
}

/**
 * Where everybody may do everything, a page in a browser on this machine must not: one that makes its own name mean
 * 127.0.0.1 may ask us, and still has to say that name.
 */
function demandOwnName(asked: string, publicUrl: string): void {
  const name = asked.toLowerCase();
  if (/^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(name) || name === new URL(publicUrl).hostname) return;
  throw new Problem("FORBIDDEN", `without access control only requests to this machine are answered, not to ${asked}`);
}

const allowingAll: RequestAccess = {
  allows: () => true,
  demand: () => undefined,
  only: (things) => things,
  project: null,
  seesSessions: true,
  question: null,
  asked: true,
};

/** Whoever has a token of the identity service is taken for whom it names. */
const showsReplyToken = ({ headers, query }: FastifyRequest): boolean =>
  !headers["x-auth-token"] && (query as { token?: unknown }).token !== undefined;

function byReplyToken({ query, params }: FastifyRequest, tokens: ReplyTokens, now: Date): RequestAccess {
  const { token } = query as { token?: unknown };
  const { session_id: session, project_id: project, instance_id: instance } = params as PathIds;
  const place = { session, project, ...(instance !== undefined && { instance }) };
  const question = typeof token === "string" ? tokens.read(token, place, now) : null;
  if (question === null)
    throw new Problem("TOKEN_NEEDED", "the reply token is not for this link, or its reply window has ended");
  const allows = (project: ProjectId | null) => project === place.project;
  return {
    ...{ allows, question, project: place.project, seesSessions: false, asked: true },
    demand(project) {
      if (!allows(project)) throw new Problem("FORBIDDEN", "a reply token is for one question to one project");
    },
    only: (things, may) => things.filter(may),
  };
}

/** What a path that belongs to a project may have, as it came: unchecked text. */
interface PathIds {
  readonly session_id: SessionId;
  readonly project_id: ProjectId;
  readonly instance_id?: InstanceId;
}

/** Of another project's things nobody learns even that they are there (invariant I12). */
function demandOwn({ access, params }: FastifyRequest, caller: Caller): void {
  const { session_id: session, project_id } = params as { session_id?: string; project_id?: ProjectId };
  const project = project_id ?? null;
  if (!access.seesSessions && project !== caller.project && !access.allows(project)) throw notThere(session);
  access.demand(project);
}

const notThere = (session: string | undefined): Problem =>
  new Problem("SESSION_NOT_FOUND", `there is no session ${session}`);

/** A session without the project looks to it like none at all. */
export function asSeenBy({ access, params }: FastifyRequest, problem: Problem): Problem {
  if (problem.code !== "PROJECT_NOT_FOUND" || access === undefined || access.seesSessions) return problem;
  return notThere((params as { session_id?: string }).session_id);
}
