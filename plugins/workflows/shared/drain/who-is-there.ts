/** Who is still on the host, by the last look at the cloud and all that was learnt since. */
import {
  type CloudFacts,
  type CloudInstance,
  type Effect,
  type EffectKind,
  type EffectRecord,
  grouped,
  type HostName,
  type InstanceId,
  instanceIn,
  instancesOn,
  type View,
} from "#sdk";
import { newestLook } from "../hold.ts";
import { hasMoved, type SortedMoves, sortedMoves, type Tries } from "./sorted-moves.ts";

/** The tries of this entry to move an instance, oldest first. */
export const triesOf = (view: View, instance: InstanceId): Tries => indexed(view).moves.triesOf(instance);

/** Those of them that began on this host: in an entry of its own it may leave several, one after the other. */
export const triesOff = (view: View, instance: InstanceId, host: HostName): Tries =>
  triesOf(view, instance).filter(({ effect }) => effect.from === host);

/** Whether it was a live move that took longer than its manager allows, and was broken off. */
export const ranOvertime = ({ status }: EffectRecord<"move_instance">): boolean =>
  status.kind === "done" && status.outcome.overtime === true;

/** The host that did not take the instance in this try, if it was named. One that was only too slow did not refuse it. */
export const refusedBy = (move: EffectRecord<"move_instance">): readonly HostName[] =>
  move.effect.to === null || ranOvertime(move) ? [] : [move.effect.to];

/** The looks of this entry whether the host is empty, oldest first. */
export const checksOf = (view: View, host: HostName): readonly EffectRecord<"check_empty">[] =>
  indexed(view).checks.get(host) ?? [];

/** The occasion of a look at the cloud for what a check found on the host. Recorded only when nothing is on its way. */
export const strangersSeen = (host: HostName, check: number): string => `on:${host}:${check}`;

export function whoIsThere(view: View, facts: CloudFacts, host: HostName): readonly CloudInstance[] {
  const { there } = indexed(view);
  const seen = there.get(facts) ?? new Map<HostName, readonly CloudInstance[]>();
  there.set(facts, seen);
  const instances = seen.get(host) ?? lookWhoIsThere(view, facts, host);
  seen.set(host, instances);
  return instances;
}

const lookWhoIsThere = (view: View, facts: CloudFacts, host: HostName): readonly CloudInstance[] => [
  ...instancesOn(facts, host).filter(({ id }) => !hasLeft(view, host, id)),
  ...arrivedSince(view, facts, host),
];

/** Those that were moved here in this entry, which the last look still shows where they left from, then or before. */
function arrivedSince(view: View, facts: CloudFacts, host: HostName): readonly CloudInstance[] {
  return indexed(view)
    .moves.arrivalsAt(host)
    .flatMap((move) => {
      const { instance: id, from } = move.effect;
      const shown = instanceIn(facts, id);
      const isOlder = triesOf(view, id).some((one) => hasMoved(one) && one.effect.from === shown?.host);
      // One that could not be moved on from here since is here still.
      const isNewest = triesOf(view, id).findLast(hasMoved) === move;
      return shown &&
        shown.host !== host &&
        isOlder &&
        isNewest &&
        !cameBack(view, from, move) &&
        !isGoneByCheck(view, host, id)
        ? [{ ...shown, host }]
        : [];
    });
}

function hasLeft(view: View, host: HostName, instance: InstanceId): boolean {
  // A later try that came to nothing left it where it was by then.
  const newest = triesOf(view, instance).findLast(({ status }) => status.kind === "done");
  if (newest?.status.kind === "done" && newest.status.outcome.host !== host) return !cameBack(view, host, newest);
  return isGoneByCheck(view, host, instance);
}

/** Whether the facts that show it here were read after its move had ended. */
const cameBack = (view: View, host: HostName, move: EffectRecord<"move_instance">): boolean =>
  checksOf(view, host).some(({ effect }) => {
    const sight = view.effect("observe", strangersSeen(host, effect.look));
    return sight?.status.kind === "done" && isLater(view, sight, move);
  });

/** Whether a check since the last look at the cloud did not find it: its project moved or deleted it. */
function isGoneByCheck(view: View, host: HostName, instance: InstanceId): boolean {
  const check = checksOf(view, host).findLast(({ status }) => status.kind === "done");
  if (check?.status.kind !== "done") return false;
  const sight = newestLook(view);
  if (sight && !isLater(view, check, sight)) return false;
  return !check.status.outcome.instances.includes(instance);
}

/** Effects stand in the order in which they were recorded, which no clock can confuse. */
export const isLater = <A extends EffectKind, B extends EffectKind>(
  view: View,
  a: EffectRecord<A>,
  b: EffectRecord<B>,
): boolean => placeOf(view, a) > placeOf(view, b);

const placeOf = (view: View, { effect }: { readonly effect: Effect }): number =>
  indexed(view).places().get(effect) ?? -1;

/** Moves of this entry that have not ended; those off one host, or all. */
export const movesUnderWay = (view: View, host?: HostName): Tries =>
  host === undefined ? indexed(view).moves.underWay : (indexed(view).underWayOff.get(host) ?? []);

/** Tries of this entry that came to nothing, oldest first. */
export const movesInVain = (view: View): Tries => indexed(view).moves.inVain;

/** When the last move of this entry ended that did: of those that were done, or of all. */
export const lastMoveEnd = (view: View, which: "done" | "any"): Date | null =>
  which === "done" ? indexed(view).moves.lastDone : indexed(view).moves.lastEnd;

interface IndexedView {
  readonly moves: SortedMoves;
  readonly underWayOff: ReadonlyMap<HostName, Tries>;
  readonly checks: ReadonlyMap<HostName, readonly EffectRecord<"check_empty">[]>;
  /** Where each effect stands among all. Most turns of a large session ask for none. */
  places(): ReadonlyMap<Effect, number>;
  /** Who is on each host that was asked about, by the look that was asked. */
  readonly there: WeakMap<CloudFacts, Map<HostName, readonly CloudInstance[]>>;
}

/** A view never changes, so it is sorted once. */
const known = new WeakMap<View, IndexedView>();

function indexed(view: View): IndexedView {
  const found = known.get(view);
  const index = found?.moves.isCurrent() ? found : indexOf(view);
  known.set(view, index);
  return index;
}

function indexOf(view: View): IndexedView {
  const moves = sortedMoves(view.effectsOf("move_instance"));
  let places: ReadonlyMap<Effect, number> | null = null;
  return {
    moves,
    underWayOff: grouped(moves.underWay, ({ effect }) => effect.from),
    checks: grouped(view.effectsOf("check_empty"), ({ effect }) => effect.host),
    places: () => (places ??= new Map(view.effects.map(({ effect }, place) => [effect, place]))),
    there: new WeakMap(),
  };
}
