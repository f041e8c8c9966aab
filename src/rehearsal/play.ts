/** What a scene can do: ask the manager, say the same again, tell it news. */
import { randomBytes, randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { type InstanceId, SessionId } from "../domain/ids.ts";
import type { AskedState } from "../domain/question.ts";
import type { Resources } from "../domain/resources.ts";
import type { InstanceAction } from "../domain/session.ts";
import { linksFrom } from "../wire/links.ts";
import { replyTokens } from "../wire/reply-token.ts";
import { newWebhookSecret } from "../wire/webhook-signature.ts";
import { type Asked, type Fault, named } from "./asked.ts";
import type { Cast } from "./cast.ts";
import { type Format, lettersFor, type Message } from "./letters.ts";
import type { LittleFenix } from "./little-fenix.ts";
import { post } from "./post.ts";

export interface Timing {
  /** How long a reply may take. */
  readonly replySeconds: number;
  /** How long the answer to a post may take. */
  readonly answerSeconds: number;
  /** How long to listen on after a reply: a second one may follow. */
  readonly settleSeconds: number;
}

export interface Question {
  readonly state: AskedState;
  /** Left out: it is about all instances and answered for the project as a whole. */
  readonly instance?: InstanceId;
  readonly allowedActions?: readonly InstanceAction[];
  readonly missing?: Resources;
  /** So many replies are answered 503 first. */
  readonly failures?: number;
}

export interface Play {
  readonly instances: readonly InstanceId[];
  /** Waits for the reply as long as its window lasts. `times`: how often the message is sent, all at once. */
  ask(question: Question, times?: number): Promise<void>;
  /** Sends the message of the first question in this state once more, and does not need an answer. */
  again(state: AskedState): Promise<void>;
  /** Sends a question whose time was up a minute ago, and does not need an answer. */
  askTooLate(question: Question): Promise<void>;
  /** Tells that the instance was moved, and does not need an answer. */
  tellDone(instance: InstanceId): Promise<void>;
  /** Sends what only somebody else can have sent: signed with another secret, or kept for an hour. */
  forge(): Promise<void>;
  /** What was asked, and which messages were not taken, since this was called last. */
  curtain(): { readonly asked: readonly Asked[]; readonly untaken: readonly Fault[] };
}

/** `publicUrl` is where managers find the little Fenix. */
export function startPlay(
  { manager, project, instances }: Cast,
  fenix: LittleFenix,
  { publicUrl, timing, format }: { readonly publicUrl: string; readonly timing: Timing; readonly format: Format },
): Play {
  const session = SessionId.parse(randomUUID());
  // With tokens each question has a link of its own, so that it shows whether replies go where they were asked for.
  const links = linksFrom(publicUrl, replyTokens([randomBytes(32).toString("hex")]));
  const letters = lettersFor({ format, session, project }, links);
  const messages: { readonly asked: Asked; readonly message: Message }[] = [];
  let shown = { asked: new Set<Asked>(), untaken: [] as Fault[] };

  /** Whether it was taken. */
  const send = async (message: Message, what: string): Promise<boolean> => {
    const letter = { body: message.body, headers: letters.headers(message) };
    const problem = await post(manager, letter, timing.answerSeconds);
    if (problem !== null) shown.untaken.push({ kind: "not_taken", text: `${what}: ${problem}` });
    return problem === null;
  };

  async function untilAnswered({ replies, replyBy }: Asked): Promise<void> {
    const isAnswered = (): boolean => replies.some(({ became }) => became !== "failed");
    const leftMs = (): number => replyBy.getTime() - Date.now();
    while (!isAnswered() && leftMs() > 0) await fenix.heard(leftMs());
  }

  const settle = () => sleep(timing.settleSeconds * 1_000);

  function prepare(question: Question, windowMs: number): { readonly asked: Asked; readonly message: Message } {
    const { state, instance = null, allowedActions = [], missing = null, failures = 0 } = question;
    const askedAt = new Date();
    // Fenix never asks two things with the same deadline: it is what their links differ in.
    const replyBy = new Date(askedAt.getTime() + windowMs + messages.length);
    const place = { session, project, ...(instance !== null && { instance }) };
    const about = instance === null ? instances : [instance];
    const asked: Asked = {
      state,
      instance,
      instances: about,
      allowedActions,
      missing,
      failures,
      link: links.question(place, replyBy),
      askedAt,
      replyBy,
      replies: [],
    };
    const message = letters.write({
      type: "maintenance.scheduled",
      project,
      state,
      instances: about,
      instance,
      allowedActions,
      replyBy,
      actionsAt: replyBy,
      missing,
      metadata: METADATA,
    });
    fenix.open(asked);
    messages.push({ asked, message });
    shown.asked.add(asked);
    return { asked, message };
  }

  const newsOf = (instance: InstanceId): Message =>
    letters.write({
      type: "maintenance.scheduled",
      project,
      state: "INSTANCE_ACTION_DONE",
      instances: [instance],
      instance: null,
      allowedActions: [],
      replyBy: null,
      actionsAt: null,
      missing: null,
      metadata: METADATA,
    });

  return {
    instances,
    async ask(question, times = 1) {
      const { asked, message } = prepare(question, timing.replySeconds * 1_000);
      const sent = Array.from({ length: times }, async () => send(message, named(asked)));
      const taken = (await Promise.all(sent)).some(Boolean);
      // Who did not take the message will not reply to it.
      if (taken) await untilAnswered(asked);
      await settle();
    },
    async again(state) {
      const first = messages.find(({ asked }) => asked.state === state);
      if (!first) return;
      shown.asked.add(first.asked);
      await send(first.message, `${named(first.asked)}, once more`);
      await settle();
    },
    async askTooLate(question) {
      const { asked, message } = prepare(question, -60_000);
      await send(message, `${named(asked)}, too late`);
      await settle();
    },
    async tellDone(instance) {
      await send(newsOf(instance), `INSTANCE_ACTION_DONE for ${instance}`);
      await settle();
    },
    async forge() {
      const forgeries = [
        { what: "was signed with another secret", forged: { secret: newWebhookSecret() } },
        { what: "was signed an hour ago", forged: { at: new Date(Date.now() - 3_600_000) } },
      ];
      for (const { what, forged } of forgeries) {
        const [instance] = instances;
        if (instance === undefined) return;
        const message = newsOf(instance);
        const letter = { body: message.body, headers: letters.headers(message, forged) };
        if ((await post(manager, letter, timing.answerSeconds)) === null)
          shown.untaken.push({ kind: "forgery_taken", text: `took a message that ${what}: answer 401 to it` });
      }
      await settle();
    },
    curtain() {
      const { asked, untaken } = shown;
      shown = { asked: new Set(), untaken: [] };
      return { asked: [...asked], untaken };
    },
  };
}

/** What an admin may say of the session; a word that is not the same in Python and JSON is among it. */
const METADATA = { rehearsal: true };
