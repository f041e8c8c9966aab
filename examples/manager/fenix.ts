/** Fenix as a manager sees it: register a webhook, read which instances a question is about, reply. */
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import type { Action, Notice } from "./callback.ts";

/** What a reply says besides yes or no. */
export type Reply =
  | { readonly answer: "ACK"; readonly actions: ReadonlyMap<string, Action> }
  | { readonly answer: "NACK"; readonly reason: string };

export interface Fenix {
  /** Asks Fenix to post the project's notices to `url`, instead of to what an earlier life of this manager asked for. */
  register(url: string): Promise<{ readonly webhook_id: string }>;
  unregister(id: string): Promise<void>;
  instancesOf(notice: Notice): Promise<readonly string[]>;
  reply(notice: Notice, reply: Reply): Promise<void>;
}

const REQUEST_TIMEOUT_MS = 10_000;
/** How long to knock at a door that does not open: Fenix may start later than its managers, or be restarted. */
const PATIENCE_MS = 30_000;

export function fenixAt(baseUrl: string, projectId: string, token: () => Promise<string>): Fenix {
  const callOnce = async (method: string, url: string, body?: unknown): Promise<unknown> => {
    const response = await fetch(url, {
      method,
      headers: { accept: "application/json", "content-type": "application/json", "x-auth-token": await token() },
      body: body === undefined ? null : JSON.stringify(body),
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    });
    const text = await response.text();
    if (response.status === 503) throw new Unavailable(`${method} ${url} answered 503: ${text.slice(0, 500)}`);
    if (!response.ok) throw new Error(`${method} ${url} answered ${response.status}: ${text.slice(0, 500)}`);
    return JSON.parse(text);
  };
  const call = async (method: string, url: string, body?: unknown): Promise<unknown> =>
    knock(async () => callOnce(method, url, body));
  const webhooks = new URL("/v1/webhooks", baseUrl).href;
  return {
    async register(url) {
      const { origin } = new URL(url);
      const { webhooks: known } = Webhooks.parse(await call("GET", `${webhooks}?project_id=${projectId}`));
      for (const old of known.filter(
        (webhook) => webhook.project_id === projectId && webhook.url.startsWith(`${origin}/`),
      ))
        await call("DELETE", `${webhooks}/${old.webhook_id}`);
      const body = { project_id: projectId, url, events: ["maintenance.scheduled"] };
      return Webhook.parse(await call("POST", webhooks, body));
    },
    async unregister(id) {
      // Whoever stops does not wait for a Fenix that may be stopping too: the next start takes away what is left.
      await callOnce("DELETE", `${webhooks}/${id}`);
    },
    async instancesOf({ instances }) {
      if (typeof instances !== "string") return instances;
      return z.object({ instance_ids: z.array(z.string()) }).parse(await call("GET", instances)).instance_ids;
    },
    async reply(notice, reply) {
      await call("PUT", notice.replyUrl, replyBody(notice, reply));
    },
  };
}

const Webhook = z.object({ webhook_id: z.string(), project_id: z.string().nullish(), url: z.string() });
const Webhooks = z.object({ webhooks: z.array(Webhook) });

/** A question about one listed instance is answered by `instance_action`, any other by `instance_actions`. */
function replyBody({ state, sessionId, instances }: Notice, reply: Reply): Record<string, unknown> {
  const common = { session_id: sessionId, state: `${reply.answer}_${state}` };
  if (reply.answer === "NACK") return { ...common, reason: reply.reason };
  if (reply.actions.size === 0) return common;
  const [only] = reply.actions.values();
  if (typeof instances !== "string" && instances.length === 1) return { ...common, instance_action: only };
  return { ...common, instance_actions: Object.fromEntries(reply.actions) };
}

/** Fenix says to come back: it cannot reach Keystone or its database for a moment. */
class Unavailable extends Error {}

/** Tries again while nobody is there (fetch then throws a TypeError); any other answer, whatever it says, is taken. */
async function knock<Answer>(request: () => Promise<Answer>): Promise<Answer> {
  const end = Date.now() + PATIENCE_MS;
  for (let pause = 200; ; pause = Math.min(pause * 2, 5_000)) {
    try {
      return await request();
    } catch (error) {
      const mayPass = error instanceof TypeError || error instanceof Unavailable;
      if (!mayPass || Date.now() + pause > end) throw error;
      await sleep(pause);
    }
  }
}
