/** Posts notifications to webhooks: as an event alarm of AODH does (src/wire/aodh-callback.ts), or as signed CloudEvents. */
import { randomUUID } from "node:crypto";
import { type Dispatcher, request } from "undici";
import { ReceiverGone, type Webhook } from "../../ports/deliveries.ts";
import { aodhCallback } from "../../wire/aodh-callback.ts";
import { cloudEvent } from "../../wire/cloud-event.ts";
import type { Event } from "../../wire/event-payload.ts";
import { type Links, linksFrom } from "../../wire/links.ts";
import type { ReplyTokens } from "../../wire/reply-token.ts";
import { signatureHeaders } from "../../wire/webhook-signature.ts";

/** A receiver only has to take note; what it does about it comes after its answer. */
const ANSWER_WITHIN_MS = 10_000;

/** The answer's body is not read; up to here it is drained, so that the connection can be used again. */
const DRAIN_MAX_BYTES = 16_384;

export interface WebhookSender {
  /** Throws when the receiver did not take it, `ReceiverGone` when it never will. */
  send(event: Event, webhook: Webhook, options: { readonly signal: AbortSignal }): Promise<void>;
}

/** Throws when `publicUrl` is too long to be told. Redirects are not followed: where they lead, nobody registered. */
export function webhookSender({
  publicUrl,
  replyTokens = null,
  connections,
  now,
  answerWithinMs = ANSWER_WITHIN_MS,
}: {
  readonly publicUrl: string;
  /** Null: the links that are told carry none. */
  readonly replyTokens?: ReplyTokens | null;
  /** To guarded addresses only; closed by whoever opened them. */
  readonly connections: Dispatcher;
  readonly now: () => Date;
  readonly answerWithinMs?: number;
}): WebhookSender {
  const links = linksFrom(publicUrl, replyTokens);
  return {
    send: async (event, webhook, { signal }) => {
      await post(webhook.url, letterTo(webhook, event, links, now()), { connections, signal, answerWithinMs });
    },
  };
}

interface Letter {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

function letterTo(webhook: Webhook, event: Event, links: Links, at: Date): Letter {
  const { format } = webhook;
  if (format.kind === "aodh") {
    const body = JSON.stringify(aodhCallback(event, webhook, links));
    return { body, headers: { "content-type": "application/json", "x-openstack-request-id": `req-${randomUUID()}` } };
  }
  const body = JSON.stringify(cloudEvent(event, links));
  const { secret, oldSecret } = format;
  const secrets = oldSecret !== null && at < oldSecret.until ? [secret, oldSecret.secret] : [secret];
  const signed = signatureHeaders({ id: event.messageId, at, body }, secrets);
  return { body, headers: { "content-type": "application/cloudevents+json", ...signed } };
}

interface Posting {
  readonly connections: Dispatcher;
  readonly signal: AbortSignal;
  readonly answerWithinMs: number;
}

async function post(
  url: string,
  { headers, body }: Letter,
  { connections, signal, answerWithinMs }: Posting,
): Promise<void> {
  if (!/^https?:\/\//i.test(url)) throw new Error("the webhook's URL is neither http nor https");
  // One controller and one timer: what AbortSignal.any and AbortSignal.timeout make costs more than the request.
  const stop = new AbortController();
  const tooLate = new Error(`no answer within ${answerWithinMs / 1_000} s`);
  const timer = setTimeout(() => stop.abort(tooLate), answerWithinMs);
  const heed = () => stop.abort(signal.reason);
  signal.addEventListener("abort", heed, { once: true });
  if (signal.aborted) heed();
  try {
    const options = { method: "POST", headers, body, dispatcher: connections, signal: stop.signal } as const;
    const answer = await request(url, options).catch((error: unknown) => {
      if (error === tooLate) throw tooLate;
      throw new Error(`not reached: ${shortReason(error)}`, { cause: error });
    });
    // However its body ends, the receiver has answered.
    await answer.body.dump({ limit: DRAIN_MAX_BYTES }).catch(() => undefined);
    const { statusCode } = answer;
    if (statusCode === 410) throw new ReceiverGone("the receiver answered 410: it is gone");
    if (statusCode < 200 || statusCode > 299) throw new Error(`the receiver answered ${statusCode}`);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", heed);
  }
}

/** `ECONNREFUSED` says more to an operator than the sentence around it. */
function shortReason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return "code" in error && typeof error.code === "string" ? error.code : error.message;
}
