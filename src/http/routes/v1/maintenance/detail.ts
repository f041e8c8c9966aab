/** A6: everything about one session. */
import { SessionPath } from "../../../../wire/paths.ts";
import { ProblemDocument } from "../../../../wire/problem-document.ts";
import { SessionDetailAnswer, toSessionDetail } from "../../../../wire/session-detail.ts";
import type { App, RouteDependencies } from "../../../dependencies.ts";
import { foundSession } from "../../../found.ts";

export function detailRoute(app: App, { reports, clock }: RouteDependencies): void {
  app.get(
    "/v1/maintenance/:session_id/detail",
    {
      config: { access: { rule: "fenix:maintenance:session:detail:get", of: "operator" } },
      schema: {
        tags: ["sessions"],
        summary: "See everything about a session",
        params: SessionPath,
        response: { 200: SessionDetailAnswer, default: ProblemDocument },
      },
    },
    async ({ params }) => toSessionDetail(foundSession(params, await reports.detail(params.session_id)), clock.now()),
  );
}
