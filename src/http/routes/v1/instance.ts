/** What managers declare about single instances. */
import {
  DeclareInstance,
  InstanceAnswer,
  InstancesAnswer,
  toInstanceAnswer,
  toInstanceConstraints,
  toInstancesAnswer,
} from "../../../wire/instance-constraints.ts";
import { Nothing } from "../../../wire/nothing.ts";
import { ProjectPageQuery } from "../../../wire/pages.ts";
import { InstancePath } from "../../../wire/paths.ts";
import { ProblemDocument } from "../../../wire/problem-document.ts";
import { Problem } from "../../../problems.ts";
import { declareConstraints } from "../../../engine/commands/declare-constraints.ts";
import { demandOwnGroup, keptOf, own, sameAsUrl } from "../../declared.ts";
import type { App, RouteDependencies } from "../../dependencies.ts";

export function instanceRoutes(
  app: App,
  { constraints: { instances, groups }, ownership, clock }: RouteDependencies,
): void {
  app.get(
    "/v1/instance",
    {
      config: { access: { rule: "fenix:instance:get", of: "handler" } },
      schema: {
        tags: ["constraints"],
        summary: "List the instances with constraints of a project",
        querystring: ProjectPageQuery,
        response: { 200: InstancesAnswer, default: ProblemDocument },
      },
    },
    async ({ query: { project_id, ...page }, access }) => {
      access.demand(project_id, { field: "project_id" });
      return toInstancesAnswer(await instances.list(project_id, page), page.limit);
    },
  );

  app.get(
    "/v1/instance/:instance_id",
    {
      config: { access: { rule: "fenix:instance:get", of: "handler" } },
      schema: {
        tags: ["constraints"],
        summary: "See the constraints of an instance",
        params: InstancePath,
        response: { 200: InstanceAnswer, default: ProblemDocument },
      },
    },
    async ({ params: { instance_id }, access }) => {
      const [kept] = own(access, await instances.find(instance_id));
      if (!kept) throw new Problem("INSTANCE_NOT_FOUND", `nothing is declared about the instance ${instance_id}`);
      return toInstanceAnswer(kept);
    },
  );

  app.put(
    "/v1/instance/:instance_id",
    {
      config: { access: { rule: "fenix:instance:put", of: "handler" } },
      schema: {
        tags: ["constraints"],
        summary: "Declare the constraints of an instance",
        description:
          "Replaces what was declared before. Its group is declared first. Where another project has declared the instance, whoever owns it by Nova takes its place.",
        params: InstancePath,
        body: DeclareInstance,
        response: { 200: InstanceAnswer, default: ProblemDocument },
      },
    },
    async ({ params: { instance_id }, body, access, log }) => {
      access.demand(body.project_id, { field: "project_id" });
      sameAsUrl("instance_id", body.instance_id, instance_id);
      const declared = toInstanceConstraints(body);
      await demandOwnGroup(access, declared, groups);
      const declaration = await declareConstraints(declared, {
        declarations: instances,
        ownerOf: (call) => ownership.instance(instance_id, call),
        clock,
        onTakenOver: () =>
          log.warn({ instance: instance_id, project: declared.project }, "taken from a stranger by its owner"),
      });
      return toInstanceAnswer(keptOf(declaration, "instance_id", instance_id));
    },
  );

  app.delete(
    "/v1/instance/:instance_id",
    {
      config: { access: { rule: "fenix:instance:delete", of: "handler" } },
      schema: {
        tags: ["constraints"],
        summary: "Remove the constraints of an instance",
        description: "Nothing to remove is no error.",
        params: InstancePath,
        response: { 200: Nothing, default: ProblemDocument },
      },
    },
    async ({ params: { instance_id }, access }) => {
      const [kept] = own(access, await instances.find(instance_id));
      if (kept) await instances.remove(instance_id);
      return {};
    },
  );
}
