/** What happened to one session: JSON for programs, lines of text for people who ask for text/plain. */
import { z } from "zod";
import { SessionPath } from "../../../../wire/paths.ts";
import { ProblemDocument } from "../../../../wire/problem-document.ts";
import { Timeline, TimelineQuery, timelineText, toTimeline } from "../../../../wire/timeline.ts";
import type { App, RouteDependencies } from "../../../dependencies.ts";
import { foundSession } from "../../../found.ts";

export function timelineRoute(app: App, { reports }: RouteDependencies): void {
  app.get(
    "/v1/maintenance/:session_id/timeline",
    {
      config: { access: { rule: "fenix:maintenance:session:timeline:get", of: "operator" } },
      schema: {
        tags: ["sessions"],
        summary: "See what happened to a session",
        params: SessionPath,
        querystring: TimelineQuery,
        response: {
          200: {
            description: "JSON, or text when only text/plain is accepted",
            content: { "application/json": { schema: Timeline }, "text/plain": { schema: z.string() } },
          },
          default: ProblemDocument,
        },
      },
    },
    async ({ params, query: { after, limit }, headers }, reply) => {
      const entries = foundSession(params, await reports.timeline(params.session_id, after, limit));
      if (asksForText(headers.accept)) return reply.type("text/plain; charset=utf-8").send(timelineText(entries));
      return reply.type("application/json; charset=utf-8").send(toTimeline(entries, after));
    },
  );
}

const asksForText = (accept = ""): boolean => accept.includes("text/plain") && !accept.includes("application/json");
