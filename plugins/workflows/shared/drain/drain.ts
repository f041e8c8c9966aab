/**
 * Empties one host per entry: choose it, close it, ask the projects that have instances there, do what they said, and
 * see that nobody is left. PREPARE_MAINTENANCE and PLANNED_MAINTENANCE differ only in where instances may go.
 *
 * The `draining` mark is the choice; all else is asked anew each time, so a worker that died, or a session that was
 * continued, finds its way from any point.
 */
import {
  type CloudFacts,
  type Decision,
  enter,
  fail,
  type HostName,
  instancesOn,
  perform,
  type SessionHost,
  type View,
} from "#sdk";
import type { Asks } from "../asks.ts";
import { drainsInVain } from "../bounds.ts";
import { setDoors, untilSet } from "../doors.ts";
import { type Hold, look } from "../hold.ts";
import { computesLeft, hasSkipped, isOpen } from "../hosts.ts";
import { untilWindowEnd } from "../operator-limits.ts";
import { emptiable, type Reach, wayOn } from "../way-on.ts";
import { negotiate } from "./negotiate.ts";
import { settleHost } from "./settle-host.ts";
import { work } from "./work.ts";
import { whoIsThere } from "./who-is-there.ts";

export type DrainState = "PREPARE_MAINTENANCE" | "PLANNED_MAINTENANCE";
/** Everything that is not this host leads over the hub, or back to the projects. */
export type Onward = Decision<"START_MAINTENANCE" | "SCALE_IN">;

export function drain(view: View, state: DrainState, asks: Asks): Onward {
  if (hasSkipped(view)) return untilSet(view) ?? enter("START_MAINTENANCE", "a host was given up");
  const reach = reachOf(state);
  const host = view.hosts.find(({ status }) => status.kind === "draining");
  if (!host) return choose(view, reach);
  const doors = setDoors(view, doorsFor(view, host, reach));
  if (doors) return doors;
  const seen = lookAfterClosing(view, host);
  if (seen.kind !== "seen") return seen;
  const { facts } = seen;
  if (isUntouched(view) && !fitsStill(view, facts, host, reach)) return letGo(host);
  const there = whoIsThere(view, facts, host.name);
  return (
    negotiate(view, facts, there, host, state, asks) ??
    work(view, facts, there, host, reach) ??
    settleHost(view, host) ??
    enter("START_MAINTENANCE", `${host.name} is empty`)
  );
}

/** Instances are moved once, from a host into settled ones; where that is not possible, into any. */
const reachOf = (state: DrainState): Reach => (state === "PLANNED_MAINTENANCE" ? "settled" : "any");

/** By what was seen last; before it is said that nothing can be done, the cloud is looked at again. */
function choose(view: View, reach: Reach): Onward {
  const late = untilWindowEnd(view);
  if (late) return late;
  if (drainsInVain(view)) return failInVain();
  const letGoHosts = new Set(
    computesLeft(view)
      .filter(({ name }) => view.effect("mark_host", `${name}/waiting`))
      .map(({ name }) => name),
  );
  const choice = view.facts && emptiable(view, view.facts, reach, letGoHosts);
  if (choice) {
    const { host, placements, replanned } = choice;
    const why =
      placements.length === 0 ? `${host.name} has no instances` : `its ${placements.length} instances fit elsewhere`;
    return perform([{ kind: "mark_host", host: host.name, status: draining(view, replanned) }], why);
  }
  const seen = look(view, "survey", "to see which host can be emptied");
  return seen.kind === "seen" ? onward(view, seen.facts) : seen;
}

/** The mark of a host that is begun with; `reason` where that is otherwise than its plan says. */
export const draining = (view: View, reason: string | null): Extract<SessionHost["status"], { kind: "draining" }> => ({
  kind: "draining",
  since: view.now,
  ...(reason === null ? {} : { reason }),
});

export const failInVain = (): Hold =>
  fail(
    "hosts were emptied again and again, and none could be maintained",
    "See in the timeline what kept them from being empty (such as instances started by force on a closed host), then continue the session.",
  );

export function onward(view: View, facts: CloudFacts): Onward {
  const { state, why } = wayOn(view, facts);
  return enter(state === "SCALE_IN" ? "SCALE_IN" : "START_MAINTENANCE", why);
}

/** Closed is the host itself, and whatever is no destination; open is what this session closed and now needs. */
function doorsFor(view: View, host: SessionHost, reach: Reach) {
  const rest = computesLeft(view).filter(({ name }) => name !== host.name);
  const toClose = [host, ...(reach === "settled" ? rest : [])].filter((one) => isOpen(view, one));
  const toOpen = reach === "any" ? rest.filter(({ closure }) => closure === "closed_by_session") : [];
  return {
    close: toClose.map(({ name }) => name),
    open: toOpen.map(({ name }) => name),
    why: `${host.name} is to be emptied`,
  };
}

/**
 * The list of instances is complete only if it was read after the host was closed. START_MAINTENANCE ends with a look
 * at the cloud, so coming from there to a host that was closed already, another would tell nothing new.
 */
function lookAfterClosing(view: View, host: SessionHost) {
  const moved = view.effectsOf("close_host").length + view.effectsOf("open_host").length > 0;
  const fromHub = view.entries.at(-2)?.state === "START_MAINTENANCE";
  if (view.facts && fromHub && !moved) return { kind: "seen", facts: view.facts } as const;
  return look(view, `closed:${host.name}`, `who is on ${host.name} now that it is closed`);
}

/** Nobody has been asked and nothing has been moved yet: it costs nothing to think again. */
const isUntouched = (view: View): boolean => view.questions.length + view.effectsOf("move_instance").length === 0;

const fitsStill = (view: View, facts: CloudFacts, { name }: SessionHost, reach: Reach): boolean =>
  instancesOn(facts, name).length === 0 ||
  emptiable(
    view,
    facts,
    reach,
    new Set<HostName>(view.hosts.map((host) => host.name).filter((one) => one !== name)),
  ) !== null;

const letGo = ({ name }: SessionHost): Hold =>
  perform(
    [{ kind: "mark_host", host: name, status: { kind: "waiting" } }],
    `the instances of ${name} do not fit elsewhere now`,
  );
