/** The message bus: its address and its absence here; a real RabbitMQ where BUS_TEST_URL names one. */
import { randomUUID } from "node:crypto";
import { Connection } from "rabbitmq-client";
import { afterAll, describe, expect, test, vi } from "vitest";
import { readBusAddress } from "../../../src/adapters/notifications/bus-address.ts";
import { type BusOptions, openMessageBus } from "../../../src/adapters/notifications/message-bus.ts";
import { HostName, ProjectId, SessionId } from "../../../src/domain/ids.ts";
import type { Event } from "../../../src/wire/event-payload.ts";

test.each([
  { url: "rabbit://fenix:s%40fe@192.0.2.5", broker: "192.0.2.5:5672", user: "fenix:s@fe", vhost: "/", tls: false },
  { url: "amqp://u:p@192.0.2.5:5673/", broker: "192.0.2.5:5673", user: "u:p", vhost: "/", tls: false },
  { url: "rabbit://u:p@a:1,u:p@b/nova", broker: "a:1 b:5672", user: "u:p", vhost: "nova", tls: false },
  { url: "rabbit://u:p@192.0.2.5//vhost?ssl=1", broker: "192.0.2.5:5671", user: "u:p", vhost: "/vhost", tls: true },
  { url: "amqps://[2001:db8::5]/%2F", broker: "2001:db8::5:5671", user: "guest:guest", vhost: "/", tls: true },
])("$url is $broker", ({ url, broker, user, vhost, tls }) => {
  const { brokers, username, password, ...rest } = readBusAddress(url);
  expect(brokers.map(({ hostname, port }) => `${hostname}:${port}`).join(" ")).toBe(broker);
  expect([`${username}:${password}`, rest]).toEqual([user, { vhost, tls }]);
});

test.each(["http://192.0.2.5/", "rabbit://", "rabbit:///vhost", "rabbit://u:secret@a:port"])("%s is none", (url) => {
  expect(() => readBusAddress(url)).toThrow("FENIX_BUS_URL names no broker");
  expect(() => readBusAddress(url)).not.toThrow("secret");
});

const signal = new AbortController().signal;
const operators = ProjectId.parse("0b1c2d3e4f5061728394a5b6c7d8e9f0");
const anEvent = (): Event => ({
  messageId: randomUUID(),
  generated: new Date(),
  session: SessionId.parse(randomUUID()),
  notification: { type: "maintenance.host", host: HostName.parse("compute-1"), state: "IN_MAINTENANCE" },
});
const log = {
  info: vi.fn<(fields: object, message: string) => void>(),
  warn: vi.fn<(fields: object, message: string) => void>(),
};
const usual: BusOptions = {
  url: "amqp://127.0.0.1:1",
  exchange: "openstack",
  topic: "notifications",
  durable: false,
  quorum: false,
  envelope: "2.0",
};
const open = (options: Partial<BusOptions>) =>
  openMessageBus(
    { ...usual, ...options },
    { publicUrl: "http://192.0.2.10", replyTokens: null, project: async () => operators, log },
  );

test("while the broker is away, publishing fails at once, the log says so once, and closing does not wait", async () => {
  const bus = open({});
  await expect(bus.publish(anEvent(), { signal })).rejects.toThrow("the message bus is out of reach");
  await vi.waitFor(() => expect(log.warn).toHaveBeenCalled());
  await expect(bus.publish(anEvent(), { signal })).rejects.toThrow("the message bus is out of reach");
  await bus.close();
  expect(log.warn).toHaveBeenCalledTimes(1);
  expect(JSON.stringify(log.warn.mock.calls)).not.toContain("guest");
});

const url = process.env["BUS_TEST_URL"];
if (!url) console.log("skipped: the message bus on a real RabbitMQ, since BUS_TEST_URL is not set");

describe.skipIf(!url)("on a real RabbitMQ", () => {
  const rabbit = url ? new Connection(url) : null;
  const made: (() => Promise<unknown>)[] = [];
  afterAll(async () => {
    for (const remove of made.reverse()) await remove();
    await rabbit?.close();
  });

  /** An exchange and a topic of this test alone, removed at its end. */
  async function connected(options: Partial<BusOptions> = {}) {
    const name = options.exchange ?? `fenix-test-${randomUUID()}`;
    const bus = open({ url: url!, exchange: name, topic: name, ...options });
    made.push(
      () => rabbit!.exchangeDelete({ exchange: name }),
      () => rabbit!.queueDelete({ queue: `${name}.info` }),
      () => bus.close(),
    );
    await vi.waitFor(() => bus.publish(anEvent(), { signal }), { timeout: 5_000 });
    await rabbit!.queuePurge({ queue: `${name}.info` });
    return { bus, name, queue: `${name}.info` };
  }
  const textIn = (body: Buffer) => JSON.parse(JSON.parse(body.toString())["oslo.message"]);
  const next = async (queue: string) => rabbit!.basicGet({ queue, noAck: true });

  test("what is published waits in the queue of oslo.messaging, under its own id", async () => {
    const { bus, queue } = await connected();
    const event = anEvent();
    await bus.publish(event, { signal });
    const message = await next(queue);
    expect(message).toMatchObject({
      contentType: "application/json",
      contentEncoding: "utf-8",
      messageId: event.messageId,
      durable: true,
    });
    expect(textIn(message?.body)).toMatchObject({ payload: { project_id: operators } });
  });

  test("exchange and queue are as the deployment has them", async () => {
    for (const options of [{ durable: true }, { quorum: true, envelope: "1.0" } as const]) {
      const { bus, name, queue } = await connected(options);
      await bus.publish(anEvent(), { signal });
      expect(await next(queue)).toBeDefined();
      // Declared otherwise, the broker refuses: so it was declared as asked.
      await expect(rabbit!.exchangeDeclare({ exchange: name, type: "topic", durable: false })).rejects.toThrow(
        "durable",
      );
      await expect(rabbit!.queueDeclare({ queue, durable: false })).rejects.toThrow("durable");
    }
  });

  test("what others declared differently is taken as it is", async () => {
    const name = `fenix-test-${randomUUID()}`;
    await rabbit!.exchangeDeclare({ exchange: name, type: "topic", durable: true });
    await rabbit!.queueDeclare({ queue: `${name}.info`, durable: true, arguments: { "x-max-length": 20_000 } });
    const { bus, queue } = await connected({ exchange: name, topic: name });
    await bus.publish(anEvent(), { signal });
    expect(await next(queue)).toBeDefined();
  });

  test("a message that no queue takes is not told as published, and the next one makes the queue again", async () => {
    const { bus, queue } = await connected();
    await rabbit!.queueDelete({ queue });
    await expect(bus.publish(anEvent(), { signal })).rejects.toThrow("no queue of exchange");
    const event = anEvent();
    await bus.publish(event, { signal });
    expect(await next(queue)).toMatchObject({ messageId: event.messageId });
  });

  test("500 at once are all confirmed", async () => {
    const { bus, queue } = await connected();
    await Promise.all(Array.from({ length: 500 }, () => bus.publish(anEvent(), { signal })));
    expect(await rabbit!.queueDelete({ queue })).toMatchObject({ messageCount: 500 });
    await rabbit!.queueDeclare({ queue });
  });
});
