/** Who hears of maintenance. */
import { Problem } from "../../../problems.ts";
import { Nothing } from "../../../wire/nothing.ts";
import { WebhookPath } from "../../../wire/paths.ts";
import { ProblemDocument } from "../../../wire/problem-document.ts";
import {
  CreateWebhook,
  toWebhookAnswer,
  toWebhookRequest,
  WebhookAnswer,
  WebhookQuery,
  WebhooksAnswer,
} from "../../../wire/webhooks.ts";
import type { App, RouteDependencies } from "../../dependencies.ts";
import { registerWebhook } from "../../register-webhook.ts";

export function webhookRoutes(app: App, dependencies: RouteDependencies): void {
  const { webhooks } = dependencies;

  app.post(
    "/v1/webhooks",
    {
      schema: {
        tags: ["webhooks"],
        summary: "Register a webhook",
        description: "Asking again for the same answers the one that is there.",
        body: CreateWebhook,
        response: { 200: WebhookAnswer, default: ProblemDocument },
      },
    },
    async ({ body }) => toWebhookAnswer(await registerWebhook(toWebhookRequest(body), dependencies)),
  );

  app.get(
    "/v1/webhooks",
    {
      schema: {
        tags: ["webhooks"],
        summary: "List the webhooks",
        querystring: WebhookQuery,
        response: { 200: WebhooksAnswer, default: ProblemDocument },
      },
    },
    async ({ query }) => ({ webhooks: (await webhooks.list(query.project_id)).map(toWebhookAnswer) }),
  );

  app.get(
    "/v1/webhooks/:webhook_id",
    {
      schema: {
        tags: ["webhooks"],
        summary: "See one webhook",
        params: WebhookPath,
        response: { 200: WebhookAnswer, default: ProblemDocument },
      },
    },
    async ({ params: { webhook_id } }) => {
      const webhook = (await webhooks.list()).find(({ id }) => id === webhook_id);
      if (!webhook) throw notThere(webhook_id);
      return toWebhookAnswer(webhook);
    },
  );

  app.delete(
    "/v1/webhooks/:webhook_id",
    {
      schema: {
        tags: ["webhooks"],
        summary: "Remove a webhook",
        params: WebhookPath,
        response: { 200: Nothing, default: ProblemDocument },
      },
    },
    async ({ params: { webhook_id } }) => {
      if (!(await webhooks.remove(webhook_id))) throw notThere(webhook_id);
      return {};
    },
  );
}

const notThere = (id: string): Problem => new Problem("WEBHOOK_NOT_FOUND", `there is no webhook ${id}`);
