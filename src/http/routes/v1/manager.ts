/** For a project's manager that looks by itself for what is asked, so that nothing has to be sent to it. */
import type { ProjectId } from "../../../domain/ids.ts";
import { DeclareManager, Manager, ManagerPath, toManager } from "../../../wire/manager.ts";
import { ProjectSessions, toProjectSessions } from "../../../wire/project-sessions.ts";
import { ProblemDocument } from "../../../wire/problem-document.ts";
import type { App, RouteDependencies } from "../../dependencies.ts";

export function managerRoutes(app: App, { polling, reports, clock, links }: RouteDependencies): void {
  const answer = async (project: ProjectId) => toManager(project, await polling.since(project));

  app.get(
    "/v1/projects/:project_id/sessions",
    {
      config: { access: { rule: "fenix:project:sessions:get", of: "handler" } },
      schema: {
        tags: ["projects"],
        summary: "See which sessions concern a project, and what they ask it",
        description: "Sessions that have not ended, each with the questions that can be answered now.",
        params: ManagerPath,
        response: { 200: ProjectSessions, default: ProblemDocument },
      },
    },
    async ({ params: { project_id: project }, access }) => {
      access.demand(project, { field: "project_id" });
      return toProjectSessions(project, { sessions: await reports.ofProject(project), now: clock.now() }, links);
    },
  );

  app.get(
    "/v1/projects/:project_id/manager",
    {
      config: { access: { rule: "fenix:project:manager:get", of: "handler" } },
      schema: {
        tags: ["projects"],
        summary: "See whether a project's manager looks by itself for what is asked",
        params: ManagerPath,
        response: { 200: Manager, default: ProblemDocument },
      },
    },
    async ({ params: { project_id: project }, access }) => {
      access.demand(project, { field: "project_id" });
      return answer(project);
    },
  );

  app.put(
    "/v1/projects/:project_id/manager",
    {
      config: { access: { rule: "fenix:project:manager:put", of: "handler" } },
      schema: {
        tags: ["projects"],
        summary: "Declare that a project's manager looks by itself for what is asked",
        description: "Then the project counts as managed and is asked, without any webhook or event alarm.",
        params: ManagerPath,
        body: DeclareManager,
        response: { 200: Manager, default: ProblemDocument },
      },
    },
    async ({ params: { project_id: project }, body: { polls }, access }) => {
      access.demand(project, { field: "project_id" });
      if (polls) await polling.declare(project, clock.now());
      else await polling.takeBack(project);
      return answer(project);
    },
  );
}
