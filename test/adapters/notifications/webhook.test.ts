import { createHmac } from "node:crypto";
import { createServer, type IncomingHttpHeaders, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { webhookSender } from "../../../src/adapters/notifications/webhook.ts";
import { guardedClient } from "../../../src/adapters/outgoing/guarded-client.ts";
import { HostName, ProjectId, SessionId } from "../../../src/domain/ids.ts";
import { ReceiverGone, type Webhook, type WebhookFormat } from "../../../src/ports/deliveries.ts";
import { aodhCallback } from "../../../src/wire/aodh-callback.ts";
import type { Event } from "../../../src/wire/event-payload.ts";
import { linksFrom } from "../../../src/wire/links.ts";
import { newWebhookSecret } from "../../../src/wire/webhook-signature.ts";
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
  readonly text: string;
}

/** A receiver on this machine that keeps what it gets and answers by `answer`. */
async function receiver(answer: RequestListener): Promise<{ url: string; received: Received[] }> {
  const received: Received[] = [];
  const listening = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const { method, headers } = request;
    const text = Buffer.concat(parts).toString();
    received.push({ method, headers, text, body: JSON.parse(text) });
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

const sentAt = new Date("2026-11-25T08:00:01.900Z");
const aodh: WebhookFormat = { kind: "aodh" };

interface Sending {
  readonly signal?: AbortSignal;
  readonly answerWithinMs?: number;
  readonly allow?: readonly string[];
  readonly format?: WebhookFormat;
}

const send = (
  url: string,
  { signal = never, answerWithinMs = 5_000, allow = ["127.0.0.1"], format = aodh }: Sending = {},
) => {
  outgoing ??= guardedClient({ allow });
  const sender = webhookSender({ publicUrl, answerWithinMs, connections: outgoing.connections, now: () => sentAt });
  return sender.send(event, { ...webhookTo(url), format }, { signal });
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
      text: expect.any(String),
      body: aodhCallback(event, webhookTo(url), linksFrom(publicUrl)),
    },
  ]);
});

/** As a receiver checks it: by the specification of Standard Webhooks, and with nothing of ours. */
function signatureBy(secret: string, { headers, text }: Received): string {
  const signed = `${String(headers["webhook-id"])}.${String(headers["webhook-timestamp"])}.${text}`;
  const key = Buffer.from(secret.replace("whsec_", ""), "base64");
  return `v1,${createHmac("sha256", key).update(signed).digest("base64")}`;
}

test("a native webhook gets a CloudEvent, signed under the message's own id", async () => {
  const { url, received } = await receiver((_, response) => response.end());
  const secret = newWebhookSecret();
  await send(url, { format: { kind: "cloudevents", secret, oldSecret: null } });
  const [got] = received as [Received];
  expect(got.body).toEqual({
    specversion: "1.0",
    id: event.messageId,
    source: `${publicUrl}/v1/maintenance/${event.session}`,
    type: "maintenance.host",
    subject: "compute-1",
    time: "2026-11-25T08:00:00.000Z",
    datacontenttype: "application/json",
    data: { session_id: event.session, host: "compute-1", state: "IN_MAINTENANCE" },
  });
  expect(got.headers).toMatchObject({
    "content-type": "application/cloudevents+json",
    "webhook-id": event.messageId,
    "webhook-timestamp": String(Date.UTC(2026, 10, 25, 8, 0, 1) / 1_000),
    "webhook-signature": signatureBy(secret, got),
  });
  expect(signatureBy(newWebhookSecret(), got)).not.toBe(got.headers["webhook-signature"]);
});

test.each([
  { name: "both sign until the old one's end", until: new Date("2026-11-25T08:00:02.000Z"), both: true },
  { name: "and then the new one alone", until: new Date("2026-11-25T08:00:01.000Z"), both: false },
])("a secret that was changed: $name", async ({ until, both }) => {
  const { url, received } = await receiver((_, response) => response.end());
  const [secret, old] = [newWebhookSecret(), newWebhookSecret()];
  await send(url, { format: { kind: "cloudevents", secret, oldSecret: { secret: old, until } } });
  const [got] = received as [Received];
  const expected = [signatureBy(secret, got), ...(both ? [signatureBy(old, got)] : [])];
  expect(got.headers["webhook-signature"]).toBe(expected.join(" "));
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
