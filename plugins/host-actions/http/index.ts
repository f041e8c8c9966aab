/** Calls an endpoint, and where it works in the background polls until it says done. See README.md for examples. */
import { type ActionContext, defineHostAction, everyPhase, reveal, type TextOrSecret } from "#sdk";
import { at, parsed } from "./json-pointer.ts";
import { Metadata } from "./metadata.ts";
import { fillIn, fillInJson, forUrls } from "./placeholders.ts";
import { judge, pollUntilDone } from "./poll.ts";
import { type Answer, inWords, type Request, send } from "./request.ts";

type Context = ActionContext<Metadata>;
type Polled = Extract<Metadata["until"], { kind: "polled" }>;

export default defineHostAction({
  name: "http",
  phases: everyPhase,
  metadata: Metadata,
  rerun: rerunOf,
  timeoutSeconds: ({ timeout_seconds: seconds }) => seconds,

  async run(context) {
    const { until } = context.metadata;
    const answer = await withSecrets(context, context.metadata.headers, (headers, log) => {
      return sendRequest(context, headers, log);
    });
    if (until.kind === "answered") return;
    const url = pollUrl(context, until, answer);
    await withSecrets(context, pollHeaders(context, until, url), (headers, log) =>
      pollUntilDone(pollRequest(context, url, headers), until, { log, signal: context.signal }),
    );
  },

  async isDone(context) {
    const { until } = context.metadata;
    if (until.kind !== "polled" || until.url === undefined) throw new Error("metadata has no url to poll");
    const url = fillIn(until.url, forUrls(context));
    return withSecrets(context, pollHeaders(context, until, url), async (headers, log) => {
      const answer = await send(pollRequest(context, url, headers), { log, signal: context.signal });
      return judge({ kind: "answered", answer }, until).kind === "done";
    });
  },
});

function rerunOf({ rerun, method }: Metadata): "idempotent" | "detectable" | "at-most-once" {
  return rerun ?? (["GET", "PUT", "DELETE"].includes(method) ? "idempotent" : "at-most-once");
}

/** Looks the secrets up for `work`, and keeps them out of what it logs and throws. */
async function withSecrets<Result>(
  { log }: Context,
  headers: Readonly<Record<string, TextOrSecret>>,
  work: (headers: Readonly<Record<string, string>>, log: (text: string) => void) => Promise<Result>,
): Promise<Result> {
  const { values, hide } = await reveal(headers);
  const named = Object.fromEntries(Object.entries(values).map(([name, value]) => [name.toLowerCase(), value]));
  return work(named, (text) => log(hide(text))).catch((error: unknown) => {
    throw new Error(hide(error instanceof Error ? error.message : String(error)));
  });
}

async function sendRequest(
  context: Context,
  headers: Readonly<Record<string, string>>,
  log: (text: string) => void,
): Promise<Answer> {
  const { method, body, request_seconds: seconds } = context.metadata;
  const request: Request = {
    method,
    url: requestUrl(context),
    headers: {
      ...(body !== undefined && { "content-type": "application/json" }),
      ...headers,
      // The same for every try of this visit, so that the endpoint can recognise one that it has seen.
      "idempotency-key": encodeURI(context.key),
    },
    body: body === undefined ? undefined : JSON.stringify(fillInJson(body, context)),
    repeatable: rerunOf(context.metadata) === "idempotent",
    seconds,
  };
  const answer = await send(request, { log, signal: context.signal });
  log(`${method} ${request.url} ${inWords(answer)}\n`);
  return answer;
}

const requestUrl = (context: Context): string => fillIn(context.metadata.url, forUrls(context));

/** What to poll: as given, or from the answer. Another server than the one asked is not believed. */
function pollUrl(context: Context, until: Polled, answer: Answer): string {
  if (until.url !== undefined) return fillIn(until.url, forUrls(context));
  const pointer = until.url_from ?? "";
  const asked = requestUrl(context);
  const found = at(parsed(answer.text), pointer);
  if (typeof found !== "string" || !URL.canParse(found, asked)) throw new Error(`the answer has no URL at ${pointer}`);
  const url = new URL(found, asked);
  if (url.origin !== new URL(asked).origin)
    throw new Error(`the URL at ${pointer} of the answer, ${url.href}, is on another server`);
  return url.href;
}

/** The request's own headers may hold its server's password: no other server gets them. */
function pollHeaders(context: Context, until: Polled, url: string): Readonly<Record<string, TextOrSecret>> {
  const sameServer = new URL(url).origin === new URL(requestUrl(context)).origin;
  return until.headers ?? (sameServer ? context.metadata.headers : {});
}

const pollRequest = (context: Context, url: string, headers: Readonly<Record<string, string>>): Request => ({
  method: "GET",
  url,
  headers,
  body: undefined,
  repeatable: true,
  seconds: context.metadata.request_seconds,
});
