/** C4 to C6, `/v1/instance_group/{group_id}`: what a manager declares about a group of instances (reference §2.5). */
import { z } from "zod";
import type { GroupConstraints } from "../domain/constraint.ts";
import { GroupId, ProjectId } from "../domain/ids.ts";
import type { Kept } from "../ports/constraints.ts";
import { ConstraintSeconds, DeclaredName, ImpactedMembers, PerHost } from "./constraint-limits.ts";
import { NextPage, nextPage } from "./pages.ts";
import { Time, formatTime } from "./times.ts";
import { YamlBoolean } from "./yaml-text.ts";

/** Doctor and Tacker send all eight keys; others besides them do no harm. */
export const DeclareGroup = z
  .object({
    group_id: GroupId.describe("the same as in the URL; the server group's id where Nova has one"),
    project_id: ProjectId,
    group_name: DeclaredName,
    anti_affinity_group: YamlBoolean.describe("its members are on different hosts"),
    max_instances_per_host: PerHost.describe("counts with anti_affinity_group only; 0: one"),
    max_impacted_members: ImpactedMembers.describe(
      "how many may be moving, recovering, or not serving for another reason, at the same time",
    ),
    recovery_time: ConstraintSeconds.describe("seconds until a moved member does its work fully again"),
    resource_mitigation: YamlBoolean.describe(
      "there shall be room for a replacement of each member while that is moved",
    ),
  })
  .meta({ id: "DeclareGroup" });

export const GroupAnswer = z
  .object({
    group_id: z.string(),
    project_id: z.string(),
    group_name: z.string(),
    anti_affinity_group: z.boolean(),
    max_instances_per_host: z.int(),
    max_impacted_members: z.int(),
    recovery_time: z.int(),
    resource_mitigation: z.boolean(),
    created_at: Time,
    updated_at: Time,
  })
  .meta({ id: "GroupConstraints" });

export const GroupsAnswer = z
  .object({ instance_groups: z.array(GroupAnswer).describe("by id"), next: NextPage })
  .meta({ id: "GroupConstraintsPage" });

export const toGroupConstraints = (body: z.infer<typeof DeclareGroup>): GroupConstraints => ({
  group: body.group_id,
  project: body.project_id,
  name: body.group_name,
  antiAffinity: body.anti_affinity_group,
  maxInstancesPerHost: body.max_instances_per_host,
  maxImpactedMembers: body.max_impacted_members,
  recoveryTimeSeconds: body.recovery_time,
  resourceMitigation: body.resource_mitigation,
});

export const toGroupAnswer = (kept: Kept<GroupConstraints>): z.infer<typeof GroupAnswer> => ({
  group_id: kept.group,
  project_id: kept.project,
  group_name: kept.name,
  anti_affinity_group: kept.antiAffinity,
  max_instances_per_host: kept.maxInstancesPerHost,
  max_impacted_members: kept.maxImpactedMembers,
  recovery_time: kept.recoveryTimeSeconds,
  resource_mitigation: kept.resourceMitigation,
  created_at: formatTime(kept.createdAt),
  updated_at: formatTime(kept.updatedAt),
});

export const toGroupsAnswer = (
  page: readonly Kept<GroupConstraints>[],
  limit: number,
): z.infer<typeof GroupsAnswer> => ({
  instance_groups: page.map(toGroupAnswer),
  next: nextPage(
    page.map(({ group }) => group),
    limit,
  ),
});
