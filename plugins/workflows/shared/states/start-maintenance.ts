import { enter, type HostName, isEmpty, perform, type SessionHost, type View } from "#sdk";
import { emptyReplanned } from "../by-plan.ts";
import { setDoors, untilSet } from "../doors.ts";
import { type Hold, look, untilEnded } from "../hold.ts";
import { computesLeft, isOpen, isParallel, lostHosts, plainHostsLeft, skip } from "../hosts.ts";
import { untilWindowEnd } from "../operator-limits.ts";
import type { StepOf } from "../transitions.ts";
import { failedHere, type Visit } from "../visit.ts";
import { allSettled, emptyInTurn, waitingIn, wayOn } from "../way-on.ts";

/** Maintains one after another whatever may be maintained now, then decides what is emptied next. */
export const startMaintenance =
  (visit: Visit): StepOf<"START_MAINTENANCE"> =>
  (view) => {
    const lost = view.facts ? lostHosts(view, view.facts) : [];
    if (lost.length > 0) return skip(view, lost, "the cloud does not know this host any more");
    const failed = failedHere(view) ?? untilWindowEnd(view);
    if (failed) return failed;
    // With several hosts at once, empty ones have their turn with the others.
    const empty = isParallel(view) ? [] : emptyHosts(view);
    // While one host is empty, all others are closed, so that no instance comes to a host that it has to leave again.
    const doors = empty.length > 0 ? closeAll(view) : null;
    if (doors) return doors;
    const [plain] = plainHostsLeft(view);
    if (plain) return visit(view, plain);
    for (const host of empty) return verify(view, host) ?? visit(view, host);
    return untilSet(view) ?? moveOn(view);
  };

const closeAll = (view: View): Hold | null =>
  setDoors(view, {
    close: computesLeft(view)
      // The one that was just given back is open, and not marked as maintained before the next turn.
      .filter((host) => isOpen(view, host) && !view.effect("open_host", host.name))
      .map(({ name }) => name),
    open: [],
    why: "instances shall move once, and not to hosts that are still to be maintained",
  });

/** Compute hosts that were emptied, else those that seem empty in their turn; without what was found to be otherwise in this entry. */
function emptyHosts(view: View): readonly SessionHost[] {
  const occupied = foundOccupied(view);
  const begun = computesLeft(view).filter((host) => isBegun(host) && !occupied.has(host.name));
  return begun.length > 0 || view.facts === null ? begun : emptyInTurn(view, view.facts, occupied);
}

const isBegun = ({ status }: SessionHost): boolean => status.kind === "draining" || status.kind === "in_maintenance";

/** A check that failed proves nothing, so its host is not maintained either. */
function foundOccupied(view: View): ReadonlySet<HostName> {
  const checks = view
    .effectsOf("check_empty")
    .filter(({ status }) => status.kind !== "pending" && status.kind !== "running");
  return new Set(
    checks.filter(({ status }) => status.kind !== "done" || !isEmpty(status.outcome)).map(({ effect }) => effect.host),
  );
}

/** A quarter of an hour leaves room for a cloud that is out of reach for a while. */
const CHECK_SECONDS = 900;

/** Null when the closed host is empty by Nova and by Placement: only then may its actions run (invariant I1). */
function verify(view: View, host: SessionHost): Hold | null {
  const { name } = host;
  const record = view.effect("check_empty", `${name}#1`);
  if (!record) return perform([{ kind: "check_empty", host: name, look: 1 }], whyCheck(view, host));
  return untilEnded(view, record, `a look whether ${name} is empty`, CHECK_SECONDS);
}

/** Of one that is begun with here it is said when others were to go first. */
function whyCheck(view: View, host: SessionHost): string {
  const { name } = host;
  const replanned =
    isBegun(host) || view.facts === null ? null : emptyReplanned(view, name, waitingIn(view, view.facts));
  return [`${name} is closed and seems empty`, ...(replanned === null ? [] : [replanned])].join("; ");
}

/** Nothing can be maintained now: a fresh look tells what is to be done next. */
function moveOn(view: View): ReturnType<StepOf<"START_MAINTENANCE">> {
  if (allSettled(view)) return enter("MAINTENANCE_COMPLETE", "every host is settled");
  const seen = look(view, `after:${view.effectsOf("check_empty").length}`, "to see which host can be emptied next");
  if (seen.kind !== "seen") return seen;
  const { state, why } = wayOn(view, seen.facts, foundOccupied(view));
  if (state === "START_MAINTENANCE") throw new Error(`${why}, but it was not maintained`);
  return enter(state, why);
}
