/** The planner's entry: from a snapshot to a plan. */
import { digestOf } from "../format/digest.ts";
import type { BlockReason, HostVisit, Plan, PlannedMove } from "../format/plan.ts";
import type { CloudSnapshot } from "../format/snapshot.ts";
import { attempts } from "./attempts.ts";
import { lowerBound, tightBound } from "./bounds.ts";
import { type NumberedCloud, numberCloud } from "./numbered.ts";
import { obstaclesAhead, obstaclesLeft, windowTooShort } from "./obstacles.ts";
import { type HostTimes, hostTimes } from "./order.ts";
import type { Run } from "./run.ts";
import { scaleInAdvice } from "./scale-in.ts";

export interface PlanOptions {
  /** Chance enters by it alone: the same snapshot and seed give the same bytes. */
  readonly seed?: number;
}

/** When each host goes and where each instance goes. */
export function plan(snapshot: CloudSnapshot, { seed = 1 }: PlanOptions = {}): Plan {
  const whole = numberCloud(snapshot);
  const times = hostTimes(whole);
  const blocked = new Map<number, readonly BlockReason[]>(obstaclesAhead(whole, times));
  const { cloud, done } = withinWindow(whole, times, blocked, seed);
  const scale_in = scaleInAdvice(done.board, done.waiting);
  for (const host of done.waiting) blocked.set(host, obstaclesLeft(done.board, host));
  const bound = lowerBound(cloud, plannedIn(done), times);
  const ratioTo = (seconds: number) => (seconds === 0 ? null : done.makespan / seconds);
  const content = {
    version: 1 as const,
    objective: snapshot.session.objective,
    feasible: blocked.size === 0,
    makespan_seconds: done.makespan,
    lower_bound: bound,
    ratio: ratioTo(bound.best),
    ratio_closed: ratioTo(Math.max(bound.best, bound.capacity_time_closed)),
    hosts: visits(cloud, done),
    moves: plannedMoves(cloud, done),
    scale_in,
    blocked: [...blocked]
      .toSorted(([a], [b]) => a - b)
      .map(([host, reasons]) => ({ host: snapshot.hosts[host]!.host, reasons: [...reasons] })),
  };
  return { ...content, digest: digestOf(content) };
}

/** The bound by which a plan is judged (`tight` of the plan format), for the hosts that the plan visits. */
export function tightBoundOf(snapshot: CloudSnapshot, { hosts }: Pick<Plan, "hosts">): number {
  const cloud = numberCloud(snapshot);
  const visited = new Set(hosts.map(({ host }) => host));
  const planned = Uint8Array.from(snapshot.hosts, ({ host }) => (visited.has(host) ? 1 : 0));
  return tightBound(cloud, planned, hostTimes(cloud));
}

/** Hosts that are not done within the window are blocked, and the others planned anew, until all are. */
function withinWindow(
  whole: NumberedCloud,
  times: HostTimes,
  blocked: Map<number, readonly BlockReason[]>,
  seed: number,
): { readonly cloud: NumberedCloud; readonly done: Run } {
  const window = whole.snapshot.session.window_seconds ?? Infinity;
  while (true) {
    const cloud = { ...whole, planned: whole.planned.map((one, host) => (blocked.has(host) ? 0 : one)) };
    const done = attempts(cloud, times, seed);
    let isWithin = true;
    for (const [host, end] of done.actionEnd.entries()) {
      if (end <= window) continue;
      isWithin = false;
      blocked.set(host, [windowTooShort(end, window)]);
    }
    if (isWithin) return { cloud, done };
  }
}

const plannedIn = ({ actionEnd }: Run): Uint8Array => Uint8Array.from(actionEnd, (end) => (end >= 0 ? 1 : 0));

/** In the order of their drains. A wave ends when the first host that started in it is back. */
function visits({ snapshot, hostCount }: NumberedCloud, { drainStart, emptyAt, actionEnd }: Run): HostVisit[] {
  const visited = Array.from({ length: hostCount }, (_, host) => host)
    .filter((host) => actionEnd[host]! >= 0)
    .sort((a, b) => drainStart[a]! - drainStart[b]! || a - b);
  let wave = 0;
  let firstBack = 0;
  return visited.map((host) => {
    const start = drainStart[host]!;
    if (wave === 0 || start >= firstBack) {
      wave += 1;
      firstBack = Infinity;
    }
    firstBack = Math.min(firstBack, actionEnd[host]!);
    const empty = emptyAt[host]!;
    return {
      ...{ host: snapshot.hosts[host]!.host, wave, drain_start: start, empty_at: empty, action_start: empty },
      action_end: actionEnd[host]!,
    };
  });
}

function plannedMoves({ snapshot, moveTime }: NumberedCloud, { moves }: Run): PlannedMove[] {
  return Array.from({ length: moves.count }, (_, index) => {
    const instance = moves.instance[index]!;
    const start = moves.start[index]!;
    // Sorted keys make the digest cheap.
    return {
      end: start + moveTime[instance]!,
      from: snapshot.hosts[moves.from[index]!]!.host,
      instance: snapshot.instances[instance]!.instance,
      start,
      to: snapshot.hosts[moves.to[index]!]!.host,
    };
  });
}
