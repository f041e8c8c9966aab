import { afterAll, expect, test } from "vitest";
import { HostName } from "../../src/domain/ids.ts";
import type { ToldNotification } from "../../src/ports/reports.ts";
import { now, openDoor, projectId, sessionId, unknownId } from "./a-door.ts";

const webhook = "0ca2845e-2f2f-4a2e-9c5d-0c55bd9b4a11";
const delivery = {
  receiver: {
    kind: "webhook",
    id: webhook,
    url: "http://192.0.2.20:12348/maintenance?key=secret",
    project: projectId,
  },
  attempts: 2,
  lastError: "the receiver answered 503",
  nextAt: now,
  settledAt: null,
} as const;
const down: ToldNotification = {
  number: 7,
  messageId: "3c5b0e1c-9e0b-4d0a-8a51-b3b6d1a4a0aa",
  notification: { type: "maintenance.host", host: HostName.parse("compute-1"), state: "IN_MAINTENANCE" },
  createdAt: now,
  deliveries: [
    { ...delivery, status: "pending" },
    { ...delivery, status: "failed", settledAt: now },
  ],
};
const onBus = { ...delivery, receiver: { kind: "bus" }, status: "delivered", settledAt: now } as const;
const { send, close } = openDoor({ notifications: [down, { ...down, number: 9, deliveries: [onBus] }] });
afterAll(close);
const told = `/v1/maintenance/${sessionId}/notifications`;

test("what was told, to whom and whether it arrived, without the secret parts of addresses", async () => {
  const at = "2026-11-25T08:00:00.000Z";
  const answer = await send({ url: `${told}?limit=1` });
  expect(answer.statusCode).toBe(200);
  expect(answer.json()).toEqual({
    notifications: [
      {
        number: 7,
        message_id: down.messageId,
        type: "maintenance.host",
        at,
        project_id: null,
        host: "compute-1",
        state: "IN_MAINTENANCE",
        deliveries: ["pending", "failed"].map((status) => ({
          channel: "webhook",
          webhook_id: webhook,
          project_id: projectId,
          receiver: "http://192.0.2.20:12348",
          status,
          attempts: 2,
          last_error: "the receiver answered 503",
          next_try_at: status === "pending" ? at : null,
          settled_at: status === "pending" ? null : at,
        })),
      },
    ],
    next: 7,
  });
});

test("page after page, and at the end nothing", async () => {
  const page = async (after: number) => (await send({ url: `${told}?after=${after}` })).json();
  expect((await page(7)).notifications).toMatchObject([
    { number: 9, deliveries: [{ channel: "bus", webhook_id: null, receiver: null, status: "delivered" }] },
  ]);
  expect(await page(9)).toEqual({ notifications: [], next: 9 });
});

test.each([
  { url: `/v1/maintenance/${unknownId}/notifications`, status: 404 },
  { url: `${told}?project_id=nobody`, status: 404 },
  { url: `${told}?limit=0`, status: 422 },
  { url: `${told}?after=-1`, status: 422 },
])("$url is $status", async ({ url, status }) => {
  expect((await send({ url })).statusCode).toBe(status);
});
