/** P1, P2, P3: what a session means for one project, and what the project replies. */
import { InstanceReplyPath, ProjectPath, ReplyTokenQuery } from "../../../../wire/paths.ts";
import { ProblemDocument } from "../../../../wire/problem-document.ts";
import { ProjectInstances, toProjectInstances } from "../../../../wire/project-instances.ts";
import { ProjectReplied, ProjectReply, toReply } from "../../../../wire/project-reply.ts";
import type { App, RouteDependencies } from "../../../dependencies.ts";
import { foundSession, projectMissing } from "../../../found.ts";

export function projectRoutes(app: App, { commands, reports, clock, links }: RouteDependencies): void {
  app.get(
    "/v1/maintenance/:session_id/:project_id",
    {
      config: { access: { rule: "fenix:maintenance:session:project:get", of: "path", replyToken: true } },
      schema: {
        tags: ["projects"],
        summary: "See which instances are affected, and what is asked",
        params: ProjectPath,
        querystring: ReplyTokenQuery,
        response: { 200: ProjectInstances, default: ProblemDocument },
      },
    },
    async ({ params }) => {
      const { session_id: session, project_id: project } = params;
      const report = await reports.project(session, project);
      if (report === undefined) {
        foundSession(params, await reports.summary(session));
        throw projectMissing(params);
      }
      return toProjectInstances({ session, project, report, now: clock.now() }, links);
    },
  );

  app.put(
    "/v1/maintenance/:session_id/:project_id",
    {
      config: { access: { rule: "fenix:maintenance:session:project:put", of: "path", replyToken: true } },
      schema: {
        tags: ["projects"],
        summary: "Reply to what a project was asked",
        description:
          "200 means that the reply is kept. One that is late, repeated, or answers something else is kept too and has no effect. Where instances are asked about one by one, `instance_actions` answers for those that it names.",
        params: ProjectPath,
        querystring: ReplyTokenQuery,
        body: ProjectReply,
        response: { 200: ProjectReplied, default: ProblemDocument },
      },
    },
    async ({ params: { session_id: session, project_id: project }, body, access }) => {
      await commands.recordReply({ session, project, instance: null, question: access.question, ...toReply(body) });
      return body;
    },
  );

  app.put(
    "/v1/maintenance/:session_id/:project_id/:instance_id",
    {
      config: { access: { rule: "fenix:maintenance:session:project:instance:put", of: "path", replyToken: true } },
      schema: {
        tags: ["projects"],
        summary: "Reply to what a project was asked about one instance",
        description:
          "200 means that the reply is kept. Until Fenix acts on it and the reply window ends, another one takes its place.",
        params: InstanceReplyPath,
        querystring: ReplyTokenQuery,
        body: ProjectReply,
        response: { 200: ProjectReplied, default: ProblemDocument },
      },
    },
    async ({ params: { session_id: session, project_id: project, instance_id: instance }, body, access }) => {
      await commands.recordReply({ session, project, instance, question: access.question, ...toReply(body) });
      return body;
    },
  );
}
