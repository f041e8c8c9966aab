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
  type InstanceId,
  InstanceAction,
  type ProjectId,
  type SessionHost,
  type View,
  wait,
} from "#sdk";
import { adviceFor, ask, isManaged, type Unwilling } from "../consent.ts";
import { giveUp } from "../drain/settle-host.ts";
import { hasMoved, triesOf } from "../drain/who-is-there.ts";
import { after, type Hold } from "../hold.ts";
import { skip } from "../hosts.ts";

/** Instances that appear on a closed host are somebody's doing; so often it is asked about more of them. */
const ROUNDS_MAX = 5;

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

export function agreement(view: View, hosts: readonly KnownHost[], complete: boolean): Agreement {
  const questionOf = standingQuestions(view);
  const open = new Set(view.questions.filter((question) => isOpen(view, question)).map(({ project }) => project));
  const unasked = hosts
    .flatMap(({ there }) => there)
    .filter(({ id, project }) => !questionOf.has(id) && isManaged(view, project));
  // Hosts that were begun together are asked about together.
  const toAsk = complete ? unasked.filter(({ project }) => !open.has(project)) : [];
  return {
    asks: asksFor(view, toAsk),
    holdFor({ host, there }, settled) {
      const questions = new Set(there.flatMap(({ id }) => questionOf.get(id) ?? []));
      const projects = [...new Set(there.map(({ project }) => project))];
      const unwilling = [...projects.flatMap((project) => unmanaged(view, project)), ...refusalsIn(view, questions)];
      const [fatal] = unwilling.filter(({ policy }) => policy === "fail");
      if (fatal) return fail(fatal.why, adviceFor(fatal.kind));
      const stubborn = unwilling.filter(({ policy }) => policy === "skip_host");
      if (stubborn.length > 0) return settled ?? skip(view, [host], stubborn.map(({ why }) => why).join("; "));
      const waiting = there.filter(({ id, project }) => !questionOf.has(id) && isManaged(view, project));
      if (waiting.length > 0 && roundsOf(view, host.name, there) >= ROUNDS_MAX) {
        const names = waiting.map(({ name }) => name).join(", ");
        const reason = `instances keep appearing on ${host.name} although it is closed: ${names}`;
        return settled ?? giveUp(view, host, reason, "Find out who starts them there.");
      }
      return untilAnswered(view, questions) ?? untilAsked(view, waiting);
    },
  };
}

/**
 * The newest question about each instance, unless it has been moved since: a project is asked about every move, and one
 * that was moved as often as it was asked about has used its answers up.
 */
function standingQuestions(view: View): ReadonlyMap<InstanceId, AskedQuestion> {
  const asked = new Map<InstanceId, AskedQuestion[]>();
  for (const question of view.questions)
    for (const id of question.instances) asked.set(id, [...(asked.get(id) ?? []), question]);
  return new Map(
    [...asked].flatMap(([id, questions]) => {
      const newest = questions.at(-1);
      return newest && questions.length > triesOf(view, id).filter(hasMoved).length ? [[id, newest] as const] : [];
    }),
  );
}

const isOpen = ({ now }: View, { reply, replyBy }: AskedQuestion): boolean => reply === null && replyBy > now;

function asksFor(view: View, instances: readonly CloudInstance[]): readonly Effect[] {
  const replyBy = after(view.now, view.session.options.reply_seconds);
  const projects = [...new Set(instances.map(({ project }) => project))].toSorted();
  return projects.map((project) =>
    ask(view, {
      project,
      state: "PLANNED_MAINTENANCE",
      instances: instances.filter((one) => one.project === project).map(({ id }) => id),
      allowedActions: InstanceAction.options,
      replyBy,
      actionsAt: replyBy,
    }),
  );
}

function unmanaged(view: View, project: ProjectId): readonly Unwilling[] {
  if (isManaged(view, project) || view.questions.some((question) => question.project === project)) return [];
  const why = `project ${project} has no manager that Fenix could ask`;
  return [{ project, kind: "no_manager", policy: view.session.options.on_no_manager, why }];
}

function refusalsIn(view: View, questions: ReadonlySet<AskedQuestion>): readonly Unwilling[] {
  const { on_nack, on_silence } = view.session.options;
  return [...questions].flatMap(({ project, state, reply, replyBy }): readonly Unwilling[] => {
    if (reply?.answer === "NACK") {
      const why = `project ${project} said no to ${state}${reply.reason === null ? "" : `: ${reply.reason}`}`;
      return [{ project, kind: "nack", policy: on_nack, why }];
    }
    if (reply !== null || replyBy > view.now) return [];
    const why = `project ${project} did not answer ${state} in time`;
    return [{ project, kind: "silence", policy: on_silence, why }];
  });
}

/** How often it was asked about instances that are, or were, on the host. */
function roundsOf(view: View, host: HostName, there: readonly CloudInstance[]): number {
  const moved = view.effectsOf("move_instance").filter(({ effect }) => effect.from === host);
  const ids = new Set([...there.map(({ id }) => id), ...moved.map(({ effect }) => effect.instance)]);
  return view.questions.filter(({ instances }) => instances.some((id) => ids.has(id))).length;
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
