/** Does what the projects said, as much at once as is allowed, until nobody is left on the host. */
import {
  type CheckEmpty,
  type CloudFacts,
  type CloudInstance,
  type Effect,
  fail,
  instanceIn,
  isUnderWay,
  obstacleInWords,
  perform,
  type ProjectId,
  type SessionHost,
  subjectOf,
  type View,
  wait,
} from "#sdk";
import { movesReplanned } from "../by-plan.ts";
import { managedProjects } from "../consent.ts";
import { after, endBy, type Hold, look, troubleWith } from "../hold.ts";
import { skip } from "../hosts.ts";
import type { Reach } from "../way-on.ts";
import { onward, type Onward } from "./drain.ts";
import { type Errand, errandsOf, retryFrom } from "./errands.ts";
import { nextMoves, untilMovesEnd } from "./moves.ts";
import { lookAtMembers, untilOthersServe } from "./others-serve.ts";
import { giveUp } from "./settle-host.ts";
import { ownActionsDone } from "./own-actions.ts";
import { hasMoved } from "./sorted-moves.ts";
import { checksOf, movesInVain, movesUnderWay, ranOvertime, triesOf, triesOff } from "./who-is-there.ts";

/** Null when everybody has left, as far as is known, and their projects know it. */
export function work(
  view: View,
  facts: CloudFacts,
  there: readonly CloudInstance[],
  host: SessionHost,
  reach: Reach,
): Onward | null {
  const next = workLeft(view, facts, there, host, reach);
  const news = newsOfMoves(view, facts);
  if (news.length === 0) return next;
  // Told in one turn with what begins now, if anything does: a large session has tens of thousands of moves.
  if (next?.kind === "perform") return perform([...news, ...next.effects], next.why);
  return perform(news, "its instance has been moved");
}

function workLeft(
  view: View,
  facts: CloudFacts,
  there: readonly CloudInstance[],
  host: SessionHost,
  reach: Reach,
): Onward | null {
  if (there.length === 0) return untilMovesEnd(view, host.name);
  const stop = exhausted(view, there, host);
  if (stop) return stop;
  const afresh = lookAfterFailure(view, there, host.name);
  if (afresh) return afresh;
  const errands = errandsOf(view, there);
  const late = overdue(view, errands, host);
  if (late) return late;

  const moves = nextMoves(
    view,
    facts,
    errands.filter((errand) => errand.kind === "move"),
    host,
    reach,
  );
  const held = [...moves.held, ...errands.filter(({ kind }) => kind === "unasked")];
  const effects: readonly Effect[] = [
    ...moves.start,
    ...pollFor(view, errands, host),
    ...lookAtMembers(view, held, moves.budgets),
  ];
  if (effects.length > 0)
    return perform(effects, [whyNow(errands, host), ...movesReplanned(view, effects, there)].join("; "));
  const sight = sightOfStuck(view, errands, host);
  if (sight && sight.kind !== "seen") return sight;
  return (
    waitFor(view, errands, host) ??
    untilOthersServe(view, held, moves.budgets, host) ??
    noRoom(view, facts, moves.obstacles, host)
  );
}

/** What became known of instances that have left: their projects are told, or their own doing is kept. */
export const newsOfMoves = (view: View, facts: CloudFacts): readonly Effect[] => [
  ...movesToTell(view, facts),
  ...ownActionsDone(view, facts),
];

/** INSTANCE_ACTION_DONE, for what Fenix moved and not for a project's own doing (reference §4.3). */
function movesToTell(view: View, facts: CloudFacts): readonly Effect[] {
  const managed = new Set(managedProjects(view));
  if (managed.size === 0) return [];
  return view.effectsOf("move_instance").flatMap((move): Effect[] => {
    const { instance, attempt } = move.effect;
    if (!hasMoved(move)) return [];
    if (view.effect("tell_moved", subjectOf(move.effect))) return [];
    const project = projectOf(view, facts, instance);
    if (!project || !managed.has(project)) return [];
    return [{ kind: "tell_moved", project, instance, attempt }];
  });
}

const projectOf = (view: View, facts: CloudFacts, instance: CloudInstance["id"]): ProjectId | undefined =>
  (instanceIn(facts, instance) ?? view.instances.find(({ id }) => id === instance))?.project;

