/**
 * Rolls over the compute hosts of a session, several at a time: each goes its own way from being emptied to being given
 * back, and whenever one is done the next ones are chosen, as many as are allowed and find room for their instances.
 */
import { type CloudFacts, enter, perform, type SessionHost, type View } from "#sdk";
import type { Asks } from "../asks.ts";
import { drainsInVain } from "../bounds.ts";
import { untilLate } from "../by-plan.ts";
import { draining, failInVain, onward, type Onward } from "../drain/drain.ts";
import { whoIsThere } from "../drain/who-is-there.ts";
import { newsOfMoves } from "../drain/work.ts";
import { after, type Hold, look, newestLook } from "../hold.ts";
import { computesLeft, lostHosts, skip } from "../hosts.ts";
import { untilWindowEnd } from "../operator-limits.ts";
import { failedHere, type Visit } from "../visit.ts";
import { emptiable } from "../way-on.ts";
import { agreement } from "./agreement.ts";
import { course, untilKnown } from "./course.ts";
import { type Fleet, fleet } from "./fleet.ts";
import { together } from "./together.ts";

/** Hosts are chosen by a look at the cloud that is not older than this. */
const FRESH_SECONDS = 60;

export function roll(view: View, asks: Asks, visit: Visit): Onward {
  const { facts } = view;
  if (!facts) return firstLook(view);
  const lost = lostHosts(view, facts);
  if (lost.length > 0) return skip(view, lost, "the cloud does not know this host any more");
  const failed = failedHere(view);
  if (failed) return failed;

  const late = untilWindowEnd(view);
  if (late) return late;

  const begun = computesLeft(view).filter(({ status }) => status.kind !== "waiting");
  const free = Math.max(0, view.session.options.hosts_at_once - begun.length);
  const moves = fleet(view, facts, inOrder(begun), free);
  const holds = [...courses(view, facts, begun, moves, asks, visit), ...news(view, facts)];
  const next = free > 0 ? beginMore(view, moves) : null;
  // As long as anything but the want of room is waited for, something may still come free.
  if (next === null && holds.length === moves.stuck.size) return atRest(view, facts, moves);
  const patience = next === null && free > 0 && waitingHosts(view).length > 0 ? untilLate(view, begun) : null;
  return together([...holds, ...(next ? [next] : []), ...(patience ? [patience] : [])]) ?? atRest(view, facts, moves);
}

function firstLook(view: View): Hold {
  const seen = look(view, "survey", "to see which hosts can be emptied");
  if (seen.kind === "seen") throw new Error("the cloud was looked at, and there is no look at it");
  return seen;
}

/** The longest begun goes first when room is short. */
const inOrder = (hosts: readonly SessionHost[]): readonly SessionHost[] =>
  hosts.toSorted((a, b) => sinceOf(a) - sinceOf(b) || (a.name < b.name ? -1 : 1));

const sinceOf = ({ status }: SessionHost): number => ("since" in status ? status.since.getTime() : Infinity);

function courses(
  view: View,
  facts: CloudFacts,
  begun: readonly SessionHost[],
  moves: Fleet,
  asks: Asks,
  visit: Visit,
): readonly Hold[] {
  const seen = begun.map((host) => ({ host, unknown: untilKnown(view, facts, host) }));
  const unknown = seen.flatMap((one) => one.unknown ?? []);
  const known = seen
    .filter((one) => one.unknown === null)
    .map(({ host }) => ({ host, there: whoIsThere(view, facts, host.name) }));
  const agreed = agreement(view, known, moves.budgets, unknown.length === 0, asks);
  const asking: readonly Hold[] =
    agreed.asks.length === 0 ? [] : [perform(agreed.asks, "each project says what shall happen to its instances")];
  return [
    ...unknown,
    ...asking,
    ...known.map((host) => course(view, host, agreed, (there) => moves.work(host, there), visit)),
  ];
}

const news = (view: View, facts: CloudFacts): readonly Hold[] => {
  const effects = newsOfMoves(view, facts);
  return effects.length === 0 ? [] : [perform(effects, "instances have been moved")];
};

/** Begins with more hosts, by a fresh look; null when none is left, or none fits now. */
function beginMore(view: View, moves: Fleet): Hold | null {
  if (waitingHosts(view).length === 0 || drainsInVain(view)) return null;
  return freshLook(view) ?? (moves.chosen.length > 0 ? begin(view, moves) : null);
}

const waitingHosts = (view: View): readonly SessionHost[] =>
  computesLeft(view).filter(({ status }) => status.kind === "waiting");

/** Nothing is under way and no host can begin: all are done, or room has to be made. */
function atRest(view: View, facts: CloudFacts, { stuck }: Fleet): Onward {
  const waiting = waitingHosts(view).length;
  if (waiting === 0 && stuck.size === 0) return enter("START_MAINTENANCE", "every compute host is settled");
  if (drainsInVain(view)) return failInVain();
  const why = [...stuck.values()].join("; ");
  const occasion = `room:${view.effectsOf("move_instance").length}:${waiting}`;
  const seen = look(view, occasion, why || "no host can be emptied as it looks");
  if (seen.kind !== "seen") return seen;
  if (stuck.size > 0) return enter("SCALE_IN", why);
  // A greedy choice is not the last word: one host alone is searched exactly.
  const one = emptiable(view, facts, "any");
  if (!one) return onward(view, facts);
  const { host, placements, replanned } = one;
  return mark(view, [host.name], `the ${placements.length} instances of ${host.name} fit elsewhere`, replanned);
}

function begin(view: View, { chosen, replanned }: Fleet): Hold {
  const why =
    chosen.length === 1
      ? `the instances of ${chosen[0]} fit elsewhere`
      : `the instances of ${chosen.length} hosts fit elsewhere together`;
  return mark(view, chosen, why, replanned);
}

function mark(view: View, hosts: Fleet["chosen"], why: string, reason: string | null): Hold {
  const status = draining(view, reason);
  return perform(
    hosts.map((host) => ({ kind: "mark_host", host, status })),
    why,
  );
}

/** Null when the newest look is fresh enough. The hub ends with a look, so coming from there needs no other. */
function freshLook(view: View): Hold | null {
  const looks = view.effectsOf("observe");
  const fromHub = view.entries.at(-2)?.state === "START_MAINTENANCE";
  if (fromHub && looks.length === 0 && view.now < after(view.entry.since, FRESH_SECONDS)) return null;
  const newest = newestLook(view)?.status;
  if (newest?.kind === "done" && view.now < after(newest.at, FRESH_SECONDS)) return null;
  const rolls = looks.filter(({ effect }) => effect.occasion.startsWith("roll:"));
  const last = rolls.at(-1);
  const number = last && last.status.kind !== "done" ? rolls.length : rolls.length + 1;
  const seen = look(view, `roll:${number}`, "to see which hosts can be emptied next");
  return seen.kind === "seen" ? null : seen;
}
