/**
 * A sample application manager: it owns the servers of one project, is told by Fenix what will happen to them, and
 * answers. Copy it, and put your application's own knowledge where `decide` and `application.ts` are.
 */
import { randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type Server as HttpServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { application, type Application, type Scaling } from "./application.ts";
import { type Action, type Notice, readCallback } from "./callback.ts";
import { fenixAt, type Reply } from "./fenix.ts";
import { connect, type Credentials, type Tenant } from "./nova.ts";

export interface ManagerOptions {
  readonly fenixUrl: string;
  readonly credentials: Credentials;
  /** Where to listen; port 0 takes any free one. */
  readonly listen?: { readonly host?: string; readonly port?: number };
  /** Under which URL Fenix reaches this manager, where that is not where it listens. */
  readonly publicUrl?: string | undefined;
  readonly scaling?: Partial<Scaling>;
  /** What is wanted for an instance, where Fenix offers it. */
  readonly action?: Action;
  readonly manners?: Manners;
  readonly onEvent?: (event: ManagerEvent) => void;
}

/** Bad manners, for tests and demonstrations: what a real manager does when it is broken or busy. */
export interface Manners {
  /** By state; ACK where nothing is said. */
  readonly answers?: Readonly<Record<string, "ACK" | "NACK" | "SILENT">>;
  readonly delaySeconds?: number;
  /** How often each reply is sent. */
  readonly times?: number;
}

export type ManagerEvent =
  | { readonly kind: "notified"; readonly notice: Notice; readonly again: boolean }
  | { readonly kind: "replied"; readonly notice: Notice; readonly reply: Reply }
  | { readonly kind: "scaled_in" | "scaled_out"; readonly session: string; readonly servers: readonly string[] }
  | { readonly kind: "replaced"; readonly server: string }
  | { readonly kind: "trouble"; readonly doing: string; readonly error: unknown };

export interface Manager {
  readonly projectId: string;
  /** What Fenix was told to post to. Its last part is secret: who does not know it cannot pretend to be Fenix. */
  readonly callbackUrl: string;
  /** Finishes what is under way, takes the webhook away and stops listening. */
  close(): Promise<void>;
}

export async function startManager(options: ManagerOptions): Promise<Manager> {
  const { listen = {}, onEvent = () => {} } = options;
  const tenant = await connect(options.credentials);
  const fenix = fenixAt(options.fenixUrl, tenant.projectId, tenant.token);
  const stopping = new AbortController();
  const notices = noticeHandler({ options, tenant, fenix, onEvent, signal: stopping.signal });

  const path = `/maintenance/${randomBytes(16).toString("hex")}`;
  const server = createServer((request, response) => void answer(request, response, path, notices.take));
  const address = await listening(server, listen);
  const callbackUrl = new URL(path, options.publicUrl ?? address).href;
  const webhook = await fenix.register(callbackUrl).catch(async (error: unknown) => {
    await closed(server);
    throw error;
  });
  return {
    projectId: tenant.projectId,
    callbackUrl,
    async close() {
      stopping.abort();
      await fenix
        .unregister(webhook.webhook_id)
        .catch((error: unknown) => onEvent({ kind: "trouble", doing: "unregister", error }));
      await closed(server);
      await notices.idle();
    },
  };
}

interface Handling {
  readonly options: ManagerOptions;
  readonly tenant: Tenant;
  readonly fenix: ReturnType<typeof fenixAt>;
  readonly onEvent: (event: ManagerEvent) => void;
  readonly signal: AbortSignal;
}

/** Notices remembered to recognise one that is sent again; a session sends far fewer to one project. */
const MEMORY = 1000;

function noticeHandler({ options, tenant, fenix, onEvent, signal }: Handling) {
  const scaling = { spare: () => true, step: 1, atLeast: 1, networks: "auto" as const, ...options.scaling };
  const app = application(tenant.nova, scaling);
  const decided = new Map<string, Reply | null>();
  // One thing at a time: an application that scales in and replaces a server at once is hard to reason about.
  let work: Promise<void> = Promise.resolve();

  const take = (notice: Notice): void => {
    work = work
      .then(() => handle(notice))
      .catch((error: unknown) => onEvent({ kind: "trouble", doing: notice.state, error }));
  };

  async function handle(notice: Notice): Promise<void> {
    const before = decided.get(notice.messageId);
    const again = before !== undefined;
    onEvent({ kind: "notified", notice, again });
    // A notice may come twice, since Fenix sends it again when it cannot know that it arrived. What was decided stands.
    const reply = again ? before : await decideSafely(notice);
    remember(notice.messageId, reply);
    if (reply === null) return;
    await send(notice, reply);
    if (!again && reply.answer === "ACK") await doOwnActions(reply.actions);
  }

  /** A manager that is in trouble says so: a NACK with its reason helps the admin more than silence. */
  async function decideSafely(notice: Notice): Promise<Reply | null> {
    try {
      return await decide(notice, {
        app,
        tenant,
        fenix,
        action: options.action ?? "MIGRATE",
        manners: options.manners,
        onEvent,
      });
    } catch (error) {
      onEvent({ kind: "trouble", doing: notice.state, error });
      return notice.replyAt === null ? null : { answer: "NACK", reason: String(error) };
    }
  }

  async function send(notice: Notice, reply: Reply): Promise<void> {
    const { delaySeconds = 0, times = 1 } = options.manners ?? {};
    if (delaySeconds > 0) await sleep(delaySeconds * 1000, undefined, { signal }).catch(() => {}); // Closing ends the wait.
    if (signal.aborted) return;
    for (let time = 0; time < times; time += 1) await fenix.reply(notice, reply);
    onEvent({ kind: "replied", notice, reply });
  }

  async function doOwnActions(actions: ReadonlyMap<string, Action>): Promise<void> {
    for (const [instance, action] of actions) {
      if (action !== "OWN_ACTION") continue;
      await app.replace(instance);
      onEvent({ kind: "replaced", server: instance });
    }
  }

  function remember(messageId: string, reply: Reply | null): void {
    decided.set(messageId, reply);
    const [oldest] = decided.keys();
    if (decided.size > MEMORY && oldest !== undefined) decided.delete(oldest);
  }

  return { take, idle: () => work };
}

interface Deciding extends Pick<Handling, "tenant" | "fenix" | "onEvent"> {
  readonly app: Application;
  readonly action: Action;
  readonly manners: Manners | undefined;
}

const yes: Reply = { answer: "ACK", actions: new Map() };

/** What to do about a notice and what to say; null when nothing is to be said. */
async function decide(
  notice: Notice,
  { app, tenant, fenix, action, manners, onEvent }: Deciding,
): Promise<Reply | null> {
  const wanted = manners?.answers?.[notice.state] ?? "ACK";
  if (notice.replyAt === null || wanted === "SILENT") return null;
  if (wanted === "NACK") return { answer: "NACK", reason: "this manager was told to refuse" };
  switch (notice.state) {
    case "SCALE_IN":
      // An application that is as small as it can be still agrees: others may have more to give.
      onEvent({ kind: "scaled_in", session: notice.sessionId, servers: await app.scaleIn(notice.sessionId) });
      return yes;
    case "MAINTENANCE_COMPLETE":
      onEvent({ kind: "scaled_out", session: notice.sessionId, servers: await app.scaleOut(notice.sessionId) });
      return yes;
    case "PREPARE_MAINTENANCE":
    case "PLANNED_MAINTENANCE":
      return { answer: "ACK", actions: await chooseActions(notice, action, tenant, fenix) };
    default:
      return yes;
  }
}

/** The wanted action where it is offered and the server's status allows it: Nova live-migrates only what runs. */
async function chooseActions(
  notice: Notice,
  wanted: Action,
  { nova }: Tenant,
  fenix: Handling["fenix"],
): Promise<ReadonlyMap<string, Action>> {
  const status = new Map((await nova.servers()).map((server) => [server.id, server.status]));
  const choose = (instance: string): Action => {
    const live = ["ACTIVE", "PAUSED"].includes(status.get(instance) ?? "");
    const wishes: readonly Action[] = wanted === "LIVE_MIGRATE" && !live ? ["MIGRATE"] : [wanted];
    const chosen = [...wishes, ...notice.allowedActions].find((choice) => notice.allowedActions.includes(choice));
    if (chosen === undefined) throw new Error(`Fenix offers nothing that this manager knows for ${instance}`);
    return chosen;
  };
  return new Map((await fenix.instancesOf(notice)).map((instance) => [instance, choose(instance)]));
}

/** A notice has a few kilobytes. */
const BODY_MAX_BYTES = 65_536;

/** Answers at once and works afterwards: Fenix waits for the reply, not for this answer. */
async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
  take: (notice: Notice) => void,
) {
  const say = (status: number, message: string) =>
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify({ message }));
  if (request.method !== "POST" || request.url !== path) return say(404, "there is nothing here");
  try {
    take(readCallback(JSON.parse(await bodyOf(request))));
  } catch (error) {
    return say(400, String(error));
  }
  return say(200, "taken");
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = "";
  for await (const chunk of request.setEncoding("utf8")) {
    body += chunk;
    if (body.length > BODY_MAX_BYTES) throw new Error(`a notice has at most ${BODY_MAX_BYTES} bytes`);
  }
  return body;
}

async function listening(server: HttpServer, { host = "127.0.0.1", port = 0 }: NonNullable<ManagerOptions["listen"]>) {
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(port, host, resolve));
  return `http://${host}:${(server.address() as AddressInfo).port}`;
}

async function closed(server: HttpServer): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}
