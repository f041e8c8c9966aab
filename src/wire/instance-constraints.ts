/** C1 to C3, `/v1/instance/{instance_id}`: what a manager declares about one instance (reference §2.5). */
import { z } from "zod";
import type { InstanceConstraints } from "../domain/constraint.ts";
import { GroupId, InstanceId, ProjectId } from "../domain/ids.ts";
import { InstanceAction } from "../domain/session.ts";
import type { Kept } from "../ports/constraints.ts";
import { ConstraintSeconds, DeclaredName } from "./constraint-limits.ts";
import { NextPage, nextPage } from "./pages.ts";
import { Time, formatTime } from "./times.ts";
import { YamlBoolean, YamlWord } from "./yaml-text.ts";

/** Doctor and Tacker send all eight keys; others besides them do no harm. */
export const DeclareInstance = z
  .object({
    instance_id: InstanceId.describe("the same as in the URL"),
    project_id: ProjectId,
    group_id: GroupId.nullable().describe("a group declared before; null: the instance is alone"),
    instance_name: DeclaredName,
    max_interruption_time: ConstraintSeconds.describe("seconds that a live migration may interrupt it"),
    migration_type: z.preprocess(
      // Doctor's word before February 2020.
      (value) => (value === "MIGRATION" ? "MIGRATE" : value),
      YamlWord(InstanceAction),
    ),
    resource_mitigation: YamlBoolean.describe("there shall be room for a replacement while it is moved"),
    lead_time: ConstraintSeconds.describe("seconds that the manager needs before it is moved"),
    replaces: InstanceId.optional().describe(
      "the instance that it was made to take the place of, such as by an OWN_ACTION: both are one member of their group",
    ),
  })
  .refine(({ instance_id, replaces }) => instance_id !== replaces, {
    path: ["replaces"],
    error: "no instance takes its own place",
  })
  .meta({ id: "DeclareInstance" });

export const InstanceAnswer = z
  .object({
    instance_id: z.string(),
    project_id: z.string(),
    group_id: z.string().nullable().describe("null: it was declared alone, or its group was removed"),
    instance_name: z.string(),
    max_interruption_time: z.int(),
    migration_type: InstanceAction,
    resource_mitigation: z.boolean(),
    lead_time: z.int(),
    replaces: z.string().optional().describe("the instance whose place it took; kept when the rest is declared again"),
    created_at: Time,
    updated_at: Time,
  })
  .meta({ id: "InstanceConstraints" });

export const InstancesAnswer = z
  .object({ instances: z.array(InstanceAnswer).describe("by id"), next: NextPage })
  .meta({ id: "InstanceConstraintsPage" });

export const toInstanceConstraints = (body: z.infer<typeof DeclareInstance>): InstanceConstraints => ({
  instance: body.instance_id,
  project: body.project_id,
  group: body.group_id,
  name: body.instance_name,
  maxInterruptionSeconds: body.max_interruption_time,
  migrationType: body.migration_type,
  resourceMitigation: body.resource_mitigation,
  leadTimeSeconds: body.lead_time,
  ...(body.replaces === undefined ? {} : { replaces: body.replaces }),
});

export const toInstanceAnswer = (kept: Kept<InstanceConstraints>): z.infer<typeof InstanceAnswer> => ({
  instance_id: kept.instance,
  project_id: kept.project,
  group_id: kept.group,
  instance_name: kept.name,
  max_interruption_time: kept.maxInterruptionSeconds,
  migration_type: kept.migrationType,
  resource_mitigation: kept.resourceMitigation,
  lead_time: kept.leadTimeSeconds,
  ...(kept.replaces === undefined ? {} : { replaces: kept.replaces }),
  created_at: formatTime(kept.createdAt),
  updated_at: formatTime(kept.updatedAt),
});

export const toInstancesAnswer = (
  page: readonly Kept<InstanceConstraints>[],
  limit: number,
): z.infer<typeof InstancesAnswer> => ({
  instances: page.map(toInstanceAnswer),
  next: nextPage(
    page.map(({ instance }) => instance),
    limit,
  ),
});
