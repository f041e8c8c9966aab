/** What must hold for a project's instances while Fenix moves them, in the words of a program and as Fenix takes it. */
import { z } from "zod";
import { Action } from "./callback.ts";

/** Instances that do the same work, and how many of them may be away from it. */
export interface Group {
  /** The id of the Nova server group where there is one, else any UUID. */
  readonly id: string;
  readonly name: string;
  /** Its members are on different hosts, at most `perHostMax` on one. */
  readonly antiAffinity: boolean;
  /** Counts with `antiAffinity` only. */
  readonly perHostMax: number;
  /** Members that may be moving or recovering at the same time; at least 1. */
  readonly impactedMax: number;
  /** Until a moved member does its work fully again. */
  readonly recoverySeconds: number;
}

export interface Instance {
  readonly id: string;
  readonly name: string;
  /** A group declared before; null: it is alone. */
  readonly groupId: string | null;
  /** What is done to it where the manager names nothing else. */
  readonly action: Action;
  /** How long before its move its manager has to hear of it. */
  readonly leadSeconds: number;
  /** How long a live migration may interrupt it. */
  readonly interruptionSecondsMax: number;
  /** The instance whose place it took, such as by an OWN_ACTION: both are one member of their group then. */
  readonly replaces?: string;
}

/** A new instance, and the one whose place it takes. */
export interface Replacement {
  readonly id: string;
  readonly name: string;
  readonly replaces: string;
}

/** The body of `PUT /v1/instance_group/{group_id}`. */
export const groupBody = (project: string, group: Group) => ({
  group_id: group.id,
  project_id: project,
  group_name: group.name,
  anti_affinity_group: group.antiAffinity,
  max_instances_per_host: group.perHostMax,
  max_impacted_members: group.impactedMax,
  recovery_time: group.recoverySeconds,
  resource_mitigation: true,
});

/** The body of `PUT /v1/instance/{instance_id}`. */
export const instanceBody = (project: string, instance: Instance) => ({
  instance_id: instance.id,
  project_id: project,
  group_id: instance.groupId,
  instance_name: instance.name,
  max_interruption_time: instance.interruptionSecondsMax,
  migration_type: instance.action,
  resource_mitigation: true,
  lead_time: instance.leadSeconds,
  ...(instance.replaces !== undefined && { replaces: instance.replaces }),
});

/** What is declared about an instance, as far as it holds for the one that takes its place. */
export const Declared = z.object({
  group_id: z.string().nullable(),
  max_interruption_time: z.number(),
  migration_type: Action,
  resource_mitigation: z.boolean(),
  lead_time: z.number(),
});
type Declared = z.infer<typeof Declared>;

/** Where nothing was declared about the old one, nothing is asked for the new one. A day is the longest that can be declared. */
const nothing: Declared = {
  group_id: null,
  max_interruption_time: 86_400,
  migration_type: "MIGRATE",
  resource_mitigation: false,
  lead_time: 0,
};

/** The body of `PUT /v1/instance/{instance_id}` for one that takes another's place: what was declared of that one holds on. */
export const replacementBody = (project: string, { id, name, replaces }: Replacement, old: Declared | null) => ({
  ...(old ?? nothing),
  instance_id: id,
  project_id: project,
  instance_name: name,
  replaces,
});
