/** Which moves begin now, and where they go. */
import {
  type CloudFacts,
  fitAway,
  type FitObstacle,
  foresee,
  type HostName,
  type InstanceId,
  isUnderWay,
  type MoveInstance,
  type SessionHost,
  type View,
  wait,
} from "#sdk";
import { after, endBy, type Hold } from "../hold.ts";
import { destinationsFor, type Reach } from "../way-on.ts";
import { type Budgets, budgetsOf } from "./budgets.ts";
import type { Errand } from "./errands.ts";
import { triesOf } from "./who-is-there.ts";

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
  };
  const tried = triedHosts(view, ready);
  const fit = fitAway(now, [host.name], destinations, { ...options, avoid: tried });
  const goals = new Map<InstanceId, HostName | null>(fit.placements.map(({ instance, to }) => [instance, to]));
  const obstacles = fit.kind === "fits" ? [] : fit.obstacles;
  if (goals.size === 0 && moving.length === 0 && tried.size > 0) {
    // All that could take it refused. The scheduler may know better than we, but only where there is room at all.
    const [anywhere] = fitAway(now, [host.name], destinations, options).placements;
    if (anywhere) goals.set(anywhere.instance, null);
  }
  const free = view.session.options.moves_at_once - moving.length;
  const start: MoveErrand[] = [];
  const held: MoveErrand[] = [];
  for (const errand of ready.filter(({ instance }) => goals.has(instance.id)))
    if (start.length < free) (budgets.take(errand.instance.id) ? start : held).push(errand);
  return {
    start: start.map(({ instance, how }) => ({
      kind: "move_instance",
      instance: instance.id,
      from: host.name,
      to: goals.get(instance.id) ?? null,
      how,
      attempt: 1 + triesOf(view, instance.id).length,
    })),
    obstacles,
    held,
    budgets,
  };
}

/** Members of other sessions come to rest unseen, so that is asked for so often. */
const OTHERS_SECONDS = 15;

/** Waits until members of the groups of these instances have arrived and recovered; null when there are none. */
export function untilOthersServe(view: View, held: readonly MoveErrand[], budgets: Budgets): Hold | null {
  const [first] = held;
  if (!first) return null;
  const names = held.map(({ instance }) => instance.name).join(", ");
  const times = held.flatMap(({ instance }) => budgets.freeAt(instance.id) ?? []).filter((at) => at > view.now);
  const until = times.reduce((a, b) => (a < b ? a : b), after(view.now, OTHERS_SECONDS));
  return wait(`other members of the groups of ${names} to arrive and recover`, until);
}

/** Moves of this entry that have not ended; those off one host, or all. */
export const movesUnderWay = (view: View, host?: HostName) =>
  view
    .effectsOf("move_instance")
    .filter((record) => isUnderWay(record) && (host === undefined || record.effect.from === host));

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
      const hosts = triesOf(view, id).flatMap(({ effect }) => (effect.to === null ? [] : [effect.to]));
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
