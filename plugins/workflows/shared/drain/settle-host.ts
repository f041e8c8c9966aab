/** The end of draining a host: it is empty by every source, or it is given up. */
import { type EffectRecord, fail, isEmpty, type Occupants, perform, type SessionHost, type View, wait } from "#sdk";
import { after, type Hold, latest, look, troubleWith, untilEnded } from "../hold.ts";
import { skip } from "../hosts.ts";
import { checksOf, lastMoveEnd, strangersSeen } from "./who-is-there.ts";

/** Placement frees what a move or a deletion leaves behind within seconds; two minutes later nobody will. */
const PATIENCE_SECONDS = 120;
/** What Placement alone still books after a minute was left behind by a crash, and can be put right. */
const HEAL_AFTER_SECONDS = 60;
const PAUSE_SECONDS = 5;
/** A quarter of an hour leaves room for a cloud that is out of reach for a while. */
const CHECK_SECONDS = 900;

/** Null when Nova and Placement agree that the host is empty. Asked when nobody is known to be there. */
export function settleHost(view: View, host: SessionHost): Hold | null {
  const checks = checksOf(view, host.name);
  const last = checks.at(-1);
  const why = last ? whatKeepsIt(last) : "";
  const heal = last !== undefined && isStale(view, last);
  const check: Hold = perform(
    [{ kind: "check_empty", host: host.name, look: checks.length + 1, ...(heal ? { heal } : {}) }],
    heal ? `nobody is on ${host.name}, but ${why}` : `everybody has left ${host.name}`,
  );
  if (!last) return check;
  const hold = untilEnded(view, last, `a look whether ${host.name} is empty`, CHECK_SECONDS);
  if (hold) return hold;
  if (last.status.kind === "done") {
    if (isEmpty(last.status.outcome)) return null;
    if (isOutdated(view, last)) return check;
    const sight = lookAtStrangers(view, host, last.status.outcome, last.effect.look);
    if (sight) return sight;
  }
  if (view.now >= patienceEnds(view, last))
    return giveUp(
      view,
      host,
      `${host.name} does not become empty: ${why}`,
      "Look for leftovers in Placement (allocations of servers or migrations that no longer are there) and in Nova, remove them, then continue the session.",
    );
  const next = "at" in last.status ? after(last.status.at, PAUSE_SECONDS) : view.now;
  return view.now < next ? wait(`${host.name} to become empty: ${why}`, next) : check;
}

/** Whether nothing but old allocations keeps the host, and the session's policy is to put them right. */
function isStale(view: View, { status }: EffectRecord<"check_empty">): boolean {
  if (view.session.options.stale_allocations !== "heal" || status.kind !== "done") return false;
  const { instances, allocations, arriving } = status.outcome;
  if (instances.length + arriving.length > 0 || allocations.length === 0) return false;
  return view.now >= after(lastHappening(view), HEAL_AFTER_SECONDS);
}

/** Whether something has left since the check began: then it tells nothing about now. */
function isOutdated(view: View, { recordedAt }: EffectRecord<"check_empty">): boolean {
  const end = lastMoveEnd(view, "any");
  return end !== null && end > recordedAt;
}

/** Nova lists somebody who was not known: the next look at the cloud tells who, and they are treated like the others. */
function lookAtStrangers(view: View, host: SessionHost, { instances }: Occupants, check: number): Hold | null {
  if (instances.length === 0) return null;
  const seen = look(view, strangersSeen(host.name, check), `${instances.length} instances are still on ${host.name}`);
  return seen.kind === "seen" ? null : seen;
}

function whatKeepsIt(last: EffectRecord<"check_empty">): string {
  if (last.status.kind !== "done") return troubleWith(last) ?? "it could not be looked at";
  const { instances, allocations, arriving } = last.status.outcome;
  return [
    ...(instances.length > 0 ? [`Nova lists ${instances.join(", ")}`] : []),
    ...(arriving.length > 0 ? [`${arriving.join(", ")} are being moved to it`] : []),
    ...(allocations.length > 0 ? [`Placement has allocations of ${allocations.join(", ")}`] : []),
  ].join("; ");
}

/** A move to the host that is under way has the time of a move. */
function patienceEnds(view: View, last: EffectRecord<"check_empty">): Date {
  const arriving = last.status.kind === "done" && last.status.outcome.arriving.length > 0;
  return after(lastHappening(view), arriving ? view.session.options.move_seconds : PATIENCE_SECONDS);
}

/** When something last happened that may have put somebody on the host, or taken somebody away. */
function lastHappening(view: View): Date {
  const ends = view.effectsOf("close_host").flatMap(({ status }) => (status.kind === "done" ? [status.at] : []));
  const replies = view.questions.flatMap(({ reply }) => (reply ? [reply.at] : []));
  return latest(view.entry.since, lastMoveEnd(view, "done") ?? view.entry.since, ...ends, ...replies);
}

/** Ends the session, or leaves this host out, as its policy for moves says. */
export function giveUp(view: View, host: SessionHost, reason: string, advice: string): Hold {
  return view.session.options.on_failed_move === "skip_host" ? skip(view, [host], reason) : fail(reason, advice);
}
