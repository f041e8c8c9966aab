/** Fenix as a manager sees it: hear of maintenance, read what is asked, reply, declare what must hold. */
import { z } from "zod";
import { type Action, knownActions, type Question, utc } from "./callback.ts";
import {
  Declared,
  type Group,
  groupBody,
  type Instance,
  instanceBody,
  type Replacement,
  replacementBody,
} from "./constraints.ts";
import { knock, Unavailable } from "./knock.ts";

/** What a reply says besides yes or no. */
export type Reply =
  | { readonly answer: "ACK"; readonly actions: ReadonlyMap<string, Action> }
  | {
      readonly answer: "NACK";
      readonly reason: string;
      /** When to be asked again, where the session grants it. */
      readonly retryAt?: Date;
    };

export interface Fenix {
  /**
   * Asks Fenix to post the project's notices to `url`, instead of to what an earlier life of this manager asked for. In the format
   * cloudevents they are signed with `secret`, which is shown only here.
   */
  register(
    url: string,
    format?: "aodh" | "cloudevents",
  ): Promise<{ readonly webhook_id: string; readonly secret?: string | undefined }>;
  unregister(id: string): Promise<void>;
  /** Says that this manager looks by itself for what is asked, so that its project is asked without a webhook; or no more. */
  declarePolling(polls: boolean): Promise<void>;
  /** What the project is asked now, in all sessions or in one of them, for a manager that cannot be called. */
  openQuestions(sessionId?: string): Promise<readonly Question[]>;
  instancesOf(question: Question): Promise<readonly string[]>;
  /** Returns when Fenix has kept the reply. Replying again does no harm. */
  reply(question: Question, reply: Reply): Promise<void>;
  /** The same again changes nothing. Groups come before the instances in them. */
  declareGroup(group: Group): Promise<void>;
  declareInstance(instance: Instance): Promise<void>;
  /** Says whose place a new instance takes; what was declared about the old one holds for it too. To be said before the old one goes. */
  declareReplacement(replacement: Replacement): Promise<void>;
  forgetGroup(id: string): Promise<void>;
  forgetInstance(id: string): Promise<void>;
}

export interface Connection {
  readonly url: string;
  readonly projectId: string;
  /** Of a user of the project with the role `member`; left out where Fenix asks for none, or gives links that need none. */
  readonly token?: () => Promise<string>;
}

const REQUEST_TIMEOUT_MS = 10_000;

