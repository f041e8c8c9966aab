/** Which host can be emptied next, where to, and into which state that leads. */
import {
  type CloudFacts,
  type ComputeHost,
  fitAway,
  type HostName,
  instancesOn,
  isSettled,
  isSpareRoom,
  missingInTotal,
  type Placement,
  type SessionHost,
  type View,
} from "#sdk";
import { byPlan, earlier, goalsMissed, orderReplanned, plannedStart } from "./by-plan.ts";
import { newestLook } from "./hold.ts";
import { missingReserve } from "./operator-limits.ts";
import { computesLeft, isParallel, knownTo } from "./hosts.ts";
import { withNeededSpares } from "./mitigation.ts";

/**
 * Where instances may go: `settled` hosts they need not leave again in this session, since these are maintained,
 * skipped, or not part of it; or `any` open host, those still to be maintained too.
 */
export type Reach = "settled" | "any";

interface Way {
  readonly state: "START_MAINTENANCE" | "PLANNED_MAINTENANCE" | "PREPARE_MAINTENANCE" | "SCALE_IN";
  readonly why: string;
}

/** Where to go from here by the newest facts. `ruledOut` hosts look empty in them and were found not to be. */
export function wayOn(view: View, facts: CloudFacts, ruledOut: ReadonlySet<HostName> = new Set()): Way {
  const left = knownTo(facts, computesLeft(view));
  if (left.length === 0) return { state: "START_MAINTENANCE", why: "no compute host has to be emptied" };
  if (isParallel(view)) return parallelWay(view, facts);
  const [empty] = emptyInTurn(view, facts, ruledOut);
  if (empty) return { state: "START_MAINTENANCE", why: `${empty.name} is empty` };
  // Before its first START the session has closed nothing, and controllers have not had their turn.
  const started = view.entries.some(({ state }) => state === "START_MAINTENANCE");
  const planned = started ? emptiable(view, facts, "settled") : null;
  const prepared = planned && view.plan === null ? null : emptiable(view, facts, "any");
  if (planned && (!prepared || isAsWellPlanned(view, planned, prepared)))
    return { state: "PLANNED_MAINTENANCE", why: `${planned.host.name} can be emptied for good` };
  if (prepared) return { state: "PREPARE_MAINTENANCE", why: `${prepared.host.name} can be emptied into open hosts` };
  return { state: "SCALE_IN", why: "no host can be emptied" };
}

/** A session by a plan empties the next host of the plan for good if that is no farther from the plan. */
const isAsWellPlanned = (view: View, planned: Emptiable, prepared: Emptiable): boolean =>
  planned.host === prepared.host && goalsMissed(view, planned.placements) <= goalsMissed(view, prepared.placements);

/**
 * The compute hosts that seem empty, in the order of the plan. Nothing has to be moved for them, so their turn is always;
 * but those that come later by the plan leave the turn to one that can be emptied as planned.
 */
export function emptyInTurn(view: View, facts: CloudFacts, ruledOut: ReadonlySet<HostName>): readonly SessionHost[] {
  const startOf = ({ name }: SessionHost) => plannedStart(view, name);
  const empty = knownTo(facts, computesLeft(view))
    .filter(({ name }) => !ruledOut.has(name) && instancesOn(facts, name).length === 0)
    .toSorted((a, b) => earlier(startOf(a), startOf(b)));
  if (view.plan === null || empty.length === 0) return empty;
  const next = emptiable(view, facts, "any", new Set(empty.map(({ name }) => name)));
  return next && goalsMissed(view, next.placements) === 0
    ? empty.filter((host) => startOf(host) <= startOf(next.host))
    : empty;
}

/** Controllers have their turn first; then everything happens in PLANNED_MAINTENANCE, as long as a host can be emptied. */
function parallelWay(view: View, facts: CloudFacts): Way {
  const started = view.entries.some(({ state }) => state === "START_MAINTENANCE");
  if (!started) return { state: "START_MAINTENANCE", why: "hosts are maintained several at a time" };
  const next = emptiable(view, facts, "any");
  if (next) return { state: "PLANNED_MAINTENANCE", why: `${next.host.name} can be emptied` };
  return { state: "SCALE_IN", why: "no host can be emptied" };
}