/** An instance that could not be moved often enough: the host is given up once the moves under way have ended. */
export function exhausted(view: View, there: readonly CloudInstance[], host: SessionHost): Hold | null {
  const { move_retries, on_failed_move } = view.session.options;
  for (const { id, name } of there) {
    const tries = triesOff(view, id, host.name);
    const last = tries.at(-1);
    if (!last || isUnderWay(last) || tries.length <= move_retries) continue;
    const slow = ranOvertime(last) ? "its live migration takes longer than its manager allows" : null;
    const why = troubleWith(last) ?? slow ?? `it is on ${host.name} again`;
    if (on_failed_move === "skip_host") {
      const moving = untilMovesEnd(view, host.name);
      if (moving) return moving;
    }
    return giveUp(
      view,
      host,
      `${name} could not be moved off ${host.name} in ${tries.length} tries: ${why}`,
      "See in Nova (server show, migration list) what is in its way, bring it back to ACTIVE or move it by hand, then continue the session.",
    );
  }
  return null;
}

/** A move failed for a reason: before the next try, once its pause is over, the cloud is looked at again. `where` is told in the occasion. */
export function lookAfterFailure(view: View, there: readonly CloudInstance[], where: string): Hold | null {
  const due = movesInVain(view).filter((record) => retryFrom(record) <= view.now);
  if (due.length === 0) return null;
  const toRetry = there.filter(({ id }) => {
    const last = triesOf(view, id).at(-1);
    return last !== undefined && due.includes(last);
  });
  if (toRetry.length === 0) return null;
  const seen = look(view, `failed:${where}:${due.length}`, "before a failed move is tried again");
  return seen.kind === "seen" ? null : seen;
}

/** What did not come to pass in its time: a project's own action, or the end of a state that Nova moves nobody in. */
export function overdue(view: View, errands: readonly Errand[], host: SessionHost): Hold | null {
  const late = errands.filter((errand) => "until" in errand && errand.until <= view.now);
  const [first] = late;
  if (!first) return null;
  const moving = untilMovesEnd(view, host.name);
  const names = (kind: Errand["kind"]) =>
    late.filter((errand) => errand.kind === kind).map(({ instance }) => instance.name);
  const own = names("own");
  if (own.length > 0) {
    const reason = `the OWN_ACTION of project ${projectsIn(late, "own")} left ${own.join(", ")} on ${host.name}`;
    if (view.session.options.on_silence === "skip_host") return moving ?? skip(view, [host], reason);
    return fail(reason, "Ask the owner to move or remove them, then continue the session.");
  }
  const [stuck] = late.filter((errand) => errand.kind === "stuck");
  const reason = `${names("stuck").join(", ")} cannot be moved off ${host.name}: ${stuck?.why ?? ""}`;
  return (
    moving ??
    giveUp(
      view,
      host,
      reason,
      "Bring the instance into a state in which Nova moves it, or remove it; then continue the session.",
    )
  );
}

const projectsIn = (errands: readonly Errand[], kind: Errand["kind"]): string =>
  [...new Set(errands.filter((errand) => errand.kind === kind).map(({ instance }) => instance.project))].join(", ");

/** A project's own action is seen by asking who is on the host, which costs two requests, and not by the whole cloud. */
export function pollFor(view: View, errands: readonly Errand[], host: SessionHost): readonly CheckEmpty[] {
  if (!errands.some(({ kind }) => kind === "own") || nextPoll(view, errands, host) > view.now) return [];
  return [{ kind: "check_empty", host: host.name, look: 1 + checksOf(view, host.name).length }];
}

/** Five seconds at first; a minute when it has taken ten, so that a day of waiting is not a flood. */
const POLL_SECONDS_MIN = 5;
const POLL_SECONDS_MAX = 60;
const POLL_SHARE = 0.1;

