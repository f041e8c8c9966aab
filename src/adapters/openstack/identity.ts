/**
 * Keystone says who a token belongs to. What it said is believed for a short while, so that a busy client costs one
 * question to Keystone in that time; what it did not say is not believed at all: without an answer nobody comes in.
 */
import { createHash } from "node:crypto";
import type { Dispatcher } from "undici";
import { z } from "zod";
import { ProjectId } from "../../domain/ids.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Caller, Identity } from "../../ports/identity.ts";
import { isProblem, Problem } from "../../problems.ts";
import { systemClock } from "../system-clock.ts";
import { readCredentials, type Credentials, type OpenStackVariables } from "./credentials.ts";
import { type Answer, type Http, type Limits, type Log, openHttp, reasonIn } from "./http.ts";
import { keystone as keystoneApi, type Keystone } from "./keystone.ts";
import { orAborted } from "./patience.ts";

export interface KeystoneIdentity extends Identity {
  /** Throws when Keystone does not answer whose a token is, asked about Fenix's own. */
  check(options: { readonly signal: AbortSignal }): Promise<void>;
  close(): Promise<void>;
}

export interface IdentityOptions {
  readonly log?: Log;
  readonly clock?: Clock;
  readonly limits?: Partial<Limits>;
  readonly dispatcher?: Dispatcher;
}

/** How long a good token is believed: a revoked one opens no door after this. */
const GOOD_FOR_MS = 30_000;
/** How long a bad one is not asked about again; short, since nothing but time can make it good. */
const BAD_FOR_MS = 10_000;
/** Tokens remembered at once: those of some thousand clients, in about 4 MB. */
const MEMORY = 10_000;
/** A client waits for this, and should not wait long: a request has 5 s, and one repeat. */
const LIMITS: Partial<Limits> = { connectMs: 2_000, answerMs: 5_000, repeats: 1, pauseMaxMs: 500 };

/** Throws when what the variables name is incomplete. */
export function keystoneIdentity(variables: OpenStackVariables, options: IdentityOptions = {}): KeystoneIdentity {
  const credentials = readCredentials(variables);
  const { clock = systemClock, log, limits = {}, dispatcher } = options;
  if (credentials === null) return noKeystone(log);
  const http = openHttp({ ...credentials, limits: { ...LIMITS, ...limits }, log, dispatcher });
  const keystone = keystoneApi(credentials, { http, clock });
  const ask = asking({ credentials, http, keystone, clock });
  return {
    identify: remembering(ask, clock),
    url: credentials.authUrl,
    check: async ({ signal }) => void (await ask((await keystone.token(signal)).value, signal)),
    close: () => http.close(),
  };
}

/** Whom a token belongs to, and how long that may be believed. */
interface Found {
  readonly caller: Caller | null;
  readonly untilMs: number;
}

/** One question for all who show the same token at the same time, and none while its answer is fresh. */
function remembering(ask: (token: string, signal: AbortSignal) => Promise<Found>, clock: Clock): Identity["identify"] {
  // By digest: what is kept for half a minute should be of no use to whoever reads this process's memory later.
  const known = new Map<string, Found>();
  const asked = new Map<string, Promise<Found>>();
  const remember = (key: string, found: Found): void => {
    known.delete(key);
    known.set(key, found);
    const [oldest] = known.keys();
    if (known.size > MEMORY && oldest !== undefined) known.delete(oldest);
  };
  return async (token, { signal }) => {
    if (!isPlausible(token)) return null;
    const key = createHash("sha256").update(token).digest("base64");
    const found = known.get(key);
    if (found !== undefined && clock.now().getTime() < found.untilMs) return found.caller;
    const asking =
      asked.get(key) ??
      ask(token, new AbortController().signal) // Its requests have time limits of their own.
        .then((answer) => (remember(key, answer), answer))
        .finally(() => asked.delete(key));
    asked.set(key, asking);
    return (await orAborted(asking, signal)).caller;
  };
}

/** Longer ones exist nowhere, and what is not printable would be no header. */
const isPlausible = (token: string): boolean => /^[\x21-\x7e]{1,8192}$/.test(token);

interface Asking {
  readonly credentials: Credentials;
  readonly http: Http;
  readonly keystone: Keystone;
  readonly clock: Clock;
}

function asking({ credentials, http, keystone, clock }: Asking) {
  const validate = (subject: string, own: string, signal: AbortSignal): Promise<Answer> =>
    http.exchange({
      service: "keystone",
      method: "GET",
      url: `${credentials.authUrl}/auth/tokens?nocatalog`,
      template: "/auth/tokens",
      doing: "check a token",
      headers: { "x-auth-token": own, "x-subject-token": subject },
      signal,
    });
  return async (subject: string, signal: AbortSignal): Promise<Found> => {
    try {
      let own = await keystone.token(signal);
      let answer = await validate(subject, own.value, signal);
      // Our own token can be revoked long before it expires. What is wrong with the subject is a 404.
      if (answer.status === 401) {
        own = await keystone.renewed(own, signal);
        answer = await validate(subject, own.value, signal);
      }
      return toFound(answer, own.project, clock.now().getTime());
    } catch (error) {
      if (!isProblem(error) || error.code === "IDENTITY_UNAVAILABLE") throw error;
      throw new Problem("IDENTITY_UNAVAILABLE", UNAVAILABLE, { cause: error });
    }
  };
}

/** What stands in the log is not for whoever has shown no token yet. */
const UNAVAILABLE = "the token cannot be checked now; try again later";

const TokenAnswer = z.object({
  token: z.object({
    expires_at: z.iso.datetime().pipe(z.coerce.date()),
    user: z.object({ id: z.string(), name: z.string() }),
    project: z.object({ id: ProjectId }).optional(),
    roles: z.array(z.object({ name: z.string() })).default([]),
  }),
});

function toFound({ status, body }: Answer, operatorProject: ProjectId | null, now: number): Found {
  if (status === 404) return { caller: null, untilMs: now + BAD_FOR_MS };
  const read = TokenAnswer.safeParse(body);
  if (status !== 200 || !read.success) {
    const cause = new Error(
      `Keystone answered ${status} to the question whose a token is: ${reasonIn(body) ?? "no reason given"}`,
    );
    throw new Problem("IDENTITY_UNAVAILABLE", UNAVAILABLE, { cause });
  }
  const { user, project, roles, expires_at } = read.data.token;
  return {
    caller: {
      user,
      project: project?.id ?? null,
      // Who is admin of a domain is no admin of the cloud, though the role has the same name.
      roles: project === undefined ? [] : roles.map(({ name }) => name),
      operatorProject,
    },
    // Keystone has just called it good, whatever our clock thinks; then it is asked again each time.
    untilMs: Math.min(now + GOOD_FOR_MS, expires_at.getTime()),
  };
}

/** Fenix starts without a cloud, and then lets nobody in. */
function noKeystone(log: Log | undefined): KeystoneIdentity {
  const missing = "no Keystone is configured, so nobody comes in: set OS_CLOUD, or OS_AUTH_URL and its companions";
  log?.warn({}, missing);
  const refuse = () => Promise.reject(new Problem("IDENTITY_UNAVAILABLE", UNAVAILABLE, { cause: new Error(missing) }));
  return { identify: refuse, url: null, check: refuse, close: async () => undefined };
}
