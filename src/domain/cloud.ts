/**
 * What Fenix knows of the cloud at one moment, in its own words. An adapter translates a real cloud into this;
 * workflows and the planner decide on nothing else.
 */
import type { GroupId, HostName, InstanceId, ProjectId } from "./ids.ts";
import type { Resources } from "./resources.ts";

export const hostRoles = ["compute", "controller", "other"] as const;
/** `compute` runs instances, `controller` runs the cloud's control plane; one host may be both. */
export type HostRole = (typeof hostRoles)[number];

/** Whether a compute host takes new instances. `reason` is what was written when it was closed. */
export type HostDoor = { readonly kind: "open" } | { readonly kind: "closed"; readonly reason: string | null };

/** A host of the cloud by name and role: all that is needed to accept a session. */
export interface KnownHost {
  readonly name: HostName;
  readonly roles: readonly HostRole[];
  /** Null when the host runs no instances. */
  readonly door: HostDoor | null;
}

/** Hosts as the journal tells of them when they come into a session. */
export const foundInShort = (hosts: readonly KnownHost[]) =>
  hosts.map(({ name, roles, door }) => ({ host: name, roles, closed: door?.kind === "closed" }));

export interface ComputeHost {
  readonly name: HostName;
  readonly door: HostDoor;
  /** False when its compute service does not report: it can neither send nor receive an instance. */
  readonly up: boolean;
  readonly zone: string;
  readonly aggregates: readonly Aggregate[];
  /** (total − reserved) × allocation ratio of each resource class, as Placement counts (Placement API, inventories). */
  readonly capacity: Resources;
  /** What Placement has allocated, moves under way included: these are booked on both hosts. */
  readonly used: Resources;
}

/** A Nova host aggregate, for the scheduler filters that bind flavors and projects to hosts. */
export interface Aggregate {
  readonly name: string;
  readonly metadata: Readonly<Record<string, string>>;
}

export interface CloudInstance {
  readonly id: InstanceId;
  readonly name: string;
  readonly project: ProjectId;
  /** Null while it is being scheduled, or shelved: it is on no host. */
  readonly host: HostName | null;
  /** Nova's `status`: ACTIVE, SHUTOFF, PAUSED, ERROR, VERIFY_RESIZE … (Nova API, server status). */
  readonly status: string;
  /** Nova's `OS-EXT-STS:task_state`: null when nothing is being done to it. */
  readonly taskState: string | null;
  readonly demand: Resources;
  readonly zone: string;
  /** `aggregate_instance_extra_specs` of its flavor: what an aggregate of its host must say. */
  readonly aggregateSpecs: Readonly<Record<string, string>>;
}

/** A Nova server group (Nova API, os-server-groups). */
export interface ServerGroup {
  readonly id: GroupId;
  readonly name: string;
  readonly project: ProjectId;
  readonly policy: "affinity" | "anti-affinity" | "soft-affinity" | "soft-anti-affinity";
  /** Members allowed on one host under anti-affinity (`rules.max_server_per_host`, 1 when unset). */
  readonly maxPerHost: number;
  readonly members: readonly InstanceId[];
}

/** One look at the whole cloud. */
export interface CloudFacts {
  /** Every compute host, those outside the session too: they are where instances can go. */
  readonly computes: readonly ComputeHost[];
  readonly controllers: readonly HostName[];
  readonly instances: readonly CloudInstance[];
  readonly groups: readonly ServerGroup[];
}

/** Who is on a host, or about to be, by every source: the host is empty when all three lists are. */
export interface Occupants {
  /** Instances that Nova lists on the host, whatever their status. */
  readonly instances: readonly InstanceId[];
  /** Consumers of the host in Placement that are not in `instances`: late releases, and moves not yet confirmed. */
  readonly allocations: readonly string[];
  /** Instances that are being moved to the host. */
  readonly arriving: readonly InstanceId[];
}

export const isEmpty = ({ instances, allocations, arriving }: Occupants): boolean =>
  instances.length + allocations.length + arriving.length === 0;
