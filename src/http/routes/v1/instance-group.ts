/** What managers declare about groups of instances. */
import {
  DeclareGroup,
  GroupAnswer,
  GroupsAnswer,
  toGroupAnswer,
  toGroupConstraints,
  toGroupsAnswer,
} from "../../../wire/instance-group.ts";
import { Nothing } from "../../../wire/nothing.ts";
import { ProjectPageQuery } from "../../../wire/pages.ts";
import { GroupPath } from "../../../wire/paths.ts";
import { ProblemDocument } from "../../../wire/problem-document.ts";
import { Problem } from "../../../problems.ts";
import { declareConstraints } from "../../../engine/commands/declare-constraints.ts";
import { declaringProject, keptOf, own, sameAsUrl } from "../../declared.ts";
import type { App, RouteDependencies } from "../../dependencies.ts";

export function instanceGroupRoutes(app: App, { constraints: { groups }, ownership, clock }: RouteDependencies): void {
  app.get(
    "/v1/instance_group",
    {
      config: { access: { rule: "fenix:instance_group:get", of: "handler" } },
      schema: {
        tags: ["constraints"],
        summary: "List the instance groups of a project",
        querystring: ProjectPageQuery,
        response: { 200: GroupsAnswer, default: ProblemDocument },
      },
    },
    async ({ query: { project_id, ...page }, access }) => {
      access.demand(project_id, { field: "project_id" });
      return toGroupsAnswer(await groups.list(project_id, page), page.limit);
    },
  );

  app.get(
    "/v1/instance_group/:group_id",
    {
      config: { access: { rule: "fenix:instance_group:get", of: "handler" } },
      schema: {
        tags: ["constraints"],
        summary: "See the constraints of an instance group",
        params: GroupPath,
        response: { 200: GroupAnswer, default: ProblemDocument },
      },
    },
    async ({ params: { group_id }, access }) => {
      const [kept] = own(access, await groups.find(group_id));
      if (!kept) throw new Problem("GROUP_NOT_FOUND", `nothing is declared about the instance group ${group_id}`);
      return toGroupAnswer(kept);
    },
  );

  app.put(
    "/v1/instance_group/:group_id",
    {
      config: { access: { rule: "fenix:instance_group:put", of: "handler" } },
      schema: {
        tags: ["constraints"],
        summary: "Declare the constraints of an instance group",
        description:
          "Replaces what was declared before; its members stay. It is the project's that the body names where the caller may act for it, and else the caller's own.",
        params: GroupPath,
        body: DeclareGroup,
        response: { 200: GroupAnswer, default: ProblemDocument },
      },
    },
    async ({ params: { group_id }, body, access, log }) => {
      const project = declaringProject(access, body.project_id);
      sameAsUrl("group_id", body.group_id, group_id);
      const declared = { ...toGroupConstraints(body), project };
      const declaration = await declareConstraints(declared, {
        declarations: groups,
        ownerOf: (call) => ownership.group(group_id, call),
        clock,
        onTakenOver: () =>
          log.warn({ group: group_id, project: declared.project }, "taken from a stranger by its owner"),
      });
      return toGroupAnswer(keptOf(declaration, "group_id", group_id));
    },
  );

  app.delete(
    "/v1/instance_group/:group_id",
    {
      config: { access: { rule: "fenix:instance_group:delete", of: "handler" } },
      schema: {
        tags: ["constraints"],
        summary: "Remove the constraints of an instance group",
        description: "Its members stay, each on its own. Nothing to remove is no error.",
        params: GroupPath,
        response: { 200: Nothing, default: ProblemDocument },
      },
    },
    async ({ params: { group_id }, access }) => {
      const [kept] = own(access, await groups.find(group_id));
      if (kept) await groups.remove(group_id);
      return {};
    },
  );
}
