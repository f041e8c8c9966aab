/** What a session told others, and what became of it. */
import { SessionPath } from "../../../../wire/paths.ts";
import { ProblemDocument } from "../../../../wire/problem-document.ts";
import { NotificationsQuery, ToldNotifications, toToldNotifications } from "../../../../wire/told-notifications.ts";
import type { App, RouteDependencies } from "../../../dependencies.ts";
import { foundSession } from "../../../found.ts";
import { whoseNews } from "../../../whose-news.ts";

export function notificationsRoute(app: App, { reports }: RouteDependencies): void {
  app.get(
    "/v1/maintenance/:session_id/notifications",
    {
      config: { access: { rule: "fenix:maintenance:session:notifications:get", of: "handler" } },
      schema: {
        tags: ["sessions"],
        summary: "See what was told, to whom, and whether it arrived",
        description: "A project sees what was told to it, and its own receivers.",
        params: SessionPath,
        querystring: NotificationsQuery,
        response: { 200: ToldNotifications, default: ProblemDocument },
      },
    },
    async ({ params, query: { after, limit, project_id }, access }) => {
      const whose = whoseNews(access, project_id);
      const told =
        whose.kind === "nobody's"
          ? undefined
          : await reports.notifications(params.session_id, { project: whose.project, after, limit });
      return toToldNotifications(foundSession(params, told), after);
    },
  );
}
