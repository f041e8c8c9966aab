/**
 * A sample application manager: it owns the servers of one project, is told by Fenix what will happen to them, and
 * answers. Copy it, and put your application's own knowledge where `decide` and `application.ts` are.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Action, Notice, Question } from "../client/callback.ts";
import { type Fenix, fenixAt, type Reply } from "../client/fenix.ts";
import { type Listening, listenForNotices } from "../client/listen.ts";
import { application, type Application, type Scaling } from "./application.ts";
import { declareConstraints, type Needs } from "./declare.ts";
import { hearBy, type Hears } from "./hear.ts";
import { connect, type Credentials, type Tenant } from "./nova.ts";
import { replaceServer } from "./own-action.ts";

export interface ManagerOptions {
  readonly fenixUrl: string;
  readonly credentials: Credentials;
  readonly listen?: Listening;
  /** How it hears; Fenix's own webhook where nothing is said. */
  readonly hears?: Hears | undefined;
  readonly scaling?: Partial<Scaling>;
  /** What is wanted for an instance, where Fenix offers it. */
  readonly action?: Action;
  /** Declared at the start; left out: nothing is. */
  readonly needs?: Needs | undefined;
  readonly manners?: Manners;
  readonly onEvent?: (event: ManagerEvent) => void;
}

/** What every server endures that may be away for a while. */
const ANY_HOW = "MIGRATE";

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
  | { readonly kind: "replaced"; readonly server: string; readonly by: string }
  | { readonly kind: "trouble"; readonly doing: string; readonly error: unknown };

export interface Manager {
  readonly projectId: string;
  /** What Fenix or AODH was told to post to. Its last part is secret: who does not know it cannot pretend to be Fenix. */
  readonly callbackUrl: string;
  /** Finishes what is under way, takes the webhook or the alarm away and stops listening. */
  close(): Promise<void>;
}

export async function startManager(options: ManagerOptions): Promise<Manager> {
  const { listen = {}, hears = "webhook", onEvent = () => {} } = options;
  const tenant = await connect(options.credentials);
  const fenix = fenixAt({ url: options.fenixUrl, projectId: tenant.projectId, token: tenant.token });
  const stopping = new AbortController();
  const notices = noticeHandler({ options, tenant, fenix, onEvent, signal: stopping.signal });

  if (options.needs) await declareConstraints(fenix, tenant.nova, options.needs, options.action ?? ANY_HOW);
  const door = await listenForNotices(listen, notices.take);
  const ear = await hearBy(hears, door.url, { fenix, alarms: tenant.alarms }).catch(async (error: unknown) => {
    await door.close();
    throw error;
  });
  if (ear.secret !== null) door.trust(ear.secret);
  // Only now: what is asked from here on is heard.
  notices.catchUp();
  return {
    projectId: tenant.projectId,
    callbackUrl: door.url,
    async close() {
      stopping.abort();
      await ear.close().catch((error: unknown) => onEvent({ kind: "trouble", doing: "unregister", error }));
      await door.close();
      await notices.idle();
    },
  };
}

interface Handling {
  readonly options: ManagerOptions;
  readonly tenant: Tenant;
  readonly fenix: Fenix;
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

  const inTrouble = (doing: string) => (error: unknown) => onEvent({ kind: "trouble", doing, error });
  const attend = async (notice: Notice): Promise<void> => handle(notice).catch(inTrouble(notice.state));

  const take = (notice: Notice): void => {
    work = work.then(async () => attend(notice));
  };

  const catchUp = (): void => {
    work = work.then(attendOpen).catch(inTrouble("what was asked before"));
  };

  /** What was asked while nobody listened here, or was heard by an earlier life that was killed before it replied. */
  async function attendOpen(): Promise<void> {
    for (const open of await fenix.openQuestions()) await attend({ ...open, messageId: questionKey(open) });
  }

  async function handle(notice: Notice): Promise<void> {
    // A notice may come twice, since Fenix sends it again when it cannot know that it arrived, and what was read at the
    // start may be posted as well. What was decided stands.
    const known = [notice.messageId, questionKey(notice)].find((key) => decided.has(key));
    const before = known === undefined ? undefined : decided.get(known);
    const again = before !== undefined;
    onEvent({ kind: "notified", notice, again });
    const reply = again ? before : await decideSafely(notice);
    // Under its own id from now on, and no more under the question's: in quick sessions the next one may look the same.
    if (known !== undefined) decided.delete(known);
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
        action: options.action ?? ANY_HOW,
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
      const by = await replaceServer(instance, { nova: tenant.nova, fenix, networks: scaling.networks });
      if (by !== null) onEvent({ kind: "replaced", server: instance, by });
    }
  }

  function remember(messageId: string, reply: Reply | null): void {
    decided.set(messageId, reply);
    const [oldest] = decided.keys();
    if (decided.size > MEMORY && oldest !== undefined) decided.delete(oldest);
  }

  return { take, catchUp, idle: () => work };
}

/** The same for a question that is read and for the notice of it, whose link may have a token and its time a fraction. */
const questionKey = ({ replyUrl, state, replyAt }: Question): string =>
  `${new URL(replyUrl).pathname} ${state} ${Math.floor((replyAt?.getTime() ?? 0) / 1000)}`;

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
  fenix: Fenix,
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
