/** The formats of cloud snapshots and plans, as far as the checker reads them. All times in seconds from the plan's start. */

export type Amounts = Readonly<Record<string, number>>;

export interface CloudSnapshot {
  readonly defaults: {
    readonly action_seconds: number;
    readonly outbound_moves: number;
    readonly inbound_moves: number;
    readonly move_seconds: number;
  };
  readonly hosts: readonly SnapshotHost[];
  readonly instances: readonly SnapshotInstance[];
  readonly groups: readonly SnapshotGroup[];
  readonly session: {
    readonly hosts: readonly string[];
    readonly objective: string;
    readonly max_hosts_at_once: number | null;
    readonly max_hosts_at_once_per_zone: number | null;
    readonly max_moves_at_once: number | null;
    readonly reserve: Amounts;
    readonly window_seconds: number | null;
  };
}

export interface SnapshotHost {
  readonly host: string;
  readonly type: string;
  readonly zone?: string | null | undefined;
  readonly enabled: boolean;
  readonly capacity: Amounts;
  readonly action_seconds?: number | undefined;
  readonly outbound_moves?: number | undefined;
  readonly inbound_moves?: number | undefined;
}

export interface SnapshotInstance {
  readonly instance: string;
  readonly project: string;
  readonly host: string;
  readonly group?: string | null | undefined;
  readonly demand: Amounts;
  readonly move_seconds?: number | undefined;
  readonly lead_seconds?: number | undefined;
  readonly allowed_hosts?: readonly string[] | undefined;
}

export interface SnapshotGroup {
  readonly group: string;
  readonly project: string;
  readonly max_impacted_members: number;
  readonly recovery_seconds: number;
  readonly anti_affinity?: boolean | undefined;
  readonly max_instances_per_host?: number | undefined;
}

export interface Plan {
  readonly version: number;
  readonly digest: string;
  readonly objective: string;
  readonly feasible: boolean;
  readonly makespan_seconds: number;
  readonly lower_bound: {
    readonly capacity_time: number;
    readonly capacity_time_closed: number;
    readonly host_chain: number;
    readonly group_chain: number;
    readonly operator_limit: number;
    readonly best: number;
    readonly tight?: number | undefined;
  };
  readonly ratio: number | null;
  readonly ratio_closed: number | null;
  readonly hosts: readonly PlannedHost[];
  readonly moves: readonly PlannedMove[];
  readonly scale_in: readonly { readonly project: string; readonly instances: number }[];
  readonly blocked: readonly { readonly host: string; readonly reasons: readonly { readonly text: string }[] }[];
}

export interface PlannedHost {
  readonly host: string;
  readonly wave: number;
  readonly drain_start: number;
  readonly empty_at: number;
  readonly action_start: number;
  readonly action_end: number;
}

export interface PlannedMove {
  readonly instance: string;
  readonly from: string;
  readonly to: string;
  readonly start: number;
  readonly end: number;
}
