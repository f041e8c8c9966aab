/** One request, sent again only where that can do no harm. */
import { pause, withinSeconds } from "#sdk";

export interface Request {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  /** The request may arrive twice without harm. */
  readonly repeatable: boolean;
  /** The longest time for one try. */
  readonly seconds: number;
}

export interface Answer {
  readonly status: number;
  readonly text: string;
  readonly retryAfter: string | null;
}

export interface Doing {
  readonly log: (text: string) => void;
  readonly signal: AbortSignal;
}

/** Pauses between the tries of one request: half a minute in all, a restart of what answers there. */
const PAUSES_SECONDS = [1, 2, 4, 8, 15];

/** Whoever asks for more patience gets this much. */
const RETRY_AFTER_MAX_SECONDS = 60;

/** Answers with a success (2xx), or throws what an operator can act on. */
export async function send(request: Request, { log, signal }: Doing): Promise<Answer> {
  const name = `${request.method} ${request.url}`;
  for (let tries = 0; ; tries++) {
    const result = await tryOnce(request, signal);
    if (result.kind === "answered" && isSuccess(result.answer)) return result.answer;
    const wait = PAUSES_SECONDS[tries];
    if (wait === undefined || !mayRepeat(request, result)) throw new Error(`${name}: ${complaint(request, result)}`);
    const seconds = Math.max(wait, result.kind === "answered" ? askedPatience(result.answer) : 0);
    log(`${name}: ${complaint(request, result)}; trying again in ${seconds} s\n`);
    await pause(seconds, signal);
  }
}

export type Tried =
  | { readonly kind: "answered"; readonly answer: Answer }
  /** It certainly did not arrive. */
  | { readonly kind: "not_sent"; readonly error: Error }
  /** It may have arrived. */
  | { readonly kind: "no_answer"; readonly error: Error };

/** Throws only when the signal aborts. */
export async function tryOnce(request: Request, signal: AbortSignal): Promise<Tried> {
  try {
    return {
      kind: "answered",
      answer: await withinSeconds(request.seconds, signal, (limited) => exchange(request, limited)),
    };
  } catch (error) {
    signal.throwIfAborted();
    const cause = rootOf(error);
    return { kind: NOT_SENT.has(cause.code ?? "") ? "not_sent" : "no_answer", error: cause };
  }
}

export const isSuccess = ({ status }: Answer): boolean => status >= 200 && status < 300;

/** Errors before the first byte of a request has left. */
const NOT_SENT = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_CONNECT_TIMEOUT",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "CERT_HAS_EXPIRED",
  "ERR_TLS_CERT_ALTNAME_INVALID",
]);

async function exchange({ method, url, headers, body }: Request, signal: AbortSignal): Promise<Answer> {
  // A redirect could lead a secret in the headers anywhere.
  const response = await fetch(url, { method, headers, body: body ?? null, redirect: "manual", signal });
  const text = await readBounded(response);
  return { status: response.status, text, retryAfter: response.headers.get("retry-after") };
}

/** An answer is read to decide and to be shown; what is longer is cut off. */
const ANSWER_MAX_BYTES = 256 * 1024;

async function readBounded(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    chunks.push(chunk);
    if (size > ANSWER_MAX_BYTES) break; // Closes the connection.
  }
  return Buffer.concat(chunks).subarray(0, ANSWER_MAX_BYTES).toString("utf8");
}

function mayRepeat({ repeatable }: Request, tried: Tried): boolean {
  if (tried.kind === "not_sent") return true;
  if (tried.kind === "no_answer") return repeatable;
  // 429 means that nothing was done; the others come from what stands before the endpoint and leave it open.
  const { status } = tried.answer;
  return status === 429 || (repeatable && [502, 503, 504].includes(status));
}

function complaint({ repeatable }: Request, tried: Tried): string {
  if (tried.kind === "not_sent") return `no connection (${tried.error.message})`;
  if (tried.kind === "no_answer")
    return `no answer (${tried.error.message})${repeatable ? "" : "; it may have arrived, and is not sent again"}`;
  return inWords(tried.answer);
}

/** As much of an answer as helps to see what is wrong. */
const SHOWN_CHARACTERS = 500;

export function inWords({ status, text }: Answer): string {
  const redirect = status >= 300 && status < 400 ? " (a redirect, which is not followed)" : "";
  const shown = text.trim().slice(0, SHOWN_CHARACTERS);
  return `answered ${status}${redirect}${shown === "" ? "" : `: ${shown}`}`;
}

function askedPatience({ retryAfter }: Answer): number {
  const seconds = Number(retryAfter);
  return Number.isFinite(seconds) ? Math.min(seconds, RETRY_AFTER_MAX_SECONDS) : 0;
}

/** Fetch wraps what went wrong in a "fetch failed". */
function rootOf(error: unknown): Error & { code?: string } {
  if (!(error instanceof Error)) return new Error(String(error));
  return error.cause instanceof Error ? rootOf(error.cause) : error;
}
