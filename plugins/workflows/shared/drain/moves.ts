/** Which moves begin now, and where they go. */
import {
  type CloudFacts,
  type Fit,
  fitAway,
  type FitObstacle,
  type FitOptions,
  foresee,
  groupOf,
  type HostName,
  type InstanceId,
  isSpareRoom,
  type LiveLimit,
  maxInterruptionSeconds,
  type MoveInstance,
  type SessionHost,
  spareRoomOn,
  type View,
  wait,
  wantsMitigation,
} from "#sdk";
import { byPlan } from "../by-plan.ts";
import { endBy, type Hold } from "../hold.ts";
import { needsSpareRoom, withSpares } from "../mitigation.ts";
import { missingReserve, movesFree } from "../operator-limits.ts";
import { destinationsFor, type Reach } from "../way-on.ts";
import { type Budgets, budgetsOf } from "./budgets.ts";
import type { Errand } from "./errands.ts";
import { movesUnderWay, refusedBy, triesOf } from "./who-is-there.ts";

interface NextMoves {
  readonly start: readonly MoveInstance[];
  /** Instances that find no place now. */
  readonly obstacles: readonly FitObstacle[];
  /** Others that have a place, and have to wait for members of their groups. */
  readonly held: readonly MoveErrand[];
  readonly budgets: Budgets;
}

export type MoveErrand = Extract<Errand, { kind: "move" }>;

export function nextMoves(
  view: View,
  facts: CloudFacts,
  errands: readonly MoveErrand[],
  host: SessionHost,
  reach: Reach,
): NextMoves {
  const ready = errands.filter(({ from }) => from <= view.now);
  const moving = movesUnderWay(view);
  const budgets = budgetsOf(view, facts);
  // Where the scheduler chooses, its choice cannot be foreseen: such a move goes alone.
  if (ready.length === 0 || moving.some(({ effect }) => effect.to === null))
    return { start: [], obstacles: [], held: [], budgets };

  const now = foreseen(view, facts, host.name);
  const destinations = destinationsFor(view, now, host.name, reach);
  const options = {
    preferred: new Set(destinationsFor(view, now, host.name, "settled")),
    only: new Set(ready.map(({ instance }) => instance.id)),
    ...byPlan(view),
  };
  const tried = triedHosts(view, ready);
  const goers = ready.map(({ instance }) => instance);
  if (Object.keys(missingReserve(view, now, destinations, goers)).length > 0)
    return { start: [], obstacles: [], held: [], budgets };
  const fit = fitWithSpares(view, now, host.name, destinations, { ...options, avoid: tried });
  const goals = new Map<InstanceId, HostName | null>(placesIn(fit).map(({ instance, to }) => [instance, to]));
  const obstacles = fit.kind === "fits" ? [] : fit.obstacles;
  if (goals.size === 0 && moving.length === 0 && tried.size > 0) {
    // All that could take it refused. The scheduler may know better than we, but only where there is room at all.
    const [anywhere] = placesIn(fitWithSpares(view, now, host.name, destinations, options));
    if (anywhere) goals.set(anywhere.instance, isKeptApart(view, anywhere.instance) ? anywhere.to : null);
  }
  const free = movesFree(view, host.name);
  const start: MoveErrand[] = [];
  const held: MoveErrand[] = [];
  for (const errand of ready.filter(({ instance }) => goals.has(instance.id)))
    if (start.length < free) (budgets.take(errand.instance.id) ? start : held).push(errand);
  return {
    start: start.map((errand) => moveFor(view, errand, host, goals.get(errand.instance.id) ?? null)),
    obstacles,
    held,
    budgets,
  };
}

/** Nova may have no group for those whom a manager declared to be kept apart, and its scheduler would put them together. */
function isKeptApart(view: View, instance: InstanceId): boolean {
  const group = groupOf(view, instance);
  return group.kind === "declared" && group.constraints.antiAffinity;
}

const placesIn = ({ placements }: Fit) => placements.filter(({ instance }) => !isSpareRoom(instance));

/**
 * Places that leave room for replacements, where that is asked for. Without that room, others go by the session's option
 * to where they find a place at all; or they stay, and what asks for it is told as the obstacle.
 */
function fitWithSpares(
  view: View,
  now: CloudFacts,
  host: HostName,
  destinations: readonly HostName[],
  options: FitOptions & { readonly only: ReadonlySet<InstanceId> },
): Fit {
  const spare = spareRoomOn(host);
  const wanted = withSpares(view, now, [host]);
  if (wanted === now) return fitAway(now, [host], destinations, options);
  const fit = fitAway(wanted, [host], destinations, { ...options, only: new Set([...options.only, spare]) });
  if (fit.kind === "fits") return fit;
  if (!needsSpareRoom(view)) return fitAway(now, [host], destinations, options);
  const isKept = fit.placements.some(({ instance }) => instance === spare);
  return isKept ? fit : { ...fit, placements: fit.placements.filter((one) => !wantsMitigation(view, one.instance)) };
}

/** The next try to move an instance off its host. */
export function moveFor(
  view: View,
  { instance: { id }, how }: MoveErrand,
  { name: from }: SessionHost,
  to: HostName | null,
): MoveInstance {
  const attempt = 1 + triesOf(view, id).length;
  const limit = how === "LIVE_MIGRATE" ? limitOf(view, id) : null;
  return { kind: "move_instance", instance: id, from, to, how, attempt, ...(limit ? { limit } : {}) };
}

/** How long the live move may take, by what its manager declared; 0 declares nothing. Null: as long as any move. */
function limitOf(view: View, instance: InstanceId): LiveLimit | null {
  const { on_long_live_move: long } = view.session.options;
  const seconds = maxInterruptionSeconds(view, instance) ?? 0;
  if (seconds === 0 || long === "wait") return null;
  return { seconds, beyond: long === "force_complete" ? "force_complete" : "abort" };
}

/** The facts, with what was moved since. */
function foreseen(view: View, facts: CloudFacts, host: HostName): CloudFacts {
  const goals = new Map<InstanceId, HostName>();
  for (const { effect, status } of view.effectsOf("move_instance")) {
    const to =
      status.kind === "done"
        ? status.outcome.host
        : status.kind === "pending" || status.kind === "running"
          ? effect.to
          : null;
    if (to === null) goals.delete(effect.instance);
    else goals.set(effect.instance, to);
  }
  const stillShownHere = facts.instances.filter((instance) => instance.host === host);
  return foresee(
    facts,
    stillShownHere.flatMap(({ id }) => {
      const to = goals.get(id);
      return to === undefined || to === host ? [] : [{ instance: id, to }];
    }),
  );
}

function triedHosts(view: View, errands: readonly MoveErrand[]): ReadonlyMap<InstanceId, ReadonlySet<HostName>> {
  return new Map(
    errands.flatMap(({ instance: { id } }) => {
      const hosts = triesOf(view, id).flatMap(refusedBy);
      return hosts.length === 0 ? [] : [[id, new Set(hosts)] as const];
    }),
  );
}

/** A host is not given up while instances are on their way off it. */
export function untilMovesEnd(view: View, host: HostName): Hold | null {
  const moving = movesUnderWay(view, host);
  const [first] = moving;
  if (!first) return null;
  const ends = moving.map((record) => endBy(view, record, view.session.options.move_seconds));
  return wait(
    `${moving.length} moves off ${first.effect.from} to end`,
    ends.reduce((a, b) => (a > b ? a : b)),
  );
}
