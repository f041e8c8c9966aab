/** Which moves begin now, and where they go. */
import {
  type CloudFacts,
  fitAway,
  type FitObstacle,
  foresee,
  type GroupId,
  groupsOf,
  type HostName,
  type InstanceId,
  isUnderWay,
  type MoveInstance,
  type SessionHost,
  type View,
  wait,
} from "#sdk";
import { endBy, type Hold } from "../hold.ts";
import { destinationsFor, type Reach } from "../way-on.ts";
import type { Errand } from "./errands.ts";
import { triesOf } from "./who-is-there.ts";

interface NextMoves {
  readonly start: readonly MoveInstance[];
  /** Instances that find no place now. */
  readonly obstacles: readonly FitObstacle[];
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
  // Where the scheduler chooses, its choice cannot be foreseen: such a move goes alone.
  if (ready.length === 0 || moving.some(({ effect }) => effect.to === null)) return { start: [], obstacles: [] };

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
  const start = oneOfEachGroup(
    facts,
    moving.map(({ effect }) => effect.instance),
    ready.filter(({ instance }) => goals.has(instance.id)),
  );
  return {
    start: start.slice(0, Math.max(0, free)).map(({ instance, how }) => ({
      kind: "move_instance",
      instance: instance.id,
      from: host.name,
      to: goals.get(instance.id) ?? null,
      how,
      attempt: 1 + triesOf(view, instance.id).length,
    })),
    obstacles,
  };
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

/** At most one member of a server group is on its way at a time: the others serve meanwhile. */
function oneOfEachGroup(
  facts: CloudFacts,
  moving: readonly InstanceId[],
  ready: readonly MoveErrand[],
): readonly MoveErrand[] {
  const busy = busyGroups(facts, moving);
  return ready.filter(({ instance }) => occupy(facts, busy, instance.id));
}

/** The groups with a member on its way. */
export const busyGroups = (facts: CloudFacts, moving: readonly InstanceId[]): Set<GroupId> =>
  new Set(moving.flatMap((id) => groupsOf(facts, id).map((group) => group.id)));

/** Whether all groups of the instance are at rest; they are busy from now on. */
export function occupy(facts: CloudFacts, busy: Set<GroupId>, id: InstanceId): boolean {
  const groups = groupsOf(facts, id).map((group) => group.id);
  if (groups.some((group) => busy.has(group))) return false;
  for (const group of groups) busy.add(group);
  return true;
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
