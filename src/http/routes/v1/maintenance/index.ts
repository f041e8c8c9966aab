/** A1, A2: all sessions. */
import {
  createSessionBody,
  SessionCreated,
  toSessionCreated,
  toSessionRequest,
} from "../../../../wire/create-session.ts";
import { ProblemDocument } from "../../../../wire/problem-document.ts";
import { SessionsAnswer, toSessionsAnswer } from "../../../../wire/sessions.ts";
import type { App, RouteDependencies } from "../../../dependencies.ts";

export function maintenanceRoutes(app: App, { commands, reports, defaults }: RouteDependencies): void {
  app.post(
    "/v1/maintenance",
    {
      config: { access: { rule: "fenix:maintenance:post", of: "operator" } },
      schema: {
        tags: ["sessions"],
        summary: "Create a maintenance session",
        body: createSessionBody(defaults),
        response: { 200: SessionCreated, default: ProblemDocument },
      },
    },
    async ({ body }) => {
      const { id } = await commands.createSession(toSessionRequest(body));
      return toSessionCreated(id);
    },
  );

  app.get(
    "/v1/maintenance",
    {
      config: { access: { rule: "fenix:maintenance:get", of: "operator" } },
      schema: {
        tags: ["sessions"],
        summary: "List the sessions",
        response: { 200: SessionsAnswer, default: ProblemDocument },
      },
    },
    async () => toSessionsAnswer(await reports.list()),
  );
}
