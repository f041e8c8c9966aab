import {
  type CloudFacts,
  cheapestShortage,
  enter,
  fail,
  instancesOn,
  obstacleInWords,
  perform,
  type ProjectId,
  resources,
  type Resources,
  type Shortage,
  type View,
  wait,
} from "#sdk";
import { scaleInRounds } from "../bounds.ts";
import { standing } from "../asks.ts";
import { failFor, projectsOn, untilAnswered, unwilling } from "../consent.ts";
import { untilSet } from "../doors.ts";
import { after, type Hold, look } from "../hold.ts";
import { computesLeft, hasSkipped, knownTo, skip } from "../hosts.ts";
import { withNeededSpares } from "../mitigation.ts";
import { missingReserve, reserveOf, reserveOutOfReach, untilWindowEnd } from "../operator-limits.ts";
import { type AskedForRoom, asksForRoom, hasScaledIn, timesAskedInAll } from "../room.ts";
import type { StepOf } from "../transitions.ts";
import { destinationsFor, wayOn } from "../way-on.ts";

/** Nova and Placement need some seconds to forget instances that were just deleted: looking too soon asks for too much. */
const SETTLE_LOOKS = 6;
const SETTLE_SECONDS = 3;

/**
 * Asks the projects for room, in bounded rounds, and goes on as soon as one host can be emptied. As long as what they
 * give up is only a part of it, they are asked again in the same round, for the rest alone.
 */
export const scaleIn =
  (whom: AskedForRoom): StepOf<"SCALE_IN"> =>
  (view) => {
    if (hasSkipped(view)) return untilSet(view) ?? enter("START_MAINTENANCE", "hosts were given up");
    const late = untilWindowEnd(view);
    if (late) return late;
    const before = look(view, "before", "to see how much is missing");
    if (before.kind !== "seen") return before;
    const unanswered = failFor(unwilling(view, [])) ?? untilAnswered(view);
    if (unanswered) return unanswered;
    const way = wayOn(view, before.facts);
    if (way.state !== "SCALE_IN") return enter(way.state, way.why);
    if (view.questions.length === 0)
      return askForRoom(view, before.facts, whom) ?? giveUp(view, before.facts, "no project can be asked to scale in");
    return settle(view) ?? askForRest(view, before.facts, whom) ?? nextRound(view, before.facts);
  };

/** The least that has to become free so that one host can be emptied; null where no room helps. */
function shortageIn(view: View, facts: CloudFacts): Shortage | null {
  const hosts = knownTo(facts, computesLeft(view)).map(({ name }) => name);
  const candidates = hosts.map((host) => ({ host, destinations: destinationsFor(view, facts, host, "any") }));
  const least = cheapestShortage(withNeededSpares(view, facts, hosts), candidates);
  const [first] = candidates;
  if (!first || (!least && reserveOf(view) === null)) return null;
  // Where all find room, it is the reserve that is in the way.
  const { host, shortage, obstacles } = least ?? { host: first.host, shortage: {}, obstacles: [] };
  const { destinations = [] } = candidates.find((one) => one.host === host) ?? {};
  const reserve = missingReserve(view, facts, destinations, instancesOn(facts, host));
  return { host, obstacles, shortage: larger(shortage, reserve) };
}

/** Room that is freed for the one serves the other as well. */
const larger = (a: Resources, b: Resources): Resources =>
  Object.fromEntries(
    [...new Set([...Object.keys(a), ...Object.keys(b)])].map((name) => [name, Math.max(a[name] ?? 0, b[name] ?? 0)]),
  );

/** Null when nobody can be asked. */
function askForRoom(view: View, facts: CloudFacts, whom: AskedForRoom, but: readonly ProjectId[] = []): Hold | null {
  const shortage = shortageIn(view, facts);
  if (shortage === null || isInVain(view, facts)) return null;
  // What each was asked for came to nothing in the round before: whoever can help is asked now.
  const isFirst = scaleInRounds(view) <= 1;
  const asks = asksForRoom(view, facts, shortage, isFirst ? whom : "everybody", new Set(but));
  if (asks.length === 0) return null;
  const what = `${resources.inWords(shortage.shortage)} must become free`;
  return perform(asks, `to empty ${shortage.host}, ${what}`);
}