interface Emptiable {
  readonly host: SessionHost;
  readonly placements: readonly Placement[];
  /** How the choice differs from the order of the plan; null where it does not. */
  readonly replanned: string | null;
}

/** So many places may be looked at for all candidates together; each gets at least a fair share. */
const EFFORT = 2_000_000;
const EFFORT_EACH_MIN = 20_000;

/**
 * The host to empty next: one that is being drained already wins, so a choice outlives a crash; then the next one
 * by the plan, and without one that with the fewest instances to move. Null when the instances of none fit elsewhere.
 */
export function emptiable(
  view: View,
  facts: CloudFacts,
  reach: Reach,
  not: ReadonlySet<HostName> = new Set(),
): Emptiable | null {
  const candidates = knownTo(facts, computesLeft(view))
    .filter(({ name }) => !not.has(name))
    .map((host) => ({ host, count: instancesOn(facts, host.name).length, start: plannedStart(view, host.name) }))
    .toSorted(
      (a, b) =>
        rank(a.host) - rank(b.host) ||
        earlier(a.start, b.start) ||
        a.count - b.count ||
        (a.host.name < b.host.name ? -1 : 1),
    );
  const wanted = withNeededSpares(
    view,
    facts,
    candidates.map(({ host }) => host.name),
  );
  const effort = Math.max(EFFORT_EACH_MIN, Math.floor(EFFORT / Math.max(1, candidates.length)));
  for (const { host } of candidates) {
    const destinations = destinationsFor(view, facts, host.name, reach);
    if (Object.keys(missingInTotal(wanted, host.name, destinations)).length > 0) continue;
    if (Object.keys(missingReserve(view, facts, destinations, instancesOn(facts, host.name))).length > 0) continue;
    const preferred = new Set(destinationsFor(view, facts, host.name, "settled"));
    const fit = fitAway(wanted, [host.name], destinations, { preferred, effort, ...byPlan(view) });
    if (fit.kind === "fits")
      return {
        host,
        placements: fit.placements.filter(({ instance }) => !isSpareRoom(instance)),
        replanned: orderReplanned(view, [host.name], waitingIn(view, facts)),
      };
  }
  return null;
}

export const waitingIn = (view: View, facts: CloudFacts): readonly HostName[] =>
  knownTo(facts, computesLeft(view))
    .filter(({ status }) => status.kind === "waiting")
    .map(({ name }) => name);

const rank = ({ status }: SessionHost): number => (status.kind === "draining" ? 0 : 1);

/** The hosts that may take instances of `leaving`, or of whatever is being emptied (invariant I7). */
export function destinationsFor(
  view: View,
  facts: CloudFacts,
  leaving: HostName | null,
  reach: Reach,
): readonly HostName[] {
  const ours = new Map(view.hosts.map((host) => [host.name, host]));
  return facts.computes
    .filter(
      (compute) => compute.name !== leaving && compute.up && mayTake(view, compute, ours.get(compute.name), reach),
    )
    .map(({ name }) => name);
}

function mayTake(view: View, compute: ComputeHost, ours: SessionHost | undefined, reach: Reach): boolean {
  if (!ours) return compute.door.kind === "open";
  switch (ours.status.kind) {
    case "draining":
    case "in_maintenance":
    case "failed":
      return false;
    case "waiting":
      // One that the session itself closed is opened for this.
      return reach === "any" && isOrCanBeOpen(compute, ours);
    case "maintained":
    case "skipped":
      return ours.closure === "open" && (compute.door.kind === "open" || wasOpenedSince(view, compute.name));
  }
}

/** The look at the cloud is older than the opening, so it may still show the door closed by the session itself. */
function wasOpenedSince(view: View, host: HostName): boolean {
  const opened = view.effect("open_host", host)?.status;
  if (opened?.kind !== "done" || opened.outcome.closure !== "open") return false;
  const sight = newestLook(view);
  return sight === undefined || opened.at > sight.recordedAt;
}

const isOrCanBeOpen = ({ door }: ComputeHost, { closure }: SessionHost): boolean =>
  closure === "closed_by_session" || (closure === "open" && door.kind === "open");

/** Nothing more to do on any host. */
export const allSettled = ({ hosts }: View): boolean => hosts.every(isSettled);
