import { createServer, type IncomingHttpHeaders, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { webhookSender } from "../../../src/adapters/notifications/webhook.ts";
import { guardedClient } from "../../../src/adapters/outgoing/guarded-client.ts";
import { HostName, ProjectId, SessionId } from "../../../src/domain/ids.ts";
import { ReceiverGone, type Webhook } from "../../../src/ports/deliveries.ts";
import { aodhCallback } from "../../../src/wire/aodh-callback.ts";
import type { Event } from "../../../src/wire/event-payload.ts";
import { linksFrom } from "../../../src/wire/links.ts";
import { aWebhook } from "../../support/a-webhook.ts";

const publicUrl = "http://192.0.2.10:12347";
const never = new AbortController().signal;
let server: Server | undefined;
let outgoing: ReturnType<typeof guardedClient> | undefined;

afterEach(async () => {
  await outgoing?.close();
  server?.closeAllConnections();
  await new Promise((resolve) => (server === undefined ? resolve(null) : server.close(resolve)));
  [server, outgoing] = [undefined, undefined];
});

interface Received {
  readonly method: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: unknown;
}

/** A receiver on this machine that keeps what it gets and answers by `answer`. */
async function receiver(answer: RequestListener): Promise<{ url: string; received: Received[] }> {
  const received: Received[] = [];
  const listening = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const { method, headers } = request;
    received.push({ method, headers, body: JSON.parse(Buffer.concat(parts).toString()) });
    answer(request, response);
  });
  server = listening;
  await new Promise<void>((resolve) => listening.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${(listening.address() as AddressInfo).port}/maintenance`, received };
}

const event: Event = {
  messageId: "3c5b0e1c-9e0b-4d0a-8a51-b3b6d1a4a0aa",
  generated: new Date("2026-11-25T08:00:00.000Z"),
  session: SessionId.parse("76e55df8-1c51-41e8-9928-0242ac110002"),
  notification: { type: "maintenance.host", host: HostName.parse("compute-1"), state: "IN_MAINTENANCE" },
};
const webhookTo = (url: string): Webhook => aWebhook({ project: ProjectId.parse("shop"), url });

const send = (url: string, { signal = never, answerWithinMs = 5_000, allow = ["127.0.0.1"] } = {}) => {
  outgoing ??= guardedClient({ allow });
  const sender = webhookSender({ publicUrl, answerWithinMs, connections: outgoing.connections });
  return sender.send(event, webhookTo(url), { signal });
};

test("the receiver gets what AODH would send it", async () => {
  const { url, received } = await receiver((_, response) => response.end("thanks"));
  await send(url);
  expect(received).toEqual([
    {
      method: "POST",
      headers: expect.objectContaining({
        "content-type": "application/json",
        "x-openstack-request-id": expect.stringMatching(/^req-[0-9a-f-]{36}$/),
      }),
      body: aodhCallback(event, webhookTo(url), linksFrom(publicUrl)),
    },
  ]);
});

test.each([200, 202, 204])("%i is taken as received", async (status) => {
  const { url } = await receiver((_, response) => response.writeHead(status).end());
  await expect(send(url)).resolves.toBeUndefined();
});

test.each([301, 302, 400, 404, 500, 503])("%i is not, and is told", async (status) => {
  const { url, received } = await receiver((request, response) =>
    response.writeHead(status, { location: `${request.url}/elsewhere` }).end("x".repeat(100)),
  );
  await expect(send(url)).rejects.toThrow(`the receiver answered ${status}`);
  expect(received).toHaveLength(1);
});

test("410 says that the receiver is gone for good", async () => {
  const { url } = await receiver((_, response) => response.writeHead(410).end());
  await expect(send(url)).rejects.toThrow(ReceiverGone);
});

test("an answer without end is not listened to", async () => {
  const { url } = await receiver((_, response) => {
    response.writeHead(200);
    const pour = () => {
      while (!response.destroyed && response.write("x".repeat(65_536)));
    };
    response.on("drain", pour);
    pour();
  });
  await expect(send(url)).resolves.toBeUndefined();
});

test("a receiver that does not answer in time has not received it", async () => {
  const { url } = await receiver(() => undefined);
  await expect(send(url, { answerWithinMs: 100 })).rejects.toThrow("no answer within 0.1 s");
});

test("a receiver that is not there is named by its error code", async () => {
  const { url } = await receiver(() => undefined);
  await new Promise((resolve) => server?.close(resolve));
  await expect(send(url)).rejects.toThrow("not reached: ECONNREFUSED");
});

test("nothing is sent to an address that the operator has not allowed, and it says so", async () => {
  const { url, received } = await receiver((_, response) => response.end());
  await expect(send(url, { allow: [] })).rejects.toThrow(
    "not reached: 127.0.0.1 is this machine: Fenix sends nothing there unless FENIX_OUTGOING_ALLOW has it",
  );
  expect(received).toEqual([]);
});

test("the worker that shuts down does not wait for an answer", async () => {
  const stop = new AbortController();
  const { url } = await receiver(() => stop.abort());
  await expect(send(url, { signal: stop.signal })).rejects.toThrow("not reached");
});

test.each(["file:///etc/passwd", "ftp://127.0.0.1/"])("%s is not asked", async (url) => {
  await expect(send(url)).rejects.toThrow("neither http nor https");
});
