/** What a scene can do: ask the manager, say the same again, tell it news. */
import { randomBytes, randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { type InstanceId, SessionId } from "../domain/ids.ts";
import type { MaintenanceScheduled } from "../domain/notification.ts";
import type { AskedState } from "../domain/question.ts";
import type { Resources } from "../domain/resources.ts";
import type { InstanceAction } from "../domain/session.ts";
import { aodhCallback } from "../wire/aodh-callback.ts";
import { linksFrom } from "../wire/links.ts";
import { replyTokens } from "../wire/reply-token.ts";
import { type Asked, type Fault, named } from "./asked.ts";
import type { Cast } from "./cast.ts";
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
  /** What was asked, and which messages were not taken, since this was called last. */
  curtain(): { readonly asked: readonly Asked[]; readonly untaken: readonly Fault[] };
}

/** `publicUrl` is where managers find the little Fenix. */
export function startPlay(
  { manager, project, instances }: Cast,
  fenix: LittleFenix,
  { publicUrl, timing }: { readonly publicUrl: string; readonly timing: Timing },
): Play {
  const session = SessionId.parse(randomUUID());
  const webhook = { id: randomUUID(), project };
  // With tokens each question has a link of its own, so that it shows whether replies go where they were asked for.
  const links = linksFrom(publicUrl, replyTokens([randomBytes(32).toString("hex")]));
  const messages: { readonly asked: Asked; readonly body: unknown }[] = [];
  let shown = { asked: new Set<Asked>(), untaken: [] as Fault[] };

  const messageOf = (notification: MaintenanceScheduled): unknown =>
    aodhCallback({ messageId: randomUUID(), generated: new Date(), session, notification }, webhook, links);

  /** Whether it was taken. */
  const send = async (body: unknown, what: string): Promise<boolean> => {
    const problem = await post(manager, body, timing.answerSeconds);
    if (problem !== null) shown.untaken.push({ kind: "not_taken", text: `${what}: ${problem}` });
    return problem === null;
  };

  async function untilAnswered({ replies, replyBy }: Asked): Promise<void> {
    const isAnswered = (): boolean => replies.some(({ became }) => became !== "failed");
    const leftMs = (): number => replyBy.getTime() - Date.now();
    while (!isAnswered() && leftMs() > 0) await fenix.heard(leftMs());
  }

  const settle = () => sleep(timing.settleSeconds * 1_000);

  function prepare(question: Question, windowMs: number): { readonly asked: Asked; readonly body: unknown } {
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
    const body = messageOf({
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
    messages.push({ asked, body });
    shown.asked.add(asked);
    return { asked, body };
  }

  return {
    instances,
    async ask(question, times = 1) {
      const { asked, body } = prepare(question, timing.replySeconds * 1_000);
      const sent = Array.from({ length: times }, async () => send(body, named(asked)));
      const taken = (await Promise.all(sent)).some(Boolean);
      // Who did not take the message will not reply to it.
      if (taken) await untilAnswered(asked);
      await settle();
    },
    async again(state) {
      const message = messages.find(({ asked }) => asked.state === state);
      if (!message) return;
      shown.asked.add(message.asked);
      await send(message.body, `${named(message.asked)}, once more`);
      await settle();
    },
    async askTooLate(question) {
      const { asked, body } = prepare(question, -60_000);
      await send(body, `${named(asked)}, too late`);
      await settle();
    },
    async tellDone(instance) {
      const body = messageOf({
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
      await send(body, `INSTANCE_ACTION_DONE for ${instance}`);
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
