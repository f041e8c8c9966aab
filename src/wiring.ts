/** Builds Fenix from its parts. The only file that knows every adapter; it decides nothing. */
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Logger } from "pino";
import { readPolicy } from "./access/policy.ts";
import { openQueues } from "./adapters/bullmq/queues.ts";
import { openLocalRedis } from "./adapters/bullmq/redis-server.ts";
import { threadedPlanner } from "./adapters/local/plan-in-thread.ts";
import { openMessageBus } from "./adapters/notifications/message-bus.ts";
import { notifierBy } from "./adapters/notifications/notifier.ts";
import { webhookSender } from "./adapters/notifications/webhook.ts";
import { openStackCloud } from "./adapters/openstack/cloud.ts";
import { keystoneIdentity } from "./adapters/openstack/identity.ts";
import { guardedClient } from "./adapters/outgoing/guarded-client.ts";
import { openedParts } from "./adapters/opened-parts.ts";
import { connect } from "./adapters/postgres/connect.ts";
import { openDatabaseServer } from "./adapters/postgres/embedded.ts";
import { migrate } from "./adapters/postgres/migrate.ts";
import { postgresNews } from "./adapters/postgres/news.ts";
import { postgresStore } from "./adapters/postgres/store.ts";
import { systemClock as clock } from "./adapters/system-clock.ts";
import type { Config } from "./config.ts";
import { ProjectId, SessionId } from "./domain/ids.ts";
import { continueSession } from "./engine/commands/continue-session.ts";
import { createSession } from "./engine/commands/create-session.ts";
import { deleteSession } from "./engine/commands/delete-session.ts";
import { recordReply } from "./engine/commands/record-reply.ts";
import { planMaintenance } from "./engine/commands/plan-maintenance.ts";
import { takeSnapshot } from "./engine/commands/take-snapshot.ts";
import { loadPlugins } from "./engine/load-plugins.ts";
import { buildHttp } from "./http/build-http.ts";
import { remembered } from "./http/health.ts";
import { replyTokens as signedReplyTokens } from "./wire/reply-token.ts";
import { newWebhookSecret } from "./wire/webhook-signature.ts";
import { startWorker } from "./worker/worker.ts";

const OWN_PLUGINS = fileURLToPath(new URL("../plugins/", import.meta.url));
const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
  version: string;
};

/** Which halves run in this process. Any number of processes of either kind may run. */
export interface Parts {
  readonly api: boolean;
  readonly worker: boolean;
}

export interface Fenix {
  /** Where the API listens; null without one. */
  readonly url: string | null;
  /** Stops taking requests and work, brings what runs to a safe end, and closes everything it opened. It does not hang. */
  stop(): Promise<void>;
}