/** When to look for own actions again; a moment to come while a look is under way. */
function nextPoll(view: View, errands: readonly Errand[], host: SessionHost): Date {
  const last = checksOf(view, host.name).at(-1);
  if (!last) return view.now;
  if (!("at" in last.status)) return endBy(view, last, POLL_SECONDS_MAX);
  const { own_action_seconds } = view.session.options;
  const began =
    Math.min(...errands.map((errand) => (errand.kind === "own" ? errand.until.getTime() : Infinity))) -
    own_action_seconds * 1_000;
  const waited = (view.now.getTime() - began) / 1_000;
  return after(last.status.at, Math.min(POLL_SECONDS_MAX, Math.max(POLL_SECONDS_MIN, waited * POLL_SHARE)));
}

/** Whether a state that Nova moves nobody in has ended is seen only by a look at the cloud. */
const STUCK_SECONDS = 15;

export function sightOfStuck(view: View, errands: readonly Errand[], host: SessionHost) {
  if (!errands.some(({ kind }) => kind === "stuck")) return null;
  const looks = looksAtStuck(view);
  const last = looks.at(-1);
  if (last && "at" in last.status && view.now < after(last.status.at, STUCK_SECONDS)) return null;
  // One look serves all hosts: each with its own would never see the one before come to its end.
  const occasion = last && !("at" in last.status) ? last.effect.occasion : `stuck:${looks.length + 1}`;
  return look(view, occasion, `whether instances on ${host.name} can be moved now`);
}

const looksAtStuck = (view: View) =>
  view.effectsOf("observe").filter(({ effect }) => effect.occasion.startsWith("stuck:"));

/** Waits for whatever is under way, promised or not yet due; null when there is nothing to wait for. */
export function waitFor(view: View, errands: readonly Errand[], host: SessionHost): Hold | null {
  const moving = movesUnderWay(view, host.name);
  const later = errands.filter((errand) => errand.kind === "move").filter(({ from }) => from > view.now);
  const early = later.filter(({ failure }) => failure === null);
  const again = later.filter(({ failure }) => failure !== null);
  const own = errands.filter(({ kind }) => kind === "own");
  const stuck = errands.filter((errand) => errand.kind === "stuck");
  const [firstStuck] = stuck;
  const reasons = [
    ...(moving.length > 0 ? [`${moving.length} moves off ${host.name}`] : []),
    ...(own.length > 0
      ? [`the OWN_ACTION of ${projectsIn(own, "own")} for ${own.length} instances on ${host.name}`]
      : []),
    ...(early.length > 0 ? [`the announced time of ${early.length} moves off ${host.name}`] : []),
    ...again.map(
      ({ instance, failure }) =>
        `the next try to move ${instance.name} off ${host.name}; the last one failed: ${failure}`,
    ),
    ...(firstStuck ? [`${firstStuck.instance.name} on ${host.name}, which cannot be moved: ${firstStuck.why}`] : []),
  ];
  if (reasons.length === 0) return null;
  const lastLook = looksAtStuck(view).at(-1)?.status;
  const moments = [
    ...moving.map((record) => endBy(view, record, view.session.options.move_seconds)),
    ...later.map(({ from }) => from),
    ...own.flatMap((errand) => (errand.kind === "own" ? [errand.until, nextPoll(view, errands, host)] : [])),
    ...stuck.map((errand) => (errand.kind === "stuck" ? errand.until : view.now)),
    ...(stuck.length > 0 && lastLook && "at" in lastLook ? [after(lastLook.at, STUCK_SECONDS)] : []),
  ];
  return wait(
    reasons.join("; "),
    moments.reduce((a, b) => (a < b ? a : b)),
  );
}

/** Nothing is under way and nobody finds a place: what was seen may be old, and if it is not, room has to be made. */
function noRoom(
  view: View,
  facts: CloudFacts,
  obstacles: readonly Parameters<typeof obstacleInWords>[0][],
  host: SessionHost,
): Onward {
  const ended = view.effectsOf("move_instance").length;
  const seen = look(
    view,
    `room:${host.name}:${ended}`,
    obstacles.map((obstacle) => obstacleInWords(obstacle)).join("; "),
  );
  return seen.kind === "seen" ? onward(view, facts) : seen;
}

export function whyNow(errands: readonly Errand[], host: SessionHost): string {
  const notes = errands.flatMap((errand) => (errand.kind === "move" && errand.note !== null ? [errand.note] : []));
  return [`${host.name} is being emptied`, ...notes].join("; ");
}
