/** The HTTP door: a Fastify app that checks what comes, asks the engine or reads a report, and gives it its shape. */
import Fastify, { LogController } from "fastify";
import { serializerCompiler, type ZodTypeProvider } from "fastify-type-provider-zod";
import { linksFrom } from "../wire/links.ts";
import { guard } from "./access.ts";
import { closeInTime } from "./close-in-time.ts";
import type { App, HttpDependencies } from "./dependencies.ts";
import { setHeaders } from "./headers.ts";
import { validate } from "./invalid-request.ts";
import { acceptJsonOnly } from "./json-body.ts";
import { describeApi } from "./openapi.ts";
import { answerProblem } from "./problem-answers.ts";
import { healthRoutes } from "./routes/health.ts";
import { openapiRoute } from "./routes/openapi.ts";
import { cloudRoute } from "./routes/v1/cloud.ts";
import { instanceGroupRoutes } from "./routes/v1/instance-group.ts";
import { instanceRoutes } from "./routes/v1/instance.ts";
import { eventsRoute } from "./routes/v1/events.ts";
import { detailRoute } from "./routes/v1/maintenance/detail.ts";
import { maintenanceRoutes } from "./routes/v1/maintenance/index.ts";
import { notificationsRoute } from "./routes/v1/maintenance/notifications.ts";
import { managerRoutes } from "./routes/v1/manager.ts";
import { planRoute } from "./routes/v1/maintenance/plan.ts";
import { projectRoutes } from "./routes/v1/maintenance/project.ts";
import { sessionRoutes } from "./routes/v1/maintenance/session.ts";
import { timelineRoute } from "./routes/v1/maintenance/timeline.ts";
import { webhookRoutes } from "./routes/v1/webhooks.ts";
import { answerUnknownUrls } from "./unknown-urls.ts";

/** A session over 10,000 hosts fits in easily. */
const BODY_MAX_BYTES = 1_048_576;

/** Longer than any honest request takes to arrive; a slow one must not hold a connection for ever. */
const REQUEST_WITHIN_MS = 30_000;

/** The longest project id, each of its characters percent-encoded. */
const PARAMETER_MAX = 64 * 12;

/** Builds the app; `listen` and `close` are the caller's. Throws when `publicUrl` is too long to be told to projects. */
export function buildHttp(dependencies: HttpDependencies): App {
  const { logger, newId, publicUrl } = dependencies;
  const links = linksFrom(publicUrl);
  const app: App = Fastify({
    loggerInstance: logger,
    // One line for a request is enough, and headers.ts writes it.
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: BODY_MAX_BYTES,
    requestTimeout: REQUEST_WITHIN_MS,
    // Published with slashes and without (reference §2.1).
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: PARAMETER_MAX },
    // The oldest clients know no version (reference §6.11, K16).
    rewriteUrl: ({ url = "/" }) => (/^\/maintenance(?=[/?]|$)/.test(url) ? `/v1${url}` : url),
    genReqId: () => `req-${newId()}`,
    frameworkErrors: answerProblem,
  }).withTypeProvider<ZodTypeProvider>();

  app.setValidatorCompiler(validate);
  app.setSerializerCompiler(serializerCompiler);
  app.setErrorHandler(answerProblem);
  setHeaders(app);
  guard(app, dependencies);
  acceptJsonOnly(app);
  answerUnknownUrls(app);
  closeInTime(app);
  describeApi(app, dependencies);
  // In a plugin, so that they are made after the description listens for them.
  app.register(async (routes: App) => {
    const given = { ...dependencies, links };
    maintenanceRoutes(routes, given);
    planRoute(routes, given);
    sessionRoutes(routes, given);
    detailRoute(routes, given);
    timelineRoute(routes, given);
    notificationsRoute(routes, given);
    projectRoutes(routes, given);
    cloudRoute(routes, given);
    instanceRoutes(routes, given);
    instanceGroupRoutes(routes, given);
    webhookRoutes(routes, given);
    managerRoutes(routes, given);
    eventsRoute(routes, given);
    healthRoutes(routes, given);
    openapiRoute(routes);
  });
  return app;
}
