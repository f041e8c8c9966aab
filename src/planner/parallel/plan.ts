/** The planner's entry: from a snapshot to a plan. */
import { digestOf } from "../format/digest.ts";
import type { BlockReason, HostVisit, Plan, PlannedMove } from "../format/plan.ts";
import type { CloudSnapshot } from "../format/snapshot.ts";
import { attempts } from "./attempts.ts";
import { lowerBound, tightBound } from "./bounds.ts";
import { type NumberedCloud, numberCloud } from "./numbered.ts";
import { obstaclesAhead, obstaclesLeft, windowTooShort } from "./obstacles.ts";
import { hostTimes } from "./order.ts";
import type { Run } from "./run.ts";
import { scaleInAdvice } from "./scale-in.ts";

export interface PlanOptions {
  /** Chance enters by it alone: the same snapshot and seed give the same bytes. */
  readonly seed?: number;
  /** At most so many tries, where the planner would make more of them for so small a cloud. */
  readonly attemptsMax?: number;
}

/** A plan with numbers for names, as the planner goes on from it. */
export interface Planned {
  readonly cloud: NumberedCloud;
  readonly run: Run;
  /** Hosts that are not planned, by number, for reasons that no order of things changes. */
  readonly blocked: ReadonlyMap<number, readonly BlockReason[]>;
}

/** When each host goes and where each instance goes. */
export const plan = (snapshot: CloudSnapshot, options: PlanOptions = {}): Plan => asPlan(planned(snapshot, options));

/** The plan before it is written out. */
export function planned(snapshot: CloudSnapshot, { seed = 1, attemptsMax = Infinity }: PlanOptions = {}): Planned {
  const whole = numberCloud(snapshot);
  const times = hostTimes(whole);
  const blocked = new Map<number, readonly BlockReason[]>(obstaclesAhead(whole, times));
  return { ...withinWindow(whole, blocked, (cloud) => attempts(cloud, times, seed, attemptsMax)), blocked };
}

/** A plan in the format that is read by others. */
export function asPlan({ cloud, run, blocked: ahead }: Planned): Plan {
  const { snapshot } = cloud;
  const { board, waiting } = run;
  const scale_in = board === null ? [] : scaleInAdvice(board, waiting);
  const blocked = new Map(ahead);
  if (board !== null) for (const host of waiting) blocked.set(host, obstaclesLeft(board, host));
  const visited = run.begun.filter((host) => run.actionEnd[host]! >= 0 && !blocked.has(host));
  const bound = lowerBound(cloud, marked(cloud.hostCount, visited), hostTimes(cloud));
  const makespan = lastEnd(run, visited);
  const ratioTo = (seconds: number) => (seconds === 0 ? null : makespan / seconds);
  const content = {
    version: 1 as const,
    objective: snapshot.session.objective,
    feasible: blocked.size === 0,
    makespan_seconds: makespan,
    lower_bound: bound,
    ratio: ratioTo(bound.best),
    ratio_closed: ratioTo(Math.max(bound.best, bound.capacity_time_closed)),
    hosts: visits(cloud, run, visited),
    moves: plannedMoves(cloud, run),
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
  blocked: Map<number, readonly BlockReason[]>,
  planOf: (cloud: NumberedCloud) => Run,
): Omit<Planned, "blocked"> {
  const window = whole.snapshot.session.window_seconds ?? Infinity;
  while (true) {
    const cloud = { ...whole, planned: whole.planned.map((one, host) => (blocked.has(host) ? 0 : one)) };
    const run = planOf(cloud);
    let isWithin = true;
    for (const [host, end] of run.actionEnd.entries()) {
      if (end <= window) continue;
      isWithin = false;
      blocked.set(host, [windowTooShort(end, window)]);
    }
    if (isWithin) return { cloud, run };
  }
}

function marked(count: number, hosts: readonly number[]): Uint8Array {
  const marks = new Uint8Array(count);
  for (const host of hosts) marks[host] = 1;
  return marks;
}

function lastEnd({ moves, actionEnd }: Run, visited: readonly number[]): number {
  let last = visited.reduce((latest, host) => Math.max(latest, actionEnd[host]!), 0);
  for (let move = 0; move < moves.count; move++) last = Math.max(last, moves.end[move]!);
  return last;
}

/** In the order of their drains. A wave ends when the first host that started in it is back. */
function visits(
  { snapshot }: NumberedCloud,
  { drainStart, emptyAt, actionEnd }: Run,
  visited: readonly number[],
): HostVisit[] {
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

function plannedMoves({ snapshot }: NumberedCloud, { moves }: Run): PlannedMove[] {
  return Array.from({ length: moves.count }, (_, index) => {
    const instance = moves.instance[index]!;
    return {
      instance: snapshot.instances[instance]!.instance,
      from: snapshot.hosts[moves.from[index]!]!.host,
      to: snapshot.hosts[moves.to[index]!]!.host,
      start: moves.start[index]!,
      end: moves.end[index]!,
    };
  });
}
