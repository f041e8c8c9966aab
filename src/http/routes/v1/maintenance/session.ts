/** A3, A4, A5: one session. */
import { ContinueSession, SessionContinued, toSessionContinued } from "../../../../wire/continue-session.ts";
import { Nothing } from "../../../../wire/nothing.ts";
import { SessionPath } from "../../../../wire/paths.ts";
import { ProblemDocument } from "../../../../wire/problem-document.ts";
import { SessionAnswer, toSessionAnswer } from "../../../../wire/session.ts";
import type { App, RouteDependencies } from "../../../dependencies.ts";
import { foundSession } from "../../../found.ts";

export function sessionRoutes(app: App, { commands, reports, links }: RouteDependencies): void {
  app.get(
    "/v1/maintenance/:session_id",
    {
      config: { access: { rule: "fenix:maintenance:session:get", of: "operator" } },
      schema: {
        tags: ["sessions"],
        summary: "See where a session stands",
        params: SessionPath,
        response: { 200: SessionAnswer, default: ProblemDocument },
      },
    },
    async ({ params }) => toSessionAnswer(foundSession(params, await reports.summary(params.session_id))),
  );

  app.put(
    "/v1/maintenance/:session_id",
    {
      config: { access: { rule: "fenix:maintenance:session:put", of: "operator" } },
      schema: {
        tags: ["sessions"],
        summary: "Continue a failed session",
        params: SessionPath,
        body: ContinueSession.nullish(),
        response: { 200: SessionContinued, default: ProblemDocument },
      },
    },
    async ({ params: { session_id: session }, body }) => {
      const { state } = await commands.continueSession({ session, state: body?.state ?? null });
      return toSessionContinued(session, state, links);
    },
  );

  app.delete(
    "/v1/maintenance/:session_id",
    {
      config: { access: { rule: "fenix:maintenance:session:delete", of: "operator" } },
      schema: {
        tags: ["sessions"],
        summary: "Forget a session",
        description: "What it is doing is brought to a safe end, and the hosts that it closed are opened again.",
        params: SessionPath,
        response: { 200: Nothing, default: ProblemDocument },
      },
    },
    async ({ params }) => {
      await commands.deleteSession(params.session_id);
      return {};
    },
  );
}
