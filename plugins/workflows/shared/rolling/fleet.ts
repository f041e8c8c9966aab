/**
 * The moves of all hosts that are being emptied, seen together: where each instance goes by one joint assignment, and
 * which moves begin now. One member of a server group is on its way at a time in the whole cloud.
 */
import {
  assign,
  type Assignment,
  type CloudFacts,
  type CloudInstance,
  type Effect,
  fitAway,
  type HostName,
  instancesOn,
  isCompute,
  isSpareRoom,
  perform,
  type SessionHost,
  spareRoomOn,
  type View,
  wait,
  wantsMitigation,
} from "#sdk";
import { byPlan, earlier, movesReplanned, orderReplanned, plannedStart, waitsForPlan } from "../by-plan.ts";
import { type Errand, errandsOf } from "../drain/errands.ts";
import { type Budgets, budgetsOf } from "../drain/budgets.ts";
import { moveFor, type MoveErrand } from "../drain/moves.ts";
import { lookAtMembers, untilOthersServe } from "../drain/others-serve.ts";
import { movesUnderWay, refusedBy, triesOf, whoIsThere } from "../drain/who-is-there.ts";
import { exhausted, lookAfterFailure, overdue, pollFor, sightOfStuck, waitFor, whyNow } from "../drain/work.ts";
import { after, type Hold } from "../hold.ts";
import { computesLeft, knownTo } from "../hosts.ts";
import { needsSpareRoom, withSpares } from "../mitigation.ts";
import { missingReserve, movesFree, reserveOf } from "../operator-limits.ts";
import { destinationsFor } from "../way-on.ts";
import type { KnownHost } from "./agreement.ts";
import { foreseen } from "./foreseen.ts";

export interface Fleet {
  /** Candidates whose instances all find a place beside everything that is being moved already, best first. */
  readonly chosen: readonly HostName[];
  /** How the choice differs from the order of the plan; null where it does not. */
  readonly replanned: string | null;
  /** Of all groups, together for whatever begins in this turn. */
  readonly budgets: Budgets;
  /** Moves what may be moved off the host. */
  work(known: KnownHost, there: readonly CloudInstance[]): Hold;
  /** Hosts for whose instances there is no room at the moment, and on which nothing else happens. */
  readonly stuck: ReadonlyMap<HostName, string>;
}

/** A wait for room ends when anything ends; this only bounds it. */
const ROOM_SECONDS = 60;

export function fleet(view: View, facts: CloudFacts, begun: readonly SessionHost[], atMost: number): Fleet {
  // Asked for only when something can begin: most turns of a large session just see that moves have ended.
  let known: Assignment | null = null;
  const assignment = () => (known ??= assignedWithSpares(view, facts, foreseen(view, facts), begun, atMost));
  const budgets = budgetsOf(view, facts);
  const stuck = new Map<HostName, string>();
  /** Moves that begin in this turn, off all hosts. */
  let beginning = 0;

  function begin(errands: readonly Errand[], host: SessionHost): readonly Effect[] {
    const free = movesFree(view, host.name, beginning);
    if (free <= 0) return [];
    const ready = errands.filter((errand): errand is MoveErrand => errand.kind === "move" && errand.from <= view.now);
    const start: Effect[] = [];
    const held: Errand[] = errands.filter(({ kind }) => kind === "unasked");
    for (const errand of ready) {
      const { id } = errand.instance;
      const to = assignment().goals.get(id);
      if (start.length >= free || to === undefined) continue;
      if (budgets.take(id)) start.push(moveFor(view, errand, host, to));
      else held.push(errand);
    }
    beginning += start.length;
    return [...start, ...lookAtMembers(view, held, budgets)];
  }

  /** Nothing is under way on this host, and nothing can begin: its groups are busy elsewhere, or there is no room. */
  function untilRoom(errands: readonly Errand[], host: SessionHost): Hold {
    const homeless = errands.filter(({ kind, instance }) => kind !== "unasked" && !assignment().goals.has(instance.id));
    const names = (homeless.length > 0 ? homeless : errands).map(({ instance }) => instance.name).join(", ");
    const held = errands.filter((one) => (one.kind === "move" || one.kind === "unasked") && !homeless.includes(one));
    const others = untilOthersServe(view, held, budgets, host);
    if (others) return others;
    stuck.set(host.name, `no room for ${names} of ${host.name}`);
    return wait(`room for ${names} of ${host.name}`, after(view.now, ROOM_SECONDS));
  }

  return {
    get chosen() {
      return assignment().chosen;
    },
    get replanned() {
      return orderReplanned(view, assignment().chosen, candidatesIn(view, facts));
    },
    budgets,
    stuck,
    work({ host }, there) {
      const hold = exhausted(view, there, host) ?? lookAfterFailure(view, there, "rolling");
      if (hold) return hold;
      const errands = errandsOf(view, there);
      const late = overdue(view, errands, host);
      if (late) return late;
      const effects = [...begin(errands, host), ...pollFor(view, errands, host)];
      if (effects.length > 0)
        return perform(effects, [whyNow(errands, host), ...movesReplanned(view, effects, there)].join("; "));
      const sight = sightOfStuck(view, errands, host);
      if (sight && sight.kind !== "seen") return sight;
      return waitFor(view, errands, host) ?? untilRoom(errands, host);
    },
  };
}

