/**
 * One exchange with a service of the cloud: time limits, retries of what is safe to repeat, a breaker for a service that
 * is down. Whether the answer is good news is for the caller; here only "no usable answer" is an error.
 */
import { rootCertificates } from "node:tls";
import {
  BrokenCircuitError,
  ConsecutiveBreaker,
  DelegateBackoff,
  circuitBreaker,
  handleWhen,
  retry,
  wrap,
  type IPolicy,
} from "cockatiel";
import { Agent, request, type Dispatcher } from "undici";
import { Problem } from "../../problems.ts";
import { orAborted } from "./patience.ts";

export type ServiceName = "keystone" | "nova" | "placement" | "aodh";

export interface Exchange {
  readonly service: ServiceName;
  readonly method: "GET" | "PUT" | "POST" | "PATCH" | "DELETE";
  readonly url: string;
  /** The path with its ids taken out, under which requests are counted. */
  readonly template: string;
  /** What is being done, for messages: `list the servers`. */
  readonly doing: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** Others than POST are; a POST must say so, since Nova has no idempotency keys. */
  readonly repeatable?: boolean;
  readonly signal: AbortSignal;
}

export interface Answer {
  /** Never 429 and never 5xx: those are no answers. */
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Parsed JSON; undefined when there was none. */
  readonly body: unknown;
}

/** There is no usable answer, so nobody knows whether the request was carried out. */
export class Unanswered extends Problem {
  readonly status: number | null;
  readonly retryAfterMs: number | null;

  constructor(detail: string, options: { status?: number; retryAfterMs?: number | null; cause?: unknown } = {}) {
    super("CLOUD_UNAVAILABLE", detail, { cause: options.cause });
    this.status = options.status ?? null;
    this.retryAfterMs = options.retryAfterMs ?? null;
  }
}

export interface Http {
  exchange(exchange: Exchange): Promise<Answer>;
  /** Requests sent so far, by `nova GET /servers/{}`; repeats count. */
  counts(): Readonly<Record<string, number>>;
  close(): Promise<void>;
}

export interface HttpOptions {
  readonly ca: string | null;
  readonly verify: boolean;
  readonly limits?: Partial<Limits>;
  readonly log?: Log | undefined;
  /** For tests without a socket. */
  readonly dispatcher?: Dispatcher | undefined;
}

/** What a logger must be able to do for us; pino can. */
export interface Log {
  info(fields: Readonly<Record<string, unknown>>, message: string): void;
  warn(fields: Readonly<Record<string, unknown>>, message: string): void;
}

export interface Limits {
  /** To connect: a host that is up answers within a round trip, and SYNs are repeated after 1 and 3 s. */
  readonly connectMs: number;
  /** For a whole answer. Nova itself gives up on what it asks of others after 60 s, and says so then. */
  readonly answerMs: number;
  /** Repeats of a safe request, before its caller hears of it. */
  readonly repeats: number;
  /** The first pause; each further one is twice as long, and all are cut by chance so that clients fall out of step. */
  readonly pauseMs: number;
  /** No pause is longer, whatever Retry-After says: the caller has a deadline of its own. */
  readonly pauseMaxMs: number;
  /** Failures in a row after which a service is left alone, and for how long. */
  readonly breakAfter: number;
  readonly breakMs: number;
}

const LIMITS: Limits = {
  connectMs: 5_000,
  answerMs: 75_000,
  repeats: 3,
  pauseMs: 250,
  pauseMaxMs: 15_000,
  breakAfter: 8,
  breakMs: 5_000,
};

/** Requests at once to one service. Nova's API has a few processes; more requests would only wait there. */
const CONNECTIONS = 16;
/** A page of 1000 servers takes about 4 MB. */
const ANSWER_BYTES_MAX = 128 * 1024 * 1024;

export function openHttp({ ca, verify, limits: own, log, dispatcher: given }: HttpOptions): Http {
  const limits = { ...LIMITS, ...own };
  const dispatcher = given ?? newAgent({ ca, verify, limits });
  const counts = new Map<string, number>();
  const policies = new Map<ServiceName, Policies>();

  const repeat = retry(
    handleWhen((error) => error instanceof Unanswered),
    { maxAttempts: limits.repeats, backoff: pauses(limits) },
  );
  const policiesOf = (service: ServiceName): Policies => {
    const known = policies.get(service);
    if (known !== undefined) return known;
    const once = newBreaker(service, limits, log);
    const made = { once, repeated: wrap(repeat, once) };
    policies.set(service, made);
    return made;
  };

  return {
    async exchange(exchange) {
      const { service, method, doing, signal, template, repeatable = method !== "POST" } = exchange;
      const { once, repeated } = policiesOf(service);
      const policy = repeatable ? repeated : once;
      try {
        const answer = policy.execute(() => {
          signal.throwIfAborted();
          const what = `${service} ${method} ${template}`;
          counts.set(what, (counts.get(what) ?? 0) + 1);
          return attempt(exchange, dispatcher, limits);
        }, signal);
        return await orAborted(answer, signal); // The pause before a repeat does not end by itself.
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof BrokenCircuitError)) throw error;
        throw new Unanswered(`could not ${doing}: ${service} has not answered lately and is left alone for a moment`);
      }
    },
    counts: () => Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1))),
    close: () => (given === undefined ? dispatcher.destroy() : Promise.resolve()),
  };
}

