/**
 * OpenStack's message bus: notifications as oslo.messaging sends them (src/wire/oslo-notification.ts), each confirmed by
 * the broker before it counts as told. While the broker is away, publishing fails at once, and the outbox keeps what
 * there is to tell.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import { type Channel, Connection } from "rabbitmq-client";
import type { ProjectId } from "../../domain/ids.ts";
import type { Event } from "../../wire/event-payload.ts";
import { linksFrom } from "../../wire/links.ts";
import { type Envelope, osloNotification, routingKeyOf } from "../../wire/oslo-notification.ts";
import type { ReplyTokens } from "../../wire/reply-token.ts";
import { type BusAddress, readBusAddress } from "./bus-address.ts";

export interface BusOptions {
  /** oslo.messaging's `transport_url`, or an AMQP URL. */
  readonly url: string;
  /** The deployment's `control_exchange`; nova, openstack … */
  readonly exchange: string;
  /** The deployment's topic of notifications. */
  readonly topic: string;
  /** As the deployment declares its exchange and queue; where they are there already, they are taken as they are. */
  readonly durable: boolean;
  readonly quorum: boolean;
  readonly envelope: Envelope;
}

export interface BusContext {
  /** Put before the path of every link. */
  readonly publicUrl: string;
  /** Null: the links that are told carry none. */
  readonly replyTokens: ReplyTokens | null;
  /** The id of the project whose alarms hear of hosts and sessions (reference §6.11, K13). */
  readonly project: (options: { readonly signal: AbortSignal }) => Promise<ProjectId | null>;
  readonly log: Log;
}

interface Log {
  info(fields: Readonly<Record<string, unknown>>, message: string): void;
  warn(fields: Readonly<Record<string, unknown>>, message: string): void;
}

export interface MessageBus {
  /** Resolves when the broker has it in a queue; throws otherwise, also when no queue takes it. */
  publish(event: Event, options: { readonly signal: AbortSignal }): Promise<void>;
  close(): Promise<void>;
}

/** A broker that is out of memory keeps its connections and takes nothing; then the outbox tries again. */
const CONFIRM_WITHIN_MS = 10_000;
/** A broker that is gone without a word is noticed after two of these. */
const HEARTBEAT_S = 10;
const CONNECT_MS = 5_000;
const RETRY_MS = { low: 500, high: 5_000 };
const CLOSE_WITHIN_MS = 3_000;

/** Connects, and goes on trying while the broker is away. Throws when the URL names no broker. */
export function openMessageBus(options: BusOptions, { publicUrl, replyTokens, project, log }: BusContext): MessageBus {
  const links = linksFrom(publicUrl, replyTokens);
  const routingKey = routingKeyOf(options.topic);
  const connection = connect(readBusAddress(options.url), log);
  let opening: Promise<OpenChannel> | null = null;

  const open = async (): Promise<OpenChannel> => {
    const known = await opening?.catch(() => null);
    if (known?.channel.active) return known;
    opening = openChannel(connection, options);
    return opening;
  };

  const send = async (event: Event, signal: AbortSignal): Promise<void> => {
    const { exchange, envelope } = options;
    // A question is the project's own, whoever asks.
    const whose = event.notification.type === "maintenance.scheduled" ? null : await project({ signal });
    const body = Buffer.from(osloNotification(event, { project: whose, links, envelope }));
    const { channel, returned } = await open();
    const { messageId } = event;
    await channel.basicPublish(
      {
        exchange,
        routingKey,
        messageId,
        mandatory: true,
        durable: true,
        contentType: "application/json",
        contentEncoding: "utf-8",
      },
      body,
    );
    await nextTurn(); // The client tells of a return that came before the confirm only now.
    if (!returned.delete(messageId)) return;
    await channel.close(); // Somebody deleted the queue: the next channel declares it again.
    throw new Error(`no queue of exchange ${exchange} takes ${routingKey}`);
  };

  return {
    async publish(event, { signal }) {
      if (!connection.ready) throw new Error("the message bus is out of reach");
      await orGivenUp(send(event, signal), signal);
    },
    async close() {
      const opened = await opening?.catch(() => null);
      const closed = Promise.all([opened?.channel.close(), connection.close()]);
      await Promise.race([closed, after(CLOSE_WITHIN_MS)]);
      connection.unsafeDestroy();
    },
  };
}

