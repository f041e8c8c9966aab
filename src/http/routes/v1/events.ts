/** What is told, as a stream. */
import { Readable } from "node:stream";
import { z } from "zod";
import { Problem } from "../../../problems.ts";
import { EventsQuery, LastEventId } from "../../../wire/event-stream.ts";
import { ProblemDocument } from "../../../wire/problem-document.ts";
import type { App, RouteDependencies } from "../../dependencies.ts";
import { followNews } from "../../follow-news.ts";
import { whoseNews } from "../../whose-news.ts";

/** A token may be revoked while a client listens. It is asked for again when the client comes back, which it does by itself. */
const STREAM_MS = 600_000;

/** Each costs a socket and a look at each event; one project must not take what others need. */
const STREAMS_MAX_EACH = 100;

export function eventsRoute(app: App, { news, links }: RouteDependencies): void {
  const closing = new AbortController();
  app.addHook("preClose", async () => closing.abort());
  const open = new Map<string, number>();
  const count = (whose: string, change: number) => {
    open.set(whose, (open.get(whose) ?? 0) + change);
    if (open.get(whose) === 0) open.delete(whose);
  };

  app.get(
    "/v1/events",
    {
      config: { access: { rule: "fenix:events:get", of: "handler" } },
      schema: {
        tags: ["events"],
        summary: "Follow what is told",
        description:
          "Server-sent events; the data of each is a CloudEvent, as native webhooks get it. Admins see everything, a project " +
          "what it is told. The stream ends now and then; clients connect again with Last-Event-ID and miss nothing.",
        querystring: EventsQuery,
        headers: LastEventId,
        response: {
          200: { description: "a stream", content: { "text/event-stream": { schema: z.string() } } },
          default: ProblemDocument,
        },
      },
    },
    async ({ query, headers, access }, reply) => {
      const whose = whoseNews(access, query.project_id);
      if (whose.kind === "nobody's") {
        access.demand(query.project_id ?? access.project, { field: "project_id" });
        throw new Error("a caller who may see nothing was not refused");
      }
      const key = access.project ?? "";
      if ((open.get(key) ?? 0) >= STREAMS_MAX_EACH)
        throw new Problem(
          "TOO_MANY_STREAMS",
          `${STREAMS_MAX_EACH} streams are open for this project; close one of them`,
        );
      count(key, 1);
      const gone = new AbortController();
      reply.raw.once("close", () => (gone.abort(), count(key, -1)));
      const after = headers["last-event-id"] ?? query.after ?? null;
      const signal = AbortSignal.any([gone.signal, closing.signal, AbortSignal.timeout(STREAM_MS)]);
      const stream = Readable.from(followNews({ news, links, project: whose.project, after, signal }));
      // What the schema calls a string comes in pieces.
      return reply
        .type("text/event-stream; charset=utf-8")
        .header("x-accel-buffering", "no")
        .send(stream as never);
    },
  );
}
