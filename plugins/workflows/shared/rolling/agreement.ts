/**
 * What the projects say about the instances on all hosts that are being emptied. A project is asked about all of its
 * instances at once, and only when its question before is settled: a reply goes to the newest question.
 */
import {
  type AskedQuestion,
  type CloudInstance,
  type Effect,
  fail,
  type HostName,
  type ProjectId,
  type SessionHost,
  type View,
  wait,
} from "#sdk";
import { type Asks, retryAt, ROUNDS_MAX, roundsOf, untilRetry } from "../asks.ts";
import { adviceFor, isManaged, refusalInWords, type Unwilling } from "../consent.ts";
import type { Budgets } from "../drain/budgets.ts";
import { giveUp } from "../drain/settle-host.ts";
import { inTheirTurn, standingQuestions, unaskedAmong } from "../drain/turns.ts";
import { after, type Hold } from "../hold.ts";
import { skip } from "../hosts.ts";

/** A host whose instances are known for certain, since it was looked at after it was closed. */
export interface KnownHost {
  readonly host: SessionHost;
  readonly there: readonly CloudInstance[];
}

export interface Agreement {
  /** New questions. */
  readonly asks: readonly Effect[];
  /** What the host has to wait for, or why it is given up; null when all may be done. `settled` says whether nothing of it is on its way. */
  holdFor(known: KnownHost, settled: Hold | null): Hold | null;
}

export function agreement(
  view: View,
  hosts: readonly KnownHost[],
  budgets: Budgets,
  complete: boolean,
  asks: Asks,
): Agreement {
  const questionOf = standingQuestions(view);
  // A question about one instance has a link of its own, and is in the way of no other.
  const whole = view.questions.filter((question) => question.instance === null && isOpen(view, question));
  const open = new Set(whole.map(({ project }) => project));
  const unasked = unaskedAmong(
    view,
    hosts.flatMap(({ there }) => there),
  );
  // Hosts that were begun together are asked about together.
  const isAskable = ({ project }: CloudInstance) => complete && !open.has(project);
  const toAsk = inTheirTurn(view, unasked.filter(isAskable), budgets);
  // Whose turn has not come holds nobody else up.
  const awaited = new Set([...toAsk, ...unasked.filter((one) => !isAskable(one))]);
  return {
    asks: asks(view, "PLANNED_MAINTENANCE", toAsk),
    holdFor({ host, there }, settled) {
      const questions = new Set(there.flatMap(({ id }) => questionOf.get(id) ?? []));
      const projects = [...new Set(there.map(({ project }) => project))];
      const unwilling = [...projects.flatMap((project) => unmanaged(view, project)), ...refusalsIn(view, questions)];
      const [fatal] = unwilling.filter(({ policy }) => policy === "fail");
      if (fatal) return fail(fatal.why, adviceFor(fatal.kind));
      const stubborn = unwilling.filter(({ policy }) => policy === "skip_host");
      if (stubborn.length > 0) return settled ?? skip(view, [host], stubborn.map(({ why }) => why).join("; "));
      const waiting = there.filter((one) => awaited.has(one));
      if (waiting.length > 0 && roundsAt(view, host.name, there) >= ROUNDS_MAX) {
        const names = waiting.map(({ name }) => name).join(", ");
        const reason = `instances keep appearing on ${host.name} although it is closed: ${names}`;
        return settled ?? giveUp(view, host, reason, "Find out who starts them there.");
      }
      return untilAnswered(view, questions) ?? untilAsked(view, waiting) ?? untilRetry(view, questions);
    },
  };
}

const isOpen = ({ now }: View, { reply, replyBy }: AskedQuestion): boolean => reply === null && replyBy > now;

function unmanaged(view: View, project: ProjectId): readonly Unwilling[] {
  if (isManaged(view, project) || view.questions.some((question) => question.project === project)) return [];
  const why = `project ${project} has no manager that Fenix could ask`;
  return [{ project, kind: "no_manager", policy: view.session.options.on_no_manager, why }];
}

function refusalsIn(view: View, questions: ReadonlySet<AskedQuestion>): readonly Unwilling[] {
  const { on_nack, on_silence } = view.session.options;
  return [...questions].flatMap((question): readonly Unwilling[] => {
    const { project, state, reply, replyBy } = question;
    if (reply?.answer === "NACK") {
      if (retryAt(view, question) !== null) return [];
      const why = refusalInWords(question, reply.reason);
      return [{ project, kind: "nack", policy: on_nack, why }];
    }
    if (reply !== null || replyBy > view.now) return [];
    const why = `project ${project} did not answer ${state} in time`;
    return [{ project, kind: "silence", policy: on_silence, why }];
  });
}

/** In how many turns it was asked about instances that are, or were, on the host. */
function roundsAt(view: View, host: HostName, there: readonly CloudInstance[]): number {
  const moved = view.effectsOf("move_instance").filter(({ effect }) => effect.from === host);
  const ids = new Set([...there.map(({ id }) => id), ...moved.map(({ effect }) => effect.instance)]);
  const asked = view.effectsOf("ask").filter(({ effect }) => effect.question.instances.some((id) => ids.has(id)));
  return roundsOf(view, asked);
}

function untilAnswered(view: View, questions: ReadonlySet<AskedQuestion>): Hold | null {
  const open = [...questions].filter((question) => isOpen(view, question));
  const [first] = open;
  if (!first) return null;
  const projects = open.map(({ project }) => project).toSorted();
  const until = open.reduce((earliest, { replyBy }) => (replyBy < earliest ? replyBy : earliest), first.replyBy);
  return wait(`replies to PLANNED_MAINTENANCE from ${projects.join(", ")}`, until);
}

/** The project's question before is open, or other hosts are still being closed. */
function untilAsked(view: View, waiting: readonly CloudInstance[]): Hold | null {
  if (waiting.length === 0) return null;
  const projects = [...new Set(waiting.map(({ project }) => project))].toSorted();
  return wait(`the turn of ${projects.join(", ")} to be asked`, after(view.now, view.session.options.reply_seconds));
}
