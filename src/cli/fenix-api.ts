/** Fenix's HTTP API, as far as the command uses it. */
import { fetch } from "undici";
import { z } from "zod";
import * as answers from "./answers.ts";
import { Refused, Unreachable } from "./endings.ts";
import type { Login } from "./login.ts";

export interface FenixApi {
  createSession(request: unknown): Promise<z.infer<typeof answers.Created>>;
  sessions(): Promise<z.infer<typeof answers.Sessions>>;
  session(id: string): Promise<answers.Detail>;
  /** A page of what happened after the entry with this number. */
  timeline(id: string, after: number): Promise<z.infer<typeof answers.Timeline>>;
  continueSession(id: string, state: string | undefined): Promise<z.infer<typeof answers.Continued>>;
  deleteSession(id: string): Promise<unknown>;
  /** The cloud as the planner sees it. */
  cloud(): Promise<unknown>;
  /** How a maintenance would go, and the cloud it was planned for. */
  plan(request: unknown): Promise<z.infer<typeof answers.Planned>>;
  webhooks(project: string | undefined): Promise<z.infer<typeof answers.Webhooks>>;
  addWebhook(request: unknown): Promise<z.infer<typeof answers.WebhookCreated>>;
  changeWebhookSecret(id: string): Promise<z.infer<typeof answers.WebhookSecret>>;
  removeWebhook(id: string): Promise<unknown>;
}

/** Creating a session may ask the cloud, which may take some seconds; half a minute is long for everything. */
const TIMEOUT_MS = 30_000;

/** Shows no token until Fenix asks for one, since one without access control never does; then one for all that follows. */
export function fenixApi(baseUrl: string, login: Login): FenixApi {
  let token: string | null = null;
  const call = async <Schema extends z.ZodType>(
    schema: Schema,
    method: string,
    path: string,
    body?: unknown,
  ): Promise<z.infer<Schema>> => {
    const ask = () => request(method, `${baseUrl}${path}`, { body, token });
    let { status, text } = await ask();
    if (status === 401) {
      token = await login();
      if (token === null) throw new Refused(NO_TOKEN);
      ({ status, text } = await ask());
    }
    // It says to come back: its database or Keystone does not answer.
    if (status === 503) throw new Unreachable(refusal(status, text).message);
    if (status >= 400) throw refusal(status, text);
    const parsed = schema.safeParse(json(text));
    if (!parsed.success) throw new Unreachable(`${baseUrl} answers, but not as Fenix does`);
    return parsed.data;
  };
  const session = (id: string) => `/v1/maintenance/${encodeURIComponent(id)}`;
  return {
    createSession: (request) => call(answers.Created, "POST", "/v1/maintenance", request),
    sessions: () => call(answers.Sessions, "GET", "/v1/maintenance"),
    session: (id) => call(answers.Detail, "GET", `${session(id)}/detail`),
    timeline: (id, after) => call(answers.Timeline, "GET", `${session(id)}/timeline?after=${after}&limit=1000`),
    continueSession: (id, state) => call(answers.Continued, "PUT", session(id), state === undefined ? {} : { state }),
    deleteSession: (id) => call(answers.Nothing, "DELETE", session(id)),
    cloud: () => call(z.unknown(), "GET", "/v1/cloud"),
    plan: (request) => call(answers.Planned, "POST", "/v1/maintenance/plan", request),
    webhooks: (project) => call(answers.Webhooks, "GET", `/v1/webhooks${query({ project_id: project })}`),
    addWebhook: (request) => call(answers.WebhookCreated, "POST", "/v1/webhooks", request),
    changeWebhookSecret: (id) => call(answers.WebhookSecret, "POST", `/v1/webhooks/${encodeURIComponent(id)}/secret`),
    removeWebhook: (id) => call(answers.Nothing, "DELETE", `/v1/webhooks/${encodeURIComponent(id)}`),
  };
}

const NO_TOKEN = "Fenix wants a token: set OS_CLOUD, or OS_AUTH_URL and its companions, or OS_TOKEN";

/** Everything that happened, page by page. */
export async function wholeTimeline(api: FenixApi, id: string, after = 0): Promise<readonly answers.TimelineEntry[]> {
  const entries: answers.TimelineEntry[] = [];
  for (let page = await api.timeline(id, after); page.entries.length > 0; page = await api.timeline(id, page.next))
    entries.push(...page.entries);
  return entries;
}

async function request(
  method: string,
  url: string,
  { body, token }: { readonly body: unknown; readonly token: string | null },
): Promise<{ status: number; text: string }> {
  const headers = {
    accept: "application/json",
    ...(body !== undefined && { "content-type": "application/json" }),
    ...(token !== null && { "x-auth-token": token }),
  };
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const response = await fetch(url, {
      method,
      headers,
      signal,
      body: body === undefined ? null : JSON.stringify(body),
    });
    return { status: response.status, text: await response.text() };
  } catch (error) {
    throw new Unreachable(`${new URL(url).origin} does not answer: ${causeOf(error)}`, { cause: error });
  }
}

/** `fetch failed` says nothing; what failed is in the cause. */
function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error && error.cause.message !== "" ? error.cause.message : error.message;
}

function refusal(status: number, text: string): Refused {
  const parsed = answers.Problem.safeParse(json(text));
  if (!parsed.success) return new Refused(`refused with status ${status}: ${text.slice(0, 500)}`);
  const { title, detail, field, errors = [] } = parsed.data;
  if (errors.length > 1) {
    const lines = errors.map(({ field, detail }) => `  ${field}: ${detail}`);
    return new Refused([title ?? `refused with status ${status}`, ...lines].join("\n"));
  }
  const what = detail ?? title ?? `refused with status ${status}`;
  return new Refused(field === undefined ? what : `${field}: ${what}`);
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function query(values: Readonly<Record<string, string | undefined>>): string {
  const given = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) if (value !== undefined) given.set(name, value);
  return given.size === 0 ? "" : `?${given.toString()}`;
}
