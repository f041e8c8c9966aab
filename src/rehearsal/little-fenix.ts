/**
 * The Fenix of a rehearsal: takes what managers send, answers as Fenix does, and keeps what they said. It has no database,
 * no cloud and no other session, asks nobody for a token, and looks at none that it is shown.
 */
import { EventEmitter, once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import Fastify, { type FastifyReply, type FastifyRequest } from "fastify";
import { z } from "zod";
import type { AskedState } from "../domain/question.ts";
import { parseReplyState } from "../domain/reply.ts";
import { type ProblemCode, problems } from "../problems.ts";
import { problemDocument } from "../wire/problem-document.ts";
import { ProjectReply } from "../wire/project-reply.ts";
import type { Asked, Fault, Outcome } from "./asked.ts";
import { judgeReply } from "./judge.ts";
import { projectView } from "./project-view.ts";
import { type Registered, takeRegistrations } from "./registrations.ts";

export interface LittleFenix {
  /** Where it listens. */
  readonly url: string;
  /** From now on the question can be read and answered. */
  open(asked: Asked): void;
  /** Resolves when a manager has said something, or after so many milliseconds. */
  heard(withinMs: number): Promise<void>;
  /** What was wrong with what came since this was called last. */
  faults(): readonly Fault[];
  /** The first webhook that a manager registers; null: none was within so many milliseconds. */
  registered(withinMs: number): Promise<Registered | null>;
  close(): Promise<void>;
}

/** No manager has more to say. */
const BODY_MAX_BYTES = 1_048_576;

/** Port 0 takes any free one. */
export async function startLittleFenix(listen: { readonly host: string; readonly port: number }): Promise<LittleFenix> {
  const app = Fastify({ bodyLimit: BODY_MAX_BYTES, forceCloseConnections: true });
  // Real managers send this type along when they have nothing to say (reference §6.11, K4).
  app.addContentTypeParser("application/json", { parseAs: "string" }, (_, body, done) => {
    try {
      done(null, body === "" ? undefined : JSON.parse(String(body)));
    } catch (error) {
      done(Object.assign(new Error("the body is not JSON", { cause: error }), { statusCode: 400 }));
    }
  });
  const questions: Asked[] = [];
  // One listener for each question that waits.
  const events = new EventEmitter().setMaxListeners(0);
  let found: Fault[] = [];
  const wrong = (...faults: readonly Fault[]): void => void found.push(...faults);

  app.get("/v1/maintenance/:session/:project", (request, reply) => {
    const asked = questionAt(questions, request.url)?.asked;
    return asked ? reply.send(projectView(asked, questions, new Date())) : refuse(reply, "PROJECT_NOT_FOUND");
  });
  const takeReply = (request: FastifyRequest, reply: FastifyReply) => {
    const said = ProjectReply.safeParse(request.body);
    if (!said.success) {
      const why = z.prettifyError(said.error);
      wrong({ kind: "unfit", text: `replied ${JSON.stringify(request.body)}, which Fenix refuses: ${why}` });
      return refuse(reply, "BODY_INVALID", why);
    }
    // Tacker says so to news, and it has no effect (reference §6.6).
    if (said.data.state === "ACK_INSTANCE_ACTION_DONE") return reply.send(request.body);
    const at = questionAt(questions, request.url, parseReplyState(said.data.state)?.answers);
    if (!at?.isItsLink)
      wrong({
        kind: "wrong_link",
        text: `sent ${said.data.state} to ${request.url}, which no question gave as reply_url`,
      });
    if (!at) return refuse(reply, "PROJECT_NOT_FOUND");
    const { became, faults } = heardAs(at.asked, said.data);
    at.asked.replies.push({ at: new Date(), said: said.data, became });
    wrong(...faults);
    events.emit("heard");
    if (became === "failed") return refuse(reply, "STORE_UNAVAILABLE", "as this rehearsal wants it");
    return became === "refused" ? refuse(reply, "BODY_INVALID", faults[0]?.text) : reply.send(request.body);
  };
  app.put("/v1/maintenance/:session/:project", takeReply);
  app.put("/v1/maintenance/:session/:project/:instance", takeReply);
  const registered = takeRegistrations(app, wrong);

  const url = await app.listen(listen);
  return {
    url,
    open: (asked) => void questions.push(asked),
    heard: async (withinMs) => {
      const signal = AbortSignal.timeout(Math.max(1, withinMs));
      await once(events, "heard", { signal }).catch(() => undefined); // Nothing was said: that is an answer too.
    },
    faults() {
      const faults = found;
      found = [];
      return faults;
    },
    async registered(withinMs) {
      const stop = new AbortController();
      const nobody = sleep(withinMs, null, { signal: stop.signal }).catch(() => null);
      return Promise.race([registered, nobody]).finally(() => stop.abort());
    },
    close: () => app.close(),
  };
}

/**
 * The question of this very link, or else the newest one under its path, of this state if there is one: some managers make
 * their links themselves.
 */
function questionAt(questions: readonly Asked[], url: string, state?: AskedState | null) {
  const path = (link: string): string => new URL(link, "http://fenix").pathname;
  const withQuery = (link: string): string => path(link) + new URL(link, "http://fenix").search;
  const asked = questions.find(({ link }) => withQuery(link) === withQuery(url));
  if (asked) return { asked, isItsLink: true };
  const near = questions.filter(({ link }) => path(link) === path(url));
  const nearest = near.findLast((one) => one.state === state) ?? near.at(-1);
  return nearest && { asked: nearest, isItsLink: false };
}

function heardAs(asked: Asked, said: ProjectReply): { readonly became: Outcome; readonly faults: readonly Fault[] } {
  // What comes too late has no effect, whatever it says.
  const faults = new Date() <= asked.replyBy ? judgeReply(asked, said) : [];
  if (faults.length > 0) return { became: faults[0]?.kind === "out_of_turn" ? "overlooked" : "refused", faults };
  const failed = asked.replies.filter(({ became }) => became === "failed").length;
  return { became: failed < asked.failures ? "failed" : "kept", faults };
}

function refuse(reply: FastifyReply, code: ProblemCode, detail = "nothing was told of this link"): FastifyReply {
  return reply.status(problems[code].status).send(problemDocument(code, detail));
}
