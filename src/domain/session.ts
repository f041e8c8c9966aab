/** A session: one maintenance over a set of hosts, from POST to its end. */
import { z } from "zod";
import { hostRoles, type HostRole } from "./cloud.ts";
import { type HostName, type InstanceId, type PluginName, type ProjectId, type SessionId } from "./ids.ts";

/** What a project may have done to an instance (reference §4.6). */
export const InstanceAction = z.enum(["MIGRATE", "LIVE_MIGRATE", "OWN_ACTION"]);
export type InstanceAction = z.infer<typeof InstanceAction>;

/** A move that Fenix does itself. */
export const MoveKind = z.enum(["MIGRATE", "LIVE_MIGRATE"]);
export type MoveKind = z.infer<typeof MoveKind>;

/**
 * What follows when a project does not cooperate:
 * `fail` the session with a report, `proceed` with the session's default action, or `skip_host` and leave that
 * project's hosts unmaintained.
 */
export const Policy = z.enum(["fail", "proceed", "skip_host"]);
export type Policy = z.infer<typeof Policy>;

const seconds = (fallback: number, max: number) => z.int().min(1).max(max).default(fallback);
const DAY = 86_400;

/** How one session treats what the projects do and how patient it is. All times in seconds. */
export const SessionOptions = z
  .object({
    on_no_manager: Policy.default("fail").describe("what to do with a project nobody answers for"),
    on_silence: Policy.default("fail").describe("what to do when a project does not answer in time"),
    on_nack: Policy.default("fail").describe("what to do when a project says no"),
    on_failed_move: z
      .enum(["fail", "skip_host"])
      .default("fail")
      .describe("what to do when an instance could not be moved after all retries"),
    on_failed_action: z
      .enum(["fail", "skip_host"])
      .default("fail")
      .describe("what to do when a host action failed on a host"),
    failed_host: z
      .enum(["enable", "keep_disabled"])
      .default("enable")
      .describe("whether a host whose action failed takes instances again when the session ends"),
    retired_host: z
      .enum(["keep_disabled", "delete_service"])
      .default("keep_disabled")
      .describe(
        "what becomes of a host that retire-hosts has emptied: its compute service stays disabled, or is deleted",
      ),
    default_action: MoveKind.default("MIGRATE").describe("how instances move where the policy is to proceed"),
    reply_seconds: seconds(40, DAY).describe("reply window of MAINTENANCE, PREPARE_ and PLANNED_MAINTENANCE"),
    scale_in_reply_seconds: seconds(60, DAY).describe("reply window of SCALE_IN and MAINTENANCE_COMPLETE"),
    scale_in_rounds: z
      .int()
      .min(1)
      .max(20)
      .default(5)
      .describe("rounds in which the projects are asked to scale in; being asked for the rest of it is the same round"),
    move_retries: z
      .int()
      .min(0)
      .max(10)
      .default(4)
      .describe("further tries after a failed move, with growing pauses: four of them take three minutes"),
    on_long_live_move: z
      .enum(["force_complete", "abort", "migrate_cold", "wait"])
      .default("force_complete")
      .describe(
        "what to do when a live migration copies for longer than the instance's max_interruption_time: let Nova complete it (it pauses the instance or switches to post-copy), break it off and try it again, break it off and migrate it cold, or nothing",
      ),
    move_seconds: seconds(1800, DAY).describe("longest time for one move"),
    on_no_spare_room: z
      .enum(["proceed", "scale_in"])
      .default("proceed")
      .describe(
        "what to do when there is no room for a replacement of an instance whose manager asked for it (resource_mitigation): move it all the same, or ask the projects for the room first",
      ),
    stale_allocations: z
      .enum(["heal", "fail"])
      .default("heal")
      .describe(
        "what to do when Placement books an empty host for instances that are certainly elsewhere, as a crash in mid-move leaves it",
      ),
    nack_retry_seconds: z
      .int()
      .min(0)
      .max(DAY)
      .default(0)
      .describe(
        "how far ahead a project that says no to PREPARE_ or PLANNED_MAINTENANCE may name a time to be asked again (retry_at); 0: its no is final",
      ),
    own_action_seconds: seconds(300, DAY).describe("time a project has for its OWN_ACTION"),
    hosts_at_once: z
      .int()
      .min(1)
      .max(1_000)
      .default(1)
      .describe("hosts that may be away at the same time, as far as their instances find room elsewhere"),
    moves_at_once: z.int().min(1).max(100).default(4).describe("moves off one host at the same time"),
    max_moves_at_once: z
      .int()
      .min(1)
      .max(10_000)
      .nullable()
      .default(null)
      .describe("moves in the whole cloud at the same time; null: as many as all hosts together allow"),
    max_hosts_at_once_per_zone: z
      .int()
      .min(1)
      .max(1_000)
      .nullable()
      .default(null)
      .describe("compute hosts of one availability zone that may be away at the same time; null: any of them"),
    reserve: z
      .record(z.string().min(1).max(255), z.int().min(0))
      .default({})
      .describe(
        "what the hosts that take instances keep free together at every moment: vcpus, memory_mb, disk_gb, or a resource class of Placement",
      ),
    window_seconds: z
      .int()
      .min(1)
      .max(30 * DAY)
      .nullable()
      .default(null)
      .describe(
        "how long after maintenance_at hosts may be begun with; those that are left then are skipped. null: without end",
      ),
    plan_tolerance: z
      .number()
      .min(0)
      .max(1)
      .default(0.05)
      .describe("share of the hosts, and of the instances, that may have changed since the plan was made"),
  })
  .strict();
