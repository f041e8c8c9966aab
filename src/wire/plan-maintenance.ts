/** `POST /v1/maintenance/plan`: how a maintenance of these hosts would go. Nothing is created, nobody is told. */
import { z } from "zod";
import { HostName } from "../domain/ids.ts";
import { CloudSnapshot, Objective } from "../planner/format/snapshot.ts";
import { Plan } from "../planner/format/plan.ts";
import type { Wanted } from "../planner/live-snapshot.ts";

const HOSTS_MAX = 10_000;
const DAY = 86_400;
/** Far beyond any cloud, and still exact in a double, sums included. */
const AMOUNT_MAX = 1_000_000_000;

const limit = () => z.int().min(1).max(HOSTS_MAX).nullable().default(null);
const seconds = () =>
  z
    .int()
    .min(0)
    .max(30 * DAY);

export const PlanMaintenance = z
  .object({
    hosts: z.array(HostName).max(HOSTS_MAX).default([]).describe("none: every enabled compute of the cloud"),
    objective: Objective.default("balanced").describe("shortest, fewest moves, or short with few moves"),
    max_hosts_at_once: limit(),
    max_hosts_at_once_per_zone: limit(),
    max_moves_at_once: limit(),
    reserve: z
      .record(z.string().min(1).max(255), z.int().min(0).max(AMOUNT_MAX))
      .default({})
      .describe("what stays free on all hosts together: vcpus, memory_mb, disk_gb …"),
    window_seconds: seconds().nullable().default(null).describe("what is not done by then is blocked"),
    action_seconds: seconds().default(1_800).describe("how long the host actions of one host take"),
    outbound_moves: z.int().min(1).max(100).default(2).describe("moves off one host at the same time"),
    inbound_moves: z.int().min(1).max(100).default(4).describe("moves to one host at the same time"),
  })
  .meta({ id: "PlanMaintenance", example: { hosts: ["compute-1", "compute-2"], objective: "makespan" } });
type PlanMaintenance = z.infer<typeof PlanMaintenance>;

export const PlannedMaintenance = z
  .object({
    plan: Plan,
    cloud: CloudSnapshot.describe("what the plan was made for; both together can be checked offline"),
  })
  .meta({ id: "PlannedMaintenance" });

export const toWanted = ({ action_seconds, outbound_moves, inbound_moves, ...session }: PlanMaintenance): Wanted => ({
  session,
  defaults: { action_seconds, outbound_moves, inbound_moves },
});
