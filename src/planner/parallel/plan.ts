/** The planner's entry: from a snapshot to a plan. */
import type { CloudSnapshot } from "../format/snapshot.ts";
import { digestOf } from "../format/digest.ts";
import type { HostVisit, Plan, PlannedMove } from "../format/plan.ts";
import { lowerBound } from "./bounds.ts";
import { type NumberedCloud, numberCloud } from "./numbered.ts";
import { hostTimes, inOrder } from "./order.ts";
import { type Run, run } from "./run.ts";

export interface PlanOptions {
  /** Chance enters by it alone: the same snapshot and seed give the same bytes. */
  readonly seed?: number;
}

/** When each host goes and where each instance goes. */
export function plan(snapshot: CloudSnapshot, _options: PlanOptions = {}): Plan {
  const cloud = numberCloud(snapshot);
  const times = hostTimes(cloud);
  const twice = snapshot.session.objective === "makespan" ? Infinity : 0;
  const done = run(cloud, { times, order: inOrder(cloud, times, "longest_first"), twice });
  const hosts = visits(cloud, done);
  const planned = new Uint8Array(cloud.hostCount);
  for (let host = 0; host < cloud.hostCount; host++) if (done.actionEnd[host]! >= 0) planned[host] = 1;
  const bound = lowerBound(cloud, planned, times);
  const ratioTo = (seconds: number) => (seconds === 0 ? null : done.makespan / seconds);
  const content = {
    version: 1 as const,
    objective: snapshot.session.objective,
    feasible: done.waiting.length === 0,
    makespan_seconds: done.makespan,
    lower_bound: bound,
    ratio: ratioTo(bound.best),
    ratio_closed: ratioTo(Math.max(bound.best, bound.capacity_time_closed)),
    hosts,
    moves: plannedMoves(cloud, done),
    scale_in: [],
    blocked: done.waiting.map((host) => ({
      host: snapshot.hosts[host]!.host,
      reasons: [{ kind: "no_room", text: "no room" }],
    })),
  };
  return { ...content, digest: digestOf(content) };
}

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
    return {
      instance: snapshot.instances[instance]!.instance,
      from: snapshot.hosts[moves.from[index]!]!.host,
      to: snapshot.hosts[moves.to[index]!]!.host,
      ...{ start, end: start + moveTime[instance]! },
    };
  });
}