export type SessionOptions = z.infer<typeof SessionOptions>;

/** The operator's limits of a session that names none, as those of older releases do. */
export const noLimits = {
  max_moves_at_once: null,
  max_hosts_at_once_per_zone: null,
  reserve: {},
  window_seconds: null,
} as const satisfies Partial<SessionOptions>;

/** When a host action runs: once before or after all hosts, on every host, or on hosts of one role (reference §4.8). */
export const ActionPhase = z.enum(["pre", "host", ...hostRoles, "post"]);
export type ActionPhase = z.infer<typeof ActionPhase>;

/** One host action of a session, as the admin asked for it; `metadata` has passed the plugin's own schema. */
export interface RequestedAction {
  readonly plugin: PluginName;
  readonly phase: ActionPhase;
  /** Actions of a phase run in this order; equal numbers alphabetically by plugin (reference §4.8). */
  readonly order: number;
  readonly metadata: unknown;
}

/** Actions of a phase in the order in which they run. */
export const actionsOf = (actions: readonly RequestedAction[], phase: ActionPhase): readonly RequestedAction[] =>
  actions
    .filter((action) => action.phase === phase)
    .toSorted((a, b) => a.order - b.order || (a.plugin < b.plugin ? -1 : a.plugin > b.plugin ? 1 : 0));

export interface Session {
  readonly id: SessionId;
  readonly workflow: PluginName;
  /** No instance is touched and no host action runs before this moment. */
  readonly maintenanceAt: Date;
  /** Free dictionary of the admin, told to every project ("capability metadata", reference §0.4). */
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly options: SessionOptions;
  readonly actions: readonly RequestedAction[];
  /** The plan by which the session was created: it begins only while the cloud is as the plan knew it. */
  readonly planDigest: string | null;
}

/** What a session can do to the cloud itself: bring a host into it, or take one out. */
export type HostChange = "added" | "removed";

/** Where a host of the session stands. */
export type HostStatus =
  | { readonly kind: "waiting" }
  /** `reason` where it was begun with otherwise than its plan says. */
  | { readonly kind: "draining"; readonly since: Date; readonly reason?: string }
  | { readonly kind: "in_maintenance"; readonly since: Date }
  /** All that was to be done is done; `as` where that was more than to maintain it. */
  | { readonly kind: "maintained"; readonly at: Date; readonly as?: HostChange }
  | { readonly kind: "skipped"; readonly reason: string }
  | { readonly kind: "failed"; readonly reason: string };

/** Who closed the host to new instances. Others' closings are respected: such a host stays closed (invariant I4). */
export type Closure = "open" | "closed_by_session" | "closed_by_others";

export interface SessionHost {
  readonly name: HostName;
  readonly roles: readonly HostRole[];
  readonly status: HostStatus;
  readonly closure: Closure;
}

/** Whether the session has taken the host out of the cloud: it never opens it again. */
export const isRemoved = ({ status }: SessionHost): boolean => status.kind === "maintained" && status.as === "removed";

export const isCompute = (host: SessionHost): boolean => host.roles.includes("compute");

/** Whether the session has nothing more to do on this host. */
export const isSettled = ({ status }: SessionHost): boolean =>
  status.kind === "maintained" || status.kind === "skipped" || status.kind === "failed";

/** A project with instances on hosts of the session. */
export interface SessionProject {
  readonly id: ProjectId;
  /** Somebody answers for it: it has an active webhook or an event alarm for `maintenance.scheduled`, or looks by itself. */
  readonly managed: boolean;
}

/** An instance that is, or was during the session, on one of its hosts. */
export interface SessionInstance {
  readonly id: InstanceId;
  readonly name: string;
  readonly project: ProjectId;
  readonly host: HostName | null;
  readonly status: string;
}

/** Why a session failed, for a person at night: what is in the way, and what to do about it. */
export interface Failure {
  readonly reason: string;
  readonly advice: string;
}

/** What the admin should know when the session has ended: hosts that were not maintained or stay closed, and why. */
export interface Report {
  readonly maintained: readonly HostName[];
  readonly notMaintained: readonly { readonly host: HostName; readonly reason: string }[];
  readonly stillClosed: readonly { readonly host: HostName; readonly reason: string }[];
}