export function fenixAt({ url: baseUrl, projectId, token }: Connection): Fenix {
  const callOnce = async (method: string, url: string, body?: unknown): Promise<unknown> => {
    const headers = {
      accept: "application/json",
      "content-type": "application/json",
      ...(token && { "x-auth-token": await token() }),
    };
    const signal = AbortSignal.timeout(REQUEST_TIMEOUT_MS);
    const response = await fetch(url, {
      method,
      headers,
      signal,
      body: body === undefined ? null : JSON.stringify(body),
    });
    const text = await response.text();
    const answered = `${method} ${url} answered ${response.status}: ${text.slice(0, 500)}`;
    if (response.status >= 500) throw new Unavailable(answered);
    // What is to be forgotten is not there: then it is as it should be.
    if (response.status === 404 && method !== "DELETE") throw new Missing(answered);
    if (!response.ok && response.status !== 404) throw new Error(answered);
    return JSON.parse(text);
  };
  const call = async (method: string, url: string, body?: unknown): Promise<unknown> =>
    knock(async () => callOnce(method, url, body));
  const at = (...path: readonly string[]): string =>
    new URL(`/v1/${path.map(encodeURIComponent).join("/")}`, baseUrl).href;
  return {
    async register(url, format = "aodh") {
      const { origin } = new URL(url);
      const list = `${at("webhooks")}?project_id=${encodeURIComponent(projectId)}`;
      const { webhooks: known } = Webhooks.parse(await call("GET", list));
      for (const old of known.filter((hook) => hook.project_id === projectId && hook.url.startsWith(`${origin}/`)))
        await call("DELETE", at("webhooks", old.webhook_id));
      const body = { project_id: projectId, url, events: ["maintenance.scheduled"] };
      // AODH's is what is sent where nothing is said.
      return Webhook.parse(await call("POST", at("webhooks"), format === "aodh" ? body : { ...body, format }));
    },
    async unregister(id) {
      // Whoever stops does not wait for a Fenix that may be stopping too: the next start takes away what is left.
      await callOnce("DELETE", at("webhooks", id));
    },
    async declarePolling(polls) {
      await call("PUT", at("projects", projectId, "manager"), { polls });
    },
    async openQuestions(sessionId) {
      const sessions =
        sessionId === undefined
          ? Sessions.parse(await call("GET", at("projects", projectId, "sessions"))).sessions
          : [OpenQuestions.parse(await call("GET", at("maintenance", sessionId, projectId)))];
      return sessions.flatMap(({ session_id, open_questions }) =>
        open_questions.map((open) => ({
          projectId,
          sessionId: session_id,
          state: open.state,
          instances: open.instance_ids,
          allowedActions: knownActions(open.allowed_actions),
          replyUrl: open.reply_url,
          replyAt: utc(open.reply_at),
          actionsAt: utc(open.actions_at),
        })),
      );
    },
    async instancesOf({ instances }) {
      return typeof instances === "string" ? Instances.parse(await call("GET", instances)).instance_ids : instances;
    },
    async reply(question, reply) {
      await call("PUT", question.replyUrl, replyBody(question, reply));
    },
    async declareGroup(group) {
      await call("PUT", at("instance_group", group.id), groupBody(projectId, group));
    },
    async declareInstance(instance) {
      await call("PUT", at("instance", instance.id), instanceBody(projectId, instance));
    },
    async declareReplacement(replacement) {
      const known = await call("GET", at("instance", replacement.replaces)).catch(orNothing);
      const old = known === null ? null : Declared.parse(known);
      await call("PUT", at("instance", replacement.id), replacementBody(projectId, replacement, old));
    },
    async forgetGroup(id) {
      await call("DELETE", at("instance_group", id));
    },
    async forgetInstance(id) {
      await call("DELETE", at("instance", id));
    },
  };
}

/** Fenix knows of no such thing. */
class Missing extends Error {}

function orNothing(error: unknown): null {
  if (error instanceof Missing) return null;
  throw error;
}

const Webhook = z.object({
  webhook_id: z.string(),
  project_id: z.string().nullish(),
  url: z.string(),
  /** Of the format cloudevents, and shown only once. */
  secret: z.string().optional(),
});
const Webhooks = z.object({ webhooks: z.array(Webhook) });
const Instances = z.object({ instance_ids: z.array(z.string()) });
const OpenQuestions = z.object({
  session_id: z.string(),
  open_questions: z.array(
    z.object({
      state: z.string(),
      instance_ids: z.array(z.string()),
      allowed_actions: z.array(z.string()),
      reply_at: z.string(),
      actions_at: z.string(),
      reply_url: z.url(),
    }),
  ),
});
const Sessions = z.object({ sessions: z.array(OpenQuestions) });

/** A question about one listed instance is answered by `instance_action`, any other by `instance_actions`. */
function replyBody({ state, sessionId, instances }: Question, reply: Reply): Record<string, unknown> {
  const common = { session_id: sessionId, state: `${reply.answer}_${state}` };
  if (reply.answer === "NACK")
    return { ...common, reason: reply.reason, ...(reply.retryAt && { retry_at: reply.retryAt.toISOString() }) };
  if (reply.actions.size === 0) return common;
  const [only] = reply.actions.values();
  if (typeof instances !== "string" && instances.length === 1) return { ...common, instance_action: only };
  return { ...common, instance_actions: Object.fromEntries(reply.actions) };
}
