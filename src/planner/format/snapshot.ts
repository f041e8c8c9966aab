/** Cloud snapshot, version 1: a cloud and what shall be maintained in it. Times in seconds, sizes as their names say. */
import { z } from "zod";
import { contradictions } from "./contradictions.ts";

const Name = z.string().min(1).max(255);
const Seconds = z.int().nonnegative();
/** Per resource class, for example `{ vcpus: 4, memory_mb: 8192 }`. */
const Amounts = z.record(z.string(), z.int().nonnegative());
const LimitOrNone = z.int().positive().nullable().default(null);

const Defaults = z.object({
  action_seconds: Seconds.default(1_800),
  outbound_moves: z.int().positive().default(2),
  inbound_moves: z.int().nonnegative().default(4),
  move_seconds: Seconds.default(30),
});

const Host = z.object({
  host: Name,
  type: z.string().default("compute"),
  zone: z.string().nullish(),
  enabled: z.boolean().default(true),
  /** A class that is missing is not limited. */
  capacity: Amounts,
  action_seconds: Seconds.optional(),
  outbound_moves: z.int().positive().optional(),
  inbound_moves: z.int().nonnegative().optional(),
});

const Instance = z.object({
  instance: Name,
  project: Name,
  host: Name,
  group: Name.nullish(),
  /** A class that is missing is not used. */
  demand: Amounts,
  migration_type: z.enum(["LIVE_MIGRATE", "MIGRATE", "OWN_ACTION"]).default("LIVE_MIGRATE"),
  move_seconds: Seconds.optional(),
  /** How long after the start of the plan it may move at the earliest. */
  lead_seconds: Seconds.default(0),
  /** Missing: any host. */
  allowed_hosts: z.array(Name).nullish(),
});

const Group = z.object({
  group: Name,
  project: Name,
  max_impacted_members: z.int().nonnegative(),
  recovery_seconds: Seconds.default(0),
  /** At most `max_instances_per_host` members on one host; 0 there counts as 1. */
  anti_affinity: z.boolean().default(false),
  max_instances_per_host: z.int().nonnegative().default(0),
});

export const Objective = z.enum(["makespan", "moves", "balanced"]);
export type Objective = z.infer<typeof Objective>;

const Session = z.object({
  /** Empty: every enabled host of type compute. */
  hosts: z.array(Name).default([]),
  objective: Objective.default("balanced"),
  max_hosts_at_once: LimitOrNone,
  max_hosts_at_once_per_zone: LimitOrNone,
  max_moves_at_once: LimitOrNone,
  /** Free capacity that the hosts that take instances keep together, at every moment. */
  reserve: Amounts.default({}),
  window_seconds: Seconds.nullable().default(null),
});

const Shape = z.object({
  version: z.literal(1),
  defaults: Defaults.prefault({}),
  hosts: z.array(Host),
  instances: z.array(Instance).default([]),
  groups: z.array(Group).default([]),
  session: Session.prefault({}),
});

export const CloudSnapshot = Shape.superRefine((snapshot, context) => {
  for (const { path, reason } of contradictions(snapshot))
    context.addIssue({ code: "custom", path: [...path], message: reason });
});
/** A snapshot whose names all resolve. */
export type CloudSnapshot = z.output<typeof CloudSnapshot>;
/** What may be written: whatever has a default may be missing. */
export type CloudSnapshotInput = z.input<typeof CloudSnapshot>;
export type SnapshotHost = CloudSnapshot["hosts"][number];
export type SnapshotInstance = CloudSnapshot["instances"][number];
export type SnapshotGroup = CloudSnapshot["groups"][number];
