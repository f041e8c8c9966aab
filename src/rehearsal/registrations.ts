/** What a manager sends before it is asked anything: its webhook, and what must hold for its instances. */
import { randomUUID } from "node:crypto";
import type { FastifyInstance, FastifyReply } from "fastify";
import { z } from "zod";
import { problems } from "../problems.ts";
import { DeclareInstance } from "../wire/instance-constraints.ts";
import { DeclareGroup } from "../wire/instance-group.ts";
import { DeclareManager, toManager } from "../wire/manager.ts";
import { problemDocument } from "../wire/problem-document.ts";
import { formatTime } from "../wire/times.ts";
import { CreateWebhook, toWebhookAnswer, toWebhookRequest } from "../wire/webhooks.ts";
import type { Fault } from "./asked.ts";
import { type Format, signedWith } from "./letters.ts";

export interface Registered {
  readonly url: string;
  readonly project: string | null;
  readonly format: Format;
}

/** Resolves with the first webhook that is registered. What does not fit is answered 422 as by Fenix, and is a fault. */
export function takeRegistrations(app: FastifyInstance, wrong: (fault: Fault) => void): Promise<Registered> {
  let tell: (registered: Registered) => void;
  const first = new Promise<Registered>((resolve) => (tell = resolve));
  const checked = <Schema extends z.ZodType>(schema: Schema, body: unknown, reply: FastifyReply) => {
    const parsed = schema.safeParse(body);
    if (parsed.success) return parsed.data;
    const why = z.prettifyError(parsed.error);
    wrong({ kind: "unfit", text: `sent ${JSON.stringify(body)}, which Fenix refuses: ${why}` });
    void reply.status(problems.BODY_INVALID.status).send(problemDocument("BODY_INVALID", why));
    return null;
  };

  // The one that registers is the only one: what an earlier life of it left behind is not here.
  app.get("/v1/webhooks", async () => ({ webhooks: [] }));
  app.delete("/v1/webhooks/:webhook", async () => ({}));
  app.post("/v1/webhooks", (request, reply) => {
    const asked = checked(CreateWebhook, request.body, reply);
    if (asked === null) return reply;
    const { format, ...webhook } = toWebhookRequest(asked);
    const wanted: Format = format === "cloudevents" ? signedWith() : { kind: "aodh" };
    tell({ url: webhook.url, project: webhook.project, format: wanted });
    const created = { id: randomUUID(), createdAt: new Date(), off: null, failingSince: null };
    const kept = wanted.kind === "aodh" ? wanted : { ...wanted, oldSecret: null };
    const shown = wanted.kind === "aodh" ? {} : { secret: wanted.secret };
    return reply.send({ ...toWebhookAnswer({ ...webhook, ...created, format: kept }), ...shown });
  });

  // Nothing is open before the first message.
  app.get("/v1/projects/:project/sessions", (request, reply) => {
    const { project } = request.params as { readonly project: string };
    return reply.send({ project_id: project, sessions: [] });
  });
  app.put("/v1/projects/:project/manager", (request, reply) => {
    const declared = checked(DeclareManager, request.body, reply);
    if (declared === null) return reply;
    const { project } = request.params as { readonly project: string };
    return reply.send(toManager(project, declared.polls ? new Date() : null));
  });

  for (const [path, schema] of [
    ["/v1/instance/:id", DeclareInstance],
    ["/v1/instance_group/:id", DeclareGroup],
  ] as const) {
    app.put(path, (request, reply) => {
      const declared = checked(schema, request.body, reply);
      if (declared === null) return reply;
      const at = formatTime(new Date());
      return reply.send({ ...declared, created_at: at, updated_at: at });
    });
    app.delete(path, async () => ({}));
  }
  return first;
}
