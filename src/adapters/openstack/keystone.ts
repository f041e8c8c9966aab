/** Keystone v3: a token that is always fresh, and the catalog that says where the services are. */
import { z } from "zod";
import { ProjectId } from "../../domain/ids.ts";
import type { Clock } from "../../ports/clock.ts";
import { Problem } from "../../problems.ts";
import type { Credentials } from "./credentials.ts";
import { reasonIn, Unanswered, type Answer, type Http } from "./http.ts";
import { shared } from "./patience.ts";

export interface Token {
  /** Opaque, and as good as the password: never in a message or a log. */
  readonly value: string;
  readonly catalog: Catalog;
  /** The project it is bound to, which is that of the credentials. */
  readonly project: ProjectId | null;
  /** By our own clock, a little before Keystone lets it expire. */
  readonly renewAt: Date;
}

export interface Keystone {
  /** A token that is good for a while. One request serves all who ask at the same time. */
  token(signal: AbortSignal): Promise<Token>;
  /** After a service refused `stale`: another token, unless somebody has already fetched one. */
  renewed(stale: Token, signal: AbortSignal): Promise<Token>;
  /** Without a slash at its end. Throws CLOUD_REFUSED when the catalog has no such endpoint. */
  endpoint(token: Token, type: "compute" | "placement" | "alarming"): string;
}

/** A token is renewed so long before it expires: longer than any one request takes. */
const MARGIN_MS = 120_000;

export function keystone(credentials: Credentials, { http, clock }: { http: Http; clock: Clock }): Keystone {
  let current: Token | null = null;
  const fetchToken = shared(async (signal) => {
    const askedAt = clock.now().getTime();
    const answer = await http.exchange({
      service: "keystone",
      method: "POST",
      url: `${credentials.authUrl}/auth/tokens`,
      template: "/auth/tokens",
      doing: "enter the cloud",
      body: credentials.body,
      repeatable: true, // A second token does no harm.
      signal,
    });
    current = toToken(answer, credentials, askedAt);
    return current;
  });
  return {
    token: (signal) =>
      current !== null && clock.now() < current.renewAt ? Promise.resolve(current) : fetchToken(signal),
    renewed(stale, signal) {
      if (current === stale) current = null;
      return this.token(signal);
    },
    endpoint: ({ catalog }, type) => endpointIn(catalog, type, credentials),
  };
}

const Catalog = z.array(
  z.object({
    type: z.string(),
    endpoints: z.array(z.object({ interface: z.string(), region: z.string().nullish(), url: z.string() })),
  }),
);
type Catalog = z.infer<typeof Catalog>;

const TokenAnswer = z.object({
  token: z.object({
    issued_at: z.iso.datetime().pipe(z.coerce.date()),
    expires_at: z.iso.datetime().pipe(z.coerce.date()),
    catalog: Catalog.optional(),
    project: z.object({ id: ProjectId }).optional(),
  }),
});

function toToken({ status, headers, body }: Answer, { who, authUrl }: Credentials, askedAt: number): Token {
  if (status === 401 || status === 403) {
    throw new Problem("CLOUD_REFUSED", `Keystone does not let ${who} in: ${reasonIn(body) ?? status}`);
  }
  const value = headers["x-subject-token"];
  const read = TokenAnswer.safeParse(body);
  if (status !== 201 || typeof value !== "string" || !read.success) {
    const reason = reasonIn(body) ?? "without a token";
    throw new Unanswered(
      `could not enter the cloud: ${authUrl} is no Keystone v3 that we understand (${status}, ${reason})`,
    );
  }
  const { issued_at, expires_at, catalog, project } = read.data.token;
  if (catalog === undefined) {
    throw new Problem("CLOUD_REFUSED", `the token of ${who} has no catalog: the credentials name no project`);
  }
  // Lifetime instead of the moment of expiry: the cloud's clock need not agree with ours.
  const lifetime = expires_at.getTime() - issued_at.getTime();
  const renewAt = new Date(askedAt + Math.max(lifetime - MARGIN_MS, lifetime / 2));
  return { value, catalog, project: project?.id ?? null, renewAt };
}

/** The order within a catalog is arbitrary, so interface and region decide. */
function endpointIn(catalog: Catalog, type: string, { interface: side, region }: Credentials): string {
  const endpoints = catalog.filter((service) => service.type === type).flatMap((service) => service.endpoints);
  const fitting = endpoints.filter((one) => one.interface === side && (region === null || one.region === region));
  const [found] = fitting;
  if (found === undefined) {
    const offered = endpoints.map((one) => `${one.interface} in ${one.region ?? "no region"}`).join(", ") || "none";
    const wanted = `${side} endpoint of type ${type}${region === null ? "" : ` in region ${region}`}`;
    throw new Problem("CLOUD_REFUSED", `the cloud's catalog has no ${wanted}; it offers: ${offered}`);
  }
  if (new Set(fitting.map((one) => one.region)).size > 1) {
    const regions = fitting.map((one) => one.region ?? "?").join(", ");
    throw new Problem("CLOUD_REFUSED", `the cloud has several regions (${regions}): set OS_REGION_NAME to one of them`);
  }
  return found.url.replace(/\/+$/, "");
}
