/** Whom SCALE_IN asks for how much: the planner shares out what is missing among those who can be asked. */
import {
  type Ask,
  type CloudFacts,
  type CloudInstance,
  type GroupId,
  groupOf,
  type InstanceGroup,
  type InstanceId,
  maxImpacted,
  type ProjectId,
  roomRequests,
  type Shortage,
  type Spare,
  type View,
} from "#sdk";
import { ask, isManaged, projectsOn } from "./consent.ts";
import { after } from "./hold.ts";

/**
 * Who is asked for room: all projects for the whole of it, as the original did, or each for its part of it, and nobody
 * else. Where the parts came to nothing, all are asked for the whole in the next round.
 */
export type AskedForRoom = "everybody" | "each_for_its_part";

/** The questions that would make the room; none when nobody can be asked. `not` were asked, and do not help. */
export function asksForRoom(
  view: View,
  facts: CloudFacts,
  { shortage, obstacles }: Shortage,
  whom: AskedForRoom,
  not: ReadonlySet<ProjectId>,
): readonly Ask[] {
  const alive = new Set(
    projectsOn(
      facts,
      facts.computes.map(({ name }) => name),
    ),
  );
  const projects = view.projects
    .map(({ id }) => id)
    .filter((id) => isManaged(view, id) && alive.has(id) && !not.has(id));
  const { spares, mayLeave } = sparesOf(view, facts, projects, new Set(obstacles.map(({ instance }) => instance)));
  const parts = new Map(roomRequests(shortage, spares, mayLeave).map((part) => [part.project, part]));
  const onlyParts = whom === "each_for_its_part" && parts.size > 0;
  const replyBy = after(view.now, view.session.options.scale_in_reply_seconds);
  return projects
    .filter((project) => !onlyParts || parts.has(project))
    .map((project) => {
      const part = parts.get(project);
      return ask(view, {
        state: "SCALE_IN",
        project,
        instances: instancesOf(facts, project).map(({ id }) => id),
        allowedActions: [],
        replyBy,
        actionsAt: replyBy,
        missing: onlyParts && part ? part.missing : shortage,
        ...(part ? { members: part.members } : {}),
      });
    });
}

/** Whether one of the projects that were asked last has fewer instances since: it has scaled in, though not enough. */
export function hasScaledIn(view: View, facts: CloudFacts): boolean {
  const asks = view.effectsOf("ask");
  const last = asks.at(-1)?.recordedAt.getTime();
  return asks
    .filter(({ recordedAt }) => recordedAt.getTime() === last)
    .some(({ effect: { question } }) => instancesOf(facts, question.project).length < question.instances.length);
}

/** In how many turns of this entry any project was asked. */
export const timesAskedInAll = (view: View): number =>
  new Set(view.effectsOf("ask").map(({ recordedAt }) => recordedAt.getTime())).size;

const instancesOf = (facts: CloudFacts, project: ProjectId): readonly CloudInstance[] =>
  facts.instances.filter((one) => one.project === project && one.host !== null);

/** What these projects have, sorted into what is alike, and how many members each group can do without. */
function sparesOf(
  view: View,
  facts: CloudFacts,
  projects: readonly ProjectId[],
  homeless: ReadonlySet<InstanceId>,
): { readonly spares: readonly Spare[]; readonly mayLeave: ReadonlyMap<GroupId, number> } {
  const spares = new Map<string, Spare>();
  const mayLeave = new Map<GroupId, number>();
  for (const project of projects)
    for (const { id, demand } of instancesOf(facts, project)) {
      const group = groupOf(view, id);
      const groupId = idOf(group);
      const limit = limitOf(view, group);
      if (groupId !== null && limit !== null) mayLeave.set(groupId, limit);
      const key = JSON.stringify([project, groupId, demand]);
      const before = spares.get(key);
      spares.set(key, {
        ...{ project, group: groupId, demand, isApart: isApart(group) },
        instances: 1 + (before?.instances ?? 0),
        isHomeless: homeless.has(id) || (before?.isHomeless ?? false),
      });
    }
  return { spares: [...spares.values()], mayLeave };
}

const idOf = (group: InstanceGroup): GroupId | null =>
  group.kind === "declared" ? group.constraints.group : group.kind === "server_group" ? group.serverGroup.id : null;

/** A member that is given up is away like one that is moved. Null: no limit. */
function limitOf(view: View, group: InstanceGroup): number | null {
  switch (group.kind) {
    case "declared":
      return Math.max(0, maxImpacted(group) - (view.impacted.get(group.constraints.group) ?? []).length);
    case "server_group":
      return maxImpacted(group);
    case "alone":
      return null;
  }
}

function isApart(group: InstanceGroup): boolean {
  if (group.kind === "alone") return false;
  if (group.kind === "declared" && group.constraints.antiAffinity) return true;
  return group.serverGroup?.policy.endsWith("anti-affinity") ?? false;
}
