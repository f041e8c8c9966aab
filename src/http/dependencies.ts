/** What the HTTP door needs from the rest of Fenix. */
import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from "fastify";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import type { Clock } from "../ports/clock.ts";
import type { Constraints } from "../ports/constraints.ts";
import type { Webhooks } from "../ports/deliveries.ts";
import type { News } from "../ports/news.ts";
import type { Ownership } from "../ports/ownership.ts";
import type { Polling } from "../ports/polling.ts";
import type { Receivers } from "../ports/receivers.ts";
import type { Reports } from "../ports/reports.ts";
import type { OptionDefaults } from "../wire/create-session.ts";
import type { Links } from "../wire/links.ts";
import type { AccessControl } from "./access.ts";
import type { Commands } from "./commands.ts";
import type { HealthCheck } from "./health.ts";

export interface HttpDependencies {
  readonly access: AccessControl;
  readonly commands: Commands;
  readonly reports: Reports;
  readonly news: News;
  readonly webhooks: Webhooks;
  readonly polling: Polling;
  readonly receivers: Receivers;
  readonly constraints: Constraints;
  readonly ownership: Ownership;
  /** By the name under which people see them: database, queue, cloud. */
  readonly health: Readonly<Record<string, HealthCheck>>;
  readonly clock: Clock;
  /** A new UUID version 4. */
  readonly newId: () => string;
  /** A new secret with which a webhook is signed. */
  readonly newSecret: () => string;
  /** Put before the path of every link given to others. */
  readonly publicUrl: string;
  readonly defaults: OptionDefaults;
  readonly version: string;
  readonly logger: FastifyBaseLogger;
}

export type App = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  ZodTypeProvider
>;

/** What routes get: the links are made once. */
export interface RouteDependencies extends HttpDependencies {
  readonly links: Links;
}
