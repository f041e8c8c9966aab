/** Small clouds and plans for them; what a plan claims about itself is put right unless the test says otherwise. */
import { check } from "../../../src/planner/check/check.ts";
import { digestOf } from "../../../src/planner/format/digest.ts";
import { type HostVisit, Plan, type PlannedMove } from "../../../src/planner/format/plan.ts";
import { CloudSnapshot, type CloudSnapshotInput } from "../../../src/planner/format/snapshot.ts";

type HostInput = CloudSnapshotInput["hosts"][number];
type InstanceInput = NonNullable<CloudSnapshotInput["instances"]>[number];
type GroupInput = NonNullable<CloudSnapshotInput["groups"]>[number];

export interface CloudSketch {
  /** Hosts by name; each has 8 vCPUs, and an action of 100 s. */
  readonly hosts?: Readonly<Record<string, Partial<HostInput>>>;
  /** Instances by name, on a host; each takes 2 vCPUs and 10 s to move. */
  readonly instances?: Readonly<Record<string, Partial<InstanceInput> & { readonly host: string }>>;
  readonly groups?: Readonly<Record<string, Partial<GroupInput>>>;
  readonly session?: CloudSnapshotInput["session"];
}

/** Three hosts, of which `a` is to be maintained and has one instance, `web`. */
export function aSnapshot({ hosts = {}, instances, groups = {}, session }: CloudSketch = {}): CloudSnapshot {
  return CloudSnapshot.parse({
    version: 1,
    defaults: { action_seconds: 100, outbound_moves: 1, inbound_moves: 1, move_seconds: 10 },
    hosts: Object.entries({ a: {}, b: {}, c: {}, ...hosts }).map(([host, changes]) => ({
      host,
      zone: "z1",
      capacity: { vcpus: 8 },
      ...changes,
    })),
    instances: Object.entries(instances ?? { web: { host: "a" } }).map(([instance, changes]) => ({
      instance,
      project: "shop",
      demand: { vcpus: 2 },
      ...changes,
    })),
    groups: Object.entries(groups).map(([group, changes]) => ({
      group,
      project: "shop",
      max_impacted_members: 1,
      ...changes,
    })),
    session: { hosts: ["a"], ...session },
  } satisfies CloudSnapshotInput);
}

export interface PlanSketch {
  /** By name: when its drain begins, when it is empty; the action of 100 s follows at once. */
  readonly hosts?: Readonly<Record<string, Partial<HostVisit>>>;
  readonly moves?: readonly Move[];
  readonly blocked?: readonly string[];
  /** What the plan says of itself, by the names of the format. */
  readonly claims?: Readonly<Record<string, unknown>>;
}

/** Instance, from, to, start; it takes 10 s unless an end is given. */
type Move = readonly [instance: string, from: string, to: string, start: number, end?: number];

const move = ([instance, from, to, start, end = start + 10]: Move): PlannedMove => ({ instance, from, to, start, end });

const visit = (host: string, changes: Partial<HostVisit>): HostVisit => {
  const { drain_start = 0, empty_at = drain_start + 10, action_start = empty_at } = changes;
  return { host, wave: 1, drain_start, empty_at, action_start, action_end: action_start + 100, ...changes };
};

/** Drains `a` at once, moves `web` to `b`, and runs the action from second 10 to 110. */
export function aPlan(snapshot: CloudSnapshot, { hosts, moves, blocked = [], claims = {} }: PlanSketch = {}): Plan {
  const visits = Object.entries(hosts ?? { a: {} }).map(([host, changes]) => visit(host, changes));
  const made = (moves ?? [["web", "a", "b", 0]]).map(move);
  const ends = [...visits.map(({ action_end }) => action_end), ...made.map(({ end }) => end)];
  const draft: Plan = {
    version: 1,
    digest: `sha256:${"0".repeat(64)}`,
    objective: snapshot.session.objective,
    feasible: blocked.length === 0,
    makespan_seconds: Math.max(0, ...ends),
    lower_bound: {
      capacity_time: 0,
      capacity_time_closed: 0,
      host_chain: 0,
      group_chain: 0,
      operator_limit: 0,
      best: 0,
    },
    ratio: null,
    ratio_closed: null,
    hosts: visits,
    moves: made,
    scale_in: [],
    blocked: blocked.map((host) => ({ host, reasons: [{ kind: "told", text: "a reason" }] })),
  };
  const { lower_bound, ratio, ratio_closed } = check(snapshot, draft).summary;
  return sealed(Plan.parse({ ...draft, lower_bound, ratio, ratio_closed, ...claims }));
}

export const sealed = (plan: Plan): Plan => Plan.parse({ ...plan, digest: digestOf(plan) });
