/** Who hears of maintenance. */
import type { Webhook } from "../../../ports/deliveries.ts";
import { Problem } from "../../../problems.ts";
import { Nothing } from "../../../wire/nothing.ts";
import { WebhookPath } from "../../../wire/paths.ts";
import { ProblemDocument } from "../../../wire/problem-document.ts";
import {
  CreateWebhook,
  toWebhookAnswer,
  toWebhookRequest,
  WebhookAnswer,
  WebhookCreated,
  WebhookQuery,
  WebhookSecret,
  WebhooksAnswer,
} from "../../../wire/webhooks.ts";
import type { RequestAccess } from "../../access.ts";
import type { App, RouteDependencies } from "../../dependencies.ts";
import { registerWebhook } from "../../register-webhook.ts";

export function webhookRoutes(app: App, dependencies: RouteDependencies): void {
  const { webhooks, clock, newSecret } = dependencies;
  const visible = async (id: string, access: RequestAccess): Promise<Webhook> => {
    const [found] = (await webhooks.list()).filter((webhook) => webhook.id === id && maySee(access, webhook));
    if (!found) throw notThere(id);
    return found;
  };

  app.post(
    "/v1/webhooks",
    {
      config: { access: { rule: "fenix:webhook:post", of: "handler" } },
      schema: {
        tags: ["webhooks"],
        summary: "Register a webhook",
        description:
          "Asking again for the same answers the one that is there. The secret of one in the format cloudevents is shown " +
          "when it is new, and never again.",
        body: CreateWebhook,
        response: { 200: WebhookCreated, default: ProblemDocument },
      },
    },
    async ({ body, access }) => {
      const asked = toWebhookRequest(body);
      access.demand(asked.project, { ...ruleFor(asked), field: "project_id" });
      const { webhook, secret } = await registerWebhook(asked, dependencies);
      return { ...toWebhookAnswer(webhook), ...(secret !== null && { secret }) };
    },
  );

  app.get(
    "/v1/webhooks",
    {
      config: { access: { rule: "fenix:webhook:get", of: "handler" } },
      schema: {
        tags: ["webhooks"],
        summary: "List the webhooks",
        querystring: WebhookQuery,
        response: { 200: WebhooksAnswer, default: ProblemDocument },
      },
    },
    async ({ query, access }) => {
      const found = await webhooks.list(query.project_id);
      return { webhooks: access.only(found, (webhook) => maySee(access, webhook)).map(toWebhookAnswer) };
    },
  );

  app.get(
    "/v1/webhooks/:webhook_id",
    {
      config: { access: { rule: "fenix:webhook:get", of: "handler" } },
      schema: {
        tags: ["webhooks"],
        summary: "See one webhook",
        params: WebhookPath,
        response: { 200: WebhookAnswer, default: ProblemDocument },
      },
    },
    async ({ params: { webhook_id }, access }) => toWebhookAnswer(await visible(webhook_id, access)),
  );

  app.post(
    "/v1/webhooks/:webhook_id/secret",
    {
      config: { access: { rule: "fenix:webhook:secret:post", of: "handler" } },
      schema: {
        tags: ["webhooks"],
        summary: "Change a webhook's secret",
        description: "For a day both sign, so that the receiver can follow when it likes.",
        params: WebhookPath,
        response: { 200: WebhookSecret, default: ProblemDocument },
      },
    },
    async ({ params: { webhook_id }, access }) => {
      const webhook = await visible(webhook_id, access);
      access.demand(webhook.project, ruleFor(webhook));
      if (webhook.format.kind !== "cloudevents")
        throw new Problem(
          "WEBHOOK_UNSIGNED",
          `what webhook ${webhook_id} is sent has the format aodh and no signature`,
        );
      const secret = newSecret();
      const oldUntil = new Date(clock.now().getTime() + OLD_SECRET_MS);
      await webhooks.changeSecret(webhook_id, secret, oldUntil);
      return { webhook_id, secret, old_secret_until: oldUntil.toISOString() };
    },
  );

  app.delete(
    "/v1/webhooks/:webhook_id",
    {
      config: { access: { rule: "fenix:webhook:delete", of: "handler" } },
      schema: {
        tags: ["webhooks"],
        summary: "Remove a webhook",
        params: WebhookPath,
        response: { 200: Nothing, default: ProblemDocument },
      },
    },
    async ({ params: { webhook_id }, access }) => {
      const webhook = await visible(webhook_id, access);
      access.demand(webhook.project, ruleFor(webhook));
      if (!(await webhooks.remove(webhook_id))) throw notThere(webhook_id);
      return {};
    },
  );
}

/** Time for a person to bring the new secret to the receiver. */
const OLD_SECRET_MS = 24 * 3_600_000;

/** Who hears of hosts and sessions learns the names of hosts, which projects do not see (invariant I12). */
const ruleFor = ({ project }: Pick<Webhook, "project">) =>
  project === null ? ({ rule: "fenix:webhook:infrastructure" } as const) : {};

const maySee = (access: RequestAccess, { project }: Webhook): boolean =>
  access.allows(project, project === null ? "fenix:webhook:infrastructure" : "fenix:webhook:get");

const notThere = (id: string): Problem => new Problem("WEBHOOK_NOT_FOUND", `there is no webhook ${id}`);
