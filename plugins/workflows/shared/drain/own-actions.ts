/** What projects move, re-create or delete themselves, on the hosts that are being emptied. */
import {
  type AskedQuestion,
  type CloudFacts,
  groupOf,
  type InstanceId,
  type NoteOwnAction,
  replacementsOf,
  subjectOf,
  type View,
} from "#sdk";
import { newestAbout } from "../asks.ts";
import { after, latest } from "../hold.ts";
import { isLater, triesOf, whoIsThere } from "./who-is-there.ts";

interface Promised {
  readonly instance: InstanceId;
  readonly question: AskedQuestion;
  readonly askedAt: Date;
  /** When its project has had its time. */
  readonly until: Date;
}

interface OwnActions {
  /** Still where they were, and expected to leave. */
  readonly underWay: readonly Promised[];
  /** Gone from there, and not by a move of Fenix. */
  readonly done: readonly Promised[];
}

export function ownActions(view: View, facts: CloudFacts): OwnActions {
  const promised = [...newestAbout(view)].flatMap(([id, question]) => promiseIn(view, id, question) ?? []);
  if (promised.length === 0) return { underWay: [], done: [] };
  const left = view.hosts.filter(({ status }) => status.kind === "draining" || status.kind === "skipped");
  const there = new Set(left.flatMap(({ name }) => whoIsThere(view, facts, name).map(({ id }) => id)));
  return {
    underWay: promised.filter(({ instance, until }) => there.has(instance) && view.now < until),
    done: promised.filter(({ instance }) => !there.has(instance)),
  };
}

/** Null where nothing was promised, or Fenix has moved the instance since after all. */
function promiseIn(view: View, instance: InstanceId, question: AskedQuestion): Promised | null {
  const { reply, actionsAt } = question;
  if (reply?.answer !== "ACK" || reply.actions.get(instance) !== "OWN_ACTION") return null;
  const ask = view.effect("ask", subjectOf({ kind: "ask", question }));
  const move = triesOf(view, instance).at(-1);
  if (move && (!ask || isLater(view, move, ask))) return null;
  const until = after(latest(reply.at, actionsAt), view.session.options.own_action_seconds);
  return { instance, question, askedAt: ask?.recordedAt ?? view.entry.since, until };
}

/** Own actions that were seen to be done and have not been noted yet. */
export function ownActionsDone(view: View, facts: CloudFacts): readonly NoteOwnAction[] {
  const fresh = ownActions(view, facts).done.filter(
    ({ instance, question }) => !isNoted(view, instance, question.round),
  );
  const replacements = replacementsOf(view.constraints, fresh);
  return fresh.map(({ instance, question: { project, round } }): NoteOwnAction => {
    const replacement = replacements.get(instance) ?? null;
    const group = declaredGroup(view, instance) ?? (replacement && declaredGroup(view, replacement));
    return { kind: "note_own_action", project, instance, round, group, replacement };
  });
}

/** Whether the own action that this question was answered with has been seen to be done. */
export const isNoted = (view: View, instance: InstanceId, round: number): boolean =>
  view.effect("note_own_action", `${instance}#${round}`) !== undefined;

function declaredGroup(view: View, instance: InstanceId) {
  const group = groupOf(view, instance);
  return group.kind === "declared" ? group.constraints.group : null;
}