/** How a request to a service is sent: once, or again while that is safe; both with the breaker of the service. */
interface Policies {
  readonly once: IPolicy;
  readonly repeated: IPolicy;
}

async function attempt(exchange: Exchange, dispatcher: Dispatcher, limits: Limits): Promise<Answer> {
  const { service, method, url, doing, headers, body, signal } = exchange;
  const ending = endingIn(limits.answerMs, signal);
  let status: number | undefined;
  try {
    const response = await request(url, {
      dispatcher,
      method,
      headers: {
        accept: "application/json",
        "user-agent": "fenix",
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: ending.signal,
    });
    status = response.statusCode;
    const text = await response.body.text();
    if (status === 429 || status >= 500) {
      const reason = reasonIn(parsed(text)) ?? "no reason given";
      const retryAfterMs = retryAfter(response.headers["retry-after"]);
      throw new Unanswered(`could not ${doing}: ${service} answered ${status}: ${reason}`, { status, retryAfterMs });
    }
    const answer = parsed(text);
    if (answer === undefined && text.trim() !== "" && status < 400) {
      throw new Unanswered(`could not ${doing}: ${service} answered ${status} with something that is not JSON`);
    }
    return { status, headers: response.headers, body: answer };
  } catch (error) {
    if (error instanceof Unanswered) throw error;
    signal.throwIfAborted();
    const why = ending.isOver() ? `did not answer within ${limits.answerMs / 1_000} s` : `is out of reach`;
    throw new Unanswered(`could not ${doing}: ${service} at ${new URL(url).origin} ${why}${inBrackets(error)}`, {
      cause: error,
    });
  } finally {
    ending.close();
  }
}

/** Aborts with the signal, and when the time is over. `AbortSignal.any` would do that, for the price of half a request. */
function endingIn(ms: number, signal: AbortSignal) {
  const ending = new AbortController();
  let over = false;
  const abort = () => ending.abort(signal.reason);
  if (signal.aborted) abort();
  signal.addEventListener("abort", abort, { once: true });
  const timer = setTimeout(() => {
    over = true;
    ending.abort();
  }, ms);
  return {
    signal: ending.signal,
    isOver: () => over,
    close() {
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
    },
  };
}

/** ` (ECONNREFUSED)`: the short code that an operator can look up. */
function inBrackets(error: unknown): string {
  const code = error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : null;
  return code === null ? "" : ` (${code})`;
}

/** The service's own words about what is wrong: each project of OpenStack has a shape of its own. */
export function reasonIn(body: unknown): string | null {
  if (typeof body !== "object" || body === null) return null;
  const [first] = Object.values(body).flat() as unknown[];
  if (typeof first !== "object" || first === null) return null;
  const { message, detail } = first as { message?: unknown; detail?: unknown };
  const text = typeof message === "string" ? message : typeof detail === "string" ? detail : null;
  return text === null ? null : text.replace(/\s+/g, " ").trim();
}

function parsed(text: string): unknown {
  try {
    return text.trim() === "" ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Seconds or a date (RFC 9110, Retry-After). */
function retryAfter(header: string | string[] | undefined): number | null {
  if (typeof header !== "string") return null;
  const ms = /^\d+$/.test(header) ? Number(header) * 1_000 : Date.parse(header) - Date.now();
  return Number.isFinite(ms) && ms > 0 ? ms : null;
}

function pauses({ pauseMs, pauseMaxMs }: Limits) {
  return new DelegateBackoff<{ attempt: number; result: object }>(({ attempt, result }) => {
    const error = "error" in result ? result.error : null;
    const asked = error instanceof Unanswered ? error.retryAfterMs : null;
    const own = pauseMs * 2 ** (attempt - 1) * (0.5 + Math.random() / 2);
    return Math.min(asked ?? own, pauseMaxMs);
  });
}

/** Being told to slow down is no sign of a broken service, so 429 does not count. */
function newBreaker(service: ServiceName, { breakAfter, breakMs }: Limits, log: Log | undefined): IPolicy {
  const breaker = circuitBreaker(
    handleWhen((error) => error instanceof Unanswered && error.status !== 429),
    { halfOpenAfter: breakMs, breaker: new ConsecutiveBreaker(breakAfter) },
  );
  breaker.onBreak(() => log?.warn({ service, pauseMs: breakMs }, "a service of the cloud does not answer"));
  breaker.onReset(() => log?.info({ service }, "a service of the cloud answers again"));
  return breaker;
}

function newAgent({ ca, verify, limits }: Pick<HttpOptions, "ca" | "verify"> & { limits: Limits }): Agent {
  return new Agent({
    connections: CONNECTIONS,
    maxResponseSize: ANSWER_BYTES_MAX,
    headersTimeout: limits.answerMs,
    bodyTimeout: limits.answerMs,
    connect: {
      timeout: limits.connectMs,
      rejectUnauthorized: verify,
      // Node forgets its own certificates as soon as it is given others.
      ...(ca === null ? {} : { ca: [...rootCertificates, ca] }),
    },
  });
}