/** Places that leave room for replacements, where that is asked for; else as the session's option says. */
function assignedWithSpares(
  view: View,
  facts: CloudFacts,
  now: CloudFacts,
  begun: readonly SessionHost[],
  atMost: number,
): Assignment {
  const names = begun.map(({ name }) => name);
  const hosts = needsSpareRoom(view) ? [...names, ...candidatesIn(view, now)] : names;
  const wanted = withSpares(view, now, hosts);
  if (wanted === now) return assigned(view, facts, now, begun, atMost);
  const answer = assigned(view, facts, wanted, begun, atMost);
  const lacking = new Set(answer.unplaced);
  if (!needsSpareRoom(view)) return lacking.size === 0 ? answer : assigned(view, facts, now, begun, atMost);
  // Who asks for room that is not there stays, as one who finds no place.
  const staying = names
    .filter((host) => lacking.has(spareRoomOn(host)))
    .flatMap((host) => instancesOn(now, host).map(({ id }) => id))
    .filter((id) => wantsMitigation(view, id));
  return { ...answer, goals: new Map([...answer.goals].filter(([id]) => !staying.includes(id))) };
}

function assigned(
  view: View,
  facts: CloudFacts,
  now: CloudFacts,
  begun: readonly SessionHost[],
  atMost: number,
): Assignment {
  const names = begun.map(({ name }) => name);
  const there = new Set(names.flatMap((name) => whoIsThere(view, facts, name).map(({ id }) => id)));
  const leaving = names.flatMap((name) => instancesOn(now, name));
  const emptied = new Set(names);
  const except = new Set(leaving.map(({ id }) => id).filter((id) => !there.has(id) && !isSpareRoom(id)));
  const avoid = new Map(
    leaving.flatMap(({ id }) => {
      const tried = triesOf(view, id)
        .filter(({ effect }) => emptied.has(effect.from))
        .flatMap(refusedBy);
      return tried.length === 0 ? [] : [[id, new Set(tried)] as const];
    }),
  );
  const destinations = destinationsFor(view, now, null, "any").filter((name) => !isClosedByUs(view, name));
  const preferred = new Set(destinationsFor(view, now, null, "settled"));
  const candidates = candidatesIn(view, now);
  const answer = assign(now, {
    ...{ begun: names, candidates, atMost, destinations: new Set(destinations), preferred, except, avoid },
    reserve: reserveOf(view) ?? {},
    ...byPlan(view),
    inOrder: waitsForPlan(view, begun),
    atMostPerZone: view.session.options.max_hosts_at_once_per_zone,
  });
  const quiet = movesUnderWay(view).length === 0;
  const [first] = begun;
  if (answer.unplaced.length === 0 || !first || !quiet) return answer;
  const rest = destinations.filter((name) => !names.includes(name));
  if (Object.keys(missingReserve(view, now, rest, instancesOn(now, first.name))).length > 0) return answer;
  // A greedy answer is not the last word: one host alone is searched exactly, so that it at least goes on.
  const fit = fitAway(now, [first.name], rest, { preferred, avoid, ...byPlan(view) });
  if (fit.kind !== "fits") return answer;
  return { ...answer, goals: new Map(fit.placements.map(({ instance, to }) => [instance, to])), chosen: [] };
}

/** A host that the session closed in an earlier entry takes nothing before it has been opened again. */
const isClosedByUs = (view: View, host: HostName): boolean =>
  view.hosts.some(({ name, closure }) => name === host && closure === "closed_by_session");

/** Hosts that nobody is moving to, in the order of the plan; without one, those with the fewest instances first. */
function candidatesIn(view: View, facts: CloudFacts): readonly HostName[] {
  const goals = new Set(movesUnderWay(view).map(({ effect }) => effect.to));
  return knownTo(facts, computesLeft(view))
    .filter((host) => isCompute(host) && host.status.kind === "waiting" && !goals.has(host.name))
    .map(({ name }) => ({ name, count: instancesOn(facts, name).length, start: plannedStart(view, name) }))
    .toSorted((a, b) => earlier(a.start, b.start) || a.count - b.count || (a.name < b.name ? -1 : 1))
    .map(({ name }) => name);
}