/** Starts Fenix. What was opened is closed again when a later part cannot start. */
export async function startFenix(config: Config, parts: Parts, log: Logger): Promise<Fenix> {
  const { opened, close: stop } = openedParts(log);
  try {
    const say = (message: string) => log.info(message);
    // A worker lets nobody in.
    const policy = readPolicy(parts.api ? config.policyFile : undefined);
    const replyTokens = config.replyTokenSecrets === undefined ? null : signedReplyTokens(config.replyTokenSecrets);
    const plugins = await loadPlugins([OWN_PLUGINS, ...config.pluginPath]);
    const server = opened("database server", await openDatabaseServer({ ...config, say }), (it) => it.stop());
    const onIdleError = (error: Error) => log.warn({ error }, "an idle database connection broke");
    const database = opened("database", connect({ url: server.url, applicationName: "fenix", onIdleError }), (it) =>
      it.close(),
    );
    await migrate(database.db);
    const store = postgresStore(database.db, { bus: config.bus !== undefined });
    const redis =
      config.queueBackend === "redis-local"
        ? opened("local Redis", await openLocalRedis({ ...config, say }), (it) => it.stop())
        : null;
    const queues = opened(
      "queues",
      await openQueues({
        redisUrl: redis?.url ?? (config.queueBackend === "redis" ? config.redisUrl : undefined),
        databaseUrl: server.url,
        prefix: config.queuePrefix,
        concurrency: config.workerConcurrency,
        log,
      }),
      (it) => it.close(),
    );
    const cloud = opened("cloud", openStackCloud(config.openstack, { log }), (it) => it.disconnect());
    const outgoing = opened("webhooks", guardedClient({ allow: config.outgoingAllow }), (it) => it.close());
    const { wakes } = queues;
    log.info({ database: server.origin, queue: queues.backend, node: process.versions.node, version }, "parts ready");

    if (parts.worker) {
      const project = async (options: { readonly signal: AbortSignal }) =>
        config.bus?.projectId === undefined ? cloud.ownProject(options) : ProjectId.parse(config.bus.projectId);
      const bus =
        config.bus === undefined
          ? null
          : opened("message bus", openMessageBus(config.bus, { ...config, replyTokens, project, log }), (it) =>
              it.close(),
            );
      const webhooks = webhookSender({
        ...config,
        replyTokens,
        connections: outgoing.connections,
        now: () => clock.now(),
      });
      const notifier = notifierBy({ webhooks, bus });
      const onError = (error: unknown) => log.error({ error }, "work failed, and will be found again by a sweep");
      const onEffectError = (error: unknown, effect: { readonly effect: unknown }) =>
        log.error({ error, effect: effect.effect }, "an effect failed for a reason nobody foresaw");
      const onDeliveryError = (error: unknown) =>
        log.warn({ error }, "it could not be recorded what became of a delivery, which is sent again");
      const worker = startWorker({
        concurrency: config.workerConcurrency,
        consumer: queues.consumer,
        due: store.due,
        engine: { sessions: store.sessions, plugins, wakes, clock },
        performers: {
          effects: store.effects,
          cloud,
          alarms: config.bus && cloud.alarms,
          plugins,
          clock,
          outageSeconds: config.cloudOutageSeconds,
          onError: onEffectError,
        },
        delivering: { deliveries: store.deliveries, notifier, clock, random: Math.random, onError: onDeliveryError },
        onError,
      });
      opened("worker", worker, (it) => it.stop());
    }

    if (!parts.api) return { url: null, stop };
    const commanding = {
      ...store,
      plugins,
      cloud,
      wakes,
      clock,
      planner: threadedPlanner(),
      maxSessions: config.sessionsMax,
      newId: () => SessionId.parse(randomUUID()),
    };
    const identity =
      config.auth === "keystone"
        ? opened("identity", keystoneIdentity(config.openstack, { log }), (it) => it.close())
        : null;
    const http = opened(
      "HTTP",
      buildHttp({
        access: { identity, policy, replyTokens },
        commands: {
          createSession: (request) => createSession(request, commanding),
          recordReply: (request) => recordReply(request, commanding),
          continueSession: (request) => continueSession(request, commanding),
          deleteSession: (id) => deleteSession(id, commanding),
          takeSnapshot: (wanted) => takeSnapshot(wanted, commanding),
          planMaintenance: (wanted) => planMaintenance(wanted, commanding),
        },
        reports: store.reports,
        news: opened("news", postgresNews(database), (it) => it.close()),
        webhooks: store.webhooks,
        polling: store.polling,
        receivers: outgoing,
        constraints: store.constraints,
        ownership: cloud.ownership,
        health: {
          database: { required: true, check: async () => void (await database.pool.query("select 1")) },
          queue: { required: false, check: () => queues.answers() },
          cloud: remembered(
            { required: false, check: async ({ signal }) => void (await cloud.knownHosts({ signal })) },
            clock,
          ),
          ...(identity && { identity: remembered({ required: false, check: identity.check }, clock) }),
        },
        clock,
        newId: randomUUID,
        newSecret: newWebhookSecret,
        publicUrl: config.publicUrl,
        defaults: config,
        version,
        logger: log,
      }),
      (it) => it.close(),
    );
    const url = await http.listen({ host: config.host, port: config.port });
    return { url, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
