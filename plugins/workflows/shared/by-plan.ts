/**
 * A session by a plan follows it as far as it still holds: hosts in the planned order, instances to the planned
 * destinations. What the cloud does not allow any more is decided afresh, and said.
 */
import {
  type CloudInstance,
  type Effect,
  type HostName,
  type Placement,
  type SessionHost,
  type View,
  wait,
} from "#sdk";
import { after, type Hold } from "./hold.ts";

/** A visit may take half as long again as planned, and this much more, before others no longer wait for it. */
const SLOWER = 1.5;
const SLOWER_SECONDS = 30;

/** Where the plan sends an instance from its present host; undefined where it says nothing. */
const plannedGoal = ({ plan }: View, { id, host }: Pick<CloudInstance, "id" | "host">): HostName | undefined =>
  host === null ? undefined : plan?.goals.get(id)?.get(host);

/** For whoever finds places: the planned ones come first. */
export const byPlan = (view: View): { readonly wanted?: (instance: CloudInstance) => HostName | undefined } =>
  view.plan === null ? {} : { wanted: (instance) => plannedGoal(view, instance) };

/** When the drain of a host was to begin; hosts that the plan does not know come last. */
export const plannedStart = ({ plan }: View, host: HostName): number => plan?.visits.get(host)?.from ?? Infinity;

/** The order of two starts; two hosts that the plan does not know are alike. */
export const earlier = (a: number, b: number): number => (a === b ? 0 : a - b);

/**
 * Whether the next host by the plan is worth waiting for: those that are away are so by the plan, and not for much longer
 * than planned.
 */
export const waitsForPlan = (view: View, begun: readonly SessionHost[]): boolean =>
  view.plan !== null && begun.every((host) => isInTime(view, host));

const isInTime = (view: View, host: SessionHost): boolean => view.now <= lateAt(view, host);

/** A host that the plan does not know is late from the beginning. */
function lateAt({ plan }: View, { name, status }: SessionHost): Date {
  const visit = plan?.visits.get(name);
  if (!visit || !("since" in status)) return new Date(0);
  return after(status.since, (visit.until - visit.from) * SLOWER + SLOWER_SECONDS);
}

/** Nothing may end before one of those that are away is late; then hosts behind the next one by the plan have their chance. */
export function untilLate(view: View, begun: readonly SessionHost[]): Hold | null {
  if (begun.length === 0 || !waitsForPlan(view, begun)) return null;
  const first = Math.min(...begun.map((host) => lateAt(view, host).getTime()));
  return wait("the next host by the plan to find room", after(new Date(first), 1));
}

/** How many of the instances that the plan knows go elsewhere than it says. */
export const goalsMissed = (view: View, placements: readonly Placement[]): number =>
  placements.filter(({ instance: id, from: host, to }) => (plannedGoal(view, { id, host }) ?? to) !== to).length;

/** What is said of the moves among these effects that are not the planned ones. */
export const movesReplanned = (
  view: View,
  effects: readonly Effect[],
  there: readonly CloudInstance[],
): readonly string[] =>
  effects.flatMap((effect) => {
    if (effect.kind !== "move_instance") return [];
    const instance = there.find(({ id }) => id === effect.instance);
    return (instance && moveReplanned(view, instance, effect.to)) ?? [];
  });

/** Null where it is the planned one, and without a plan. `to` is null where Nova's scheduler chooses. */
function moveReplanned(view: View, instance: CloudInstance, to: HostName | null): string | null {
  if (view.plan === null || instance.host === null) return null;
  const goal = plannedGoal(view, instance);
  if (goal === to) return null;
  const where = to ?? "wherever Nova sends it";
  return goal === undefined
    ? `re-planned: ${instance.name} was not to leave ${instance.host}, and goes to ${where}`
    : `re-planned: ${instance.name} goes to ${where}, since ${goal} does not take it now`;
}

/** What is said where hosts are begun with before others that were to go first; null where the order is kept. */
export function orderReplanned(view: View, chosen: readonly HostName[], waiting: readonly HostName[]): string | null {
  const passed = passedOver(view, chosen, waiting);
  return passed.length === 0 ? null : `re-planned: ${passed.join(", ")} cannot be emptied yet`;
}

/** The same of a host for which nothing has to be moved. */
export function emptyReplanned(view: View, empty: HostName, waiting: readonly HostName[]): string | null {
  const passed = passedOver(view, [empty], waiting);
  return passed.length === 0
    ? null
    : `re-planned: ${empty} has its turn, since ${passed.join(", ")} cannot be emptied as planned`;
}

function passedOver(view: View, chosen: readonly HostName[], waiting: readonly HostName[]): readonly HostName[] {
  if (view.plan === null || chosen.length === 0) return [];
  const last = Math.max(...chosen.map((host) => plannedStart(view, host)));
  return waiting.filter((host) => !chosen.includes(host) && plannedStart(view, host) < last);
}
