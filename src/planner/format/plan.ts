/** Plan, version 1: when each host goes and where each instance goes. Times in seconds from the start of the plan. */
import { z } from "zod";
import { Objective } from "./snapshot.ts";

const Second = z.number().nonnegative();
const Bound = z.number().nonnegative();

const HostVisit = z.object({
  host: z.string(),
  /** Hosts whose drains start together share a wave; the first is 1. */
  wave: z.int().positive(),
  drain_start: Second,
  empty_at: Second,
  action_start: Second,
  action_end: Second,
});
export type HostVisit = z.output<typeof HostVisit>;

const PlannedMove = z.object({ instance: z.string(), from: z.string(), to: z.string(), start: Second, end: Second });
export type PlannedMove = z.output<typeof PlannedMove>;

/** What one project would have to give up; beside the named fields, amounts per resource class. */
const ScaleIn = z
  .object({ project: z.string(), instances: z.int().positive(), why: z.string() })
  .catchall(z.number().nonnegative());
export type ScaleIn = z.output<typeof ScaleIn>;

/** Why a host cannot be planned: a kind for programs, a text for people, and the names that the kind speaks of. */
const BlockReason = z.object({ kind: z.string(), text: z.string() }).catchall(z.union([z.string(), z.number()]));
export type BlockReason = z.output<typeof BlockReason>;

const LowerBound = z.object({
  capacity_time: Bound,
  capacity_time_closed: Bound,
  host_chain: Bound,
  group_chain: Bound,
  operator_limit: Bound,
  /** The largest of the others without `capacity_time_closed`, which holds only for planners that book at drain start. */
  best: Bound,
});
export type LowerBound = z.output<typeof LowerBound>;

export const Plan = z.object({
  version: z.literal(1),
  digest: z.string().regex(/^sha256:[0-9a-f]{64}$/, "a digest is sha256: and 64 hexadecimal digits"),
  objective: Objective,
  feasible: z.boolean(),
  makespan_seconds: Second,
  /** A bound that is infinite cannot be written; hosts that cause one are blocked and not in it. */
  lower_bound: LowerBound,
  ratio: z.number().nonnegative().nullable(),
  ratio_closed: z.number().nonnegative().nullable(),
  hosts: z.array(HostVisit),
  moves: z.array(PlannedMove),
  scale_in: z.array(ScaleIn),
  blocked: z.array(z.object({ host: z.string(), reasons: z.array(BlockReason).min(1) })),
});
export type Plan = z.output<typeof Plan>;
export type BlockedHost = Plan["blocked"][number];