function connect({ brokers, username, password, vhost, tls }: BusAddress, log: Log): Connection {
  const [first] = brokers;
  const connection = new Connection({
    ...(brokers.length > 1 ? { hosts: brokers.map(({ hostname, port }) => `${hostname}:${port}`) } : first),
    ...{ username, password, vhost, tls },
    connectionName: "fenix",
    heartbeat: HEARTBEAT_S,
    connectionTimeout: CONNECT_MS,
    acquireTimeout: CONNECT_MS,
    retryLow: RETRY_MS.low,
    retryHigh: RETRY_MS.high,
  });
  const where = brokers.map(({ hostname, port }) => `${hostname}:${port}`).join(", ");
  let told = false; // Once for each outage, and not at each try.
  connection.on("error", (error: unknown) => {
    if (!told) log.warn({ error, brokers: where }, "the message bus is out of reach");
    told = true;
  });
  connection.on("connection", () => {
    told = false;
    log.info({ brokers: where }, "the message bus answers");
  });
  return connection;
}

interface OpenChannel {
  readonly channel: Channel;
  /** Ids of messages that no queue took. The broker says so before it confirms them. */
  readonly returned: Set<string>;
}

/** Declares what oslo.messaging declares: so that nothing is lost while nobody listens yet (reference §3.2). */
async function openChannel(
  connection: Connection,
  { exchange, topic, durable, quorum }: BusOptions,
): Promise<OpenChannel> {
  const queue = routingKeyOf(topic);
  const steps: readonly Step[] = [
    {
      declare: (channel) => channel.exchangeDeclare({ exchange, type: "topic", durable: durable || quorum }),
      otherwise: (channel) => channel.exchangeDeclare({ exchange, passive: true }),
    },
    {
      declare: (channel) =>
        channel.queueDeclare({
          queue,
          durable: durable || quorum,
          ...(quorum && { arguments: { "x-queue-type": "quorum" } }),
        }),
      otherwise: (channel) => channel.queueDeclare({ queue, passive: true }),
    },
    {
      declare: (channel) => channel.queueBind({ exchange, queue, routingKey: queue }),
      otherwise: async () => undefined, // Perhaps somebody bound it; what no queue takes is noticed.
    },
  ];
  let channel = await connection.acquire();
  for (const { declare, otherwise } of steps) {
    try {
      await declare(channel);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      channel = await connection.acquire(); // The broker closed the other one.
      await otherwise(channel);
    }
  }
  const returned = new Set<string>();
  channel.on("basic.return", ({ messageId }) => void (messageId !== undefined && returned.add(messageId)));
  await channel.confirmSelect();
  return { channel, returned };
}

interface Step {
  readonly declare: (channel: Channel) => Promise<unknown>;
  /** What is done where others declared it differently, or where we may not declare. */
  readonly otherwise: (channel: Channel) => Promise<unknown>;
}

const isRefusal = (error: unknown): boolean =>
  error instanceof Error &&
  "code" in error &&
  (error.code === "PRECONDITION_FAILED" || error.code === "ACCESS_REFUSED");

/** A confirm that does not come may belong to a message that arrived; told twice, it has the same id. */
async function orGivenUp(work: Promise<void>, signal: AbortSignal): Promise<void> {
  const tooLate = AbortSignal.timeout(CONFIRM_WITHIN_MS);
  const stop = AbortSignal.any([signal, tooLate]);
  const stopped = new Promise<never>((_, reject) => {
    const why = () => new Error(tooLate.aborted ? "the message bus did not confirm in time" : "the worker shuts down");
    stop.addEventListener("abort", () => reject(why()), { once: true });
    if (stop.aborted) reject(why());
  });
  await Promise.race([work, stopped]);
}

const after = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