/** Hosts that are closed or down now may keep the reserve out of reach of whatever the projects give up. */
const isInVain = (view: View, facts: CloudFacts): boolean =>
  reserveOutOfReach(
    view,
    facts,
    knownTo(facts, computesLeft(view)).map(({ name }) => name),
    (host) => destinationsFor(view, facts, host, "any"),
  ) !== null;

/** Instances may come as fast as others go: so many parts make one round. */
const PARTS_MAX = 20;

/** Null when nothing has been freed since the projects were asked last, or nobody is left who helps. */
function askForRest(view: View, facts: CloudFacts, whom: AskedForRoom): Hold | null {
  if (!hasScaledIn(view, facts) || timesAskedInAll(view) >= PARTS_MAX) return null;
  const { refused, silent } = view.answers(standing(view));
  return askForRoom(view, facts, whom, [...refused.map(({ project }) => project), ...silent]);
}

/** Looks again until the numbers have settled. The step itself goes on as soon as a host can be emptied. */
function settle(view: View): Hold | null {
  const asked = timesAskedInAll(view);
  const looks = view.effectsOf("observe").filter(({ effect }) => effect.occasion.startsWith(`settled:${asked}:`));
  const newest = looks.at(-1);
  if (newest?.status.kind === "done") {
    if (looks.length >= SETTLE_LOOKS) return null;
    const next = after(newest.status.at, SETTLE_SECONDS);
    if (view.now < next) return wait("what was freed to show in the cloud's numbers", next);
  }
  const number = newest && newest.status.kind !== "done" ? looks.length : looks.length + 1;
  const seen = look(view, `settled:${asked}:${number}`, "after the projects have scaled in");
  return seen.kind === "seen" ? null : seen;
}

function nextRound(view: View, facts: CloudFacts): ReturnType<StepOf<"SCALE_IN">> {
  const rounds = scaleInRounds(view);
  const { scale_in_rounds } = view.session.options;
  if (view.answers().agreed.length === 0) return giveUp(view, facts, "no project scales in");
  if (rounds < scale_in_rounds)
    return enter("SCALE_IN", `still not enough room after round ${rounds} of ${scale_in_rounds}`);
  return giveUp(view, facts, `the projects were asked ${rounds} times to scale in`);
}

/** Leaves out hosts where a policy allows it, else ends the session with what is missing and the ways out. */
function giveUp(view: View, facts: CloudFacts, why: string): Hold {
  const shortage = shortageIn(view, facts);
  const reason = `no host can be emptied: ${inWords(facts, shortage)}; ${why}`;
  if (view.session.options.on_failed_move === "skip_host") return skip(view, computesLeft(view), reason);
  const unhelpful = unwilling(view, []).filter(({ policy }) => policy === "skip_host");
  const theirs = computesLeft(view).filter(({ name }) =>
    unhelpful.some(({ project }) => projectsOn(facts, [name]).includes(project)),
  );
  if (theirs.length > 0) return skip(view, theirs, `${reason}; ${unhelpful.map((one) => one.why).join("; ")}`);
  return fail(
    reason,
    shortage === null
      ? "Bring the nova-compute services of these hosts up again, or remove their instances; then continue the session."
      : `Add a compute host, or remove or shrink instances so that ${resources.inWords(shortage.shortage)} become free; then continue the session.`,
  );
}

/** So many instances are named, the rest is counted: a reason is read by a person. */
const NAMED = 3;

function inWords(facts: CloudFacts, shortage: Shortage | null): string {
  if (shortage === null) return "the compute services of the hosts that are left are down";
  const { host, obstacles } = shortage;
  const named = obstacles.slice(0, NAMED).map((obstacle) => {
    const name = facts.instances.find(({ id }) => id === obstacle.instance)?.name ?? obstacle.instance;
    return `${name} (${obstacleInWords(obstacle)})`;
  });
  if (named.length === 0) named.push("the operator's reserve");
  const rest = obstacles.length > NAMED ? ` and ${obstacles.length - NAMED} more` : "";
  return `${host} needs the least, ${resources.inWords(shortage.shortage)} more; in the way: ${named.join(", ")}${rest}`;
}
