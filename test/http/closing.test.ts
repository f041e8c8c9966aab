/** A door that listens is closed within a bound, whatever its clients do. */
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { connect, type Socket } from "node:net";
import { afterEach, expect, test, vi } from "vitest";
import { closeInTime } from "../../src/http/close-in-time.ts";
import type { News } from "../../src/ports/news.ts";
import { type Given, openDoor } from "./a-door.ts";

const left: (() => void)[] = [];
afterEach(() => {
  for (const leave of left.splice(0)) leave();
});

/** With less patience than operators need, where that is said. */
async function listening(given: Given = {}, patience: Parameters<typeof closeInTime>[1] = {}) {
  const door = openDoor(given);
  if (patience.graceMs !== undefined) closeInTime(door.app, patience);
  const url = await door.app.listen({ port: 0, host: "127.0.0.1" });
  return { ...door, url };
}

/** A connection on which this is sent, and nothing more; it reads nothing. */
async function says(url: string, text: string) {
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  left.push(() => socket.destroy());
  await once(socket, "connect");
  socket.write(text);
  socket.pause();
}

/** So much that it does not fit between a door and a client that reads nothing. */
const flood = (): News => ({
  newest: async () => 0,
  after: async (last, { limit }) =>
    Array.from({ length: limit }, (_, place) => ({
      ...{ number: last + place + 1, messageId: "3c5b0e1c-9e0b-4d0a-8a51-b3b6d1a4a0aa" },
      session: "76e55df8-1c51-41e8-9928-0242ac110002" as never,
      notification: { type: "maintenance.host", host: "compute-1" as never, state: "IN_MAINTENANCE" },
      createdAt: new Date(0),
    })),
  listen: () => ({ heard: async () => "silence", close: () => undefined }),
});

const POST = "POST /v1/maintenance HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n";

type Door = Awaited<ReturnType<typeof listening>>;

const connected = ({ app }: Door) => once(app.server, "connection") as Promise<[Socket]>;
const asked = ({ app }: Door) => once(app.server, "request") as Promise<[IncomingMessage]>;
const stuck = async (door: Door) => {
  const [{ socket }] = await asked(door);
  await vi.waitFor(() => expect(socket.writableNeedDrain).toBe(true));
};

test.each<{ name: string; says: string; given?: Given; until: (door: Door) => Promise<unknown> }>([
  { name: "says nothing", says: "", until: connected },
  { name: "sends half a request", says: `${POST}content-length: 100\r\n\r\n{`, until: asked },
  {
    name: "does not read what it follows",
    says: "GET /v1/events?after=0 HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n",
    given: { follow: flood() },
    until: stuck,
  },
  {
    name: "asks what is never answered",
    says: "GET /v1/cloud HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n",
    given: { commands: { takeSnapshot: () => new Promise(() => {}) } },
    until: asked,
  },
])("a client that $name is not waited for", { timeout: 4_000 }, async ({ says: text, given, until }) => {
  const door = await listening(given, { graceMs: 500 });
  const ready = until(door);
  await says(door.url, text);
  await ready;
  await door.close();
});

test("a request under way is answered, and its connection is not kept alive", { timeout: 4_000 }, async () => {
  let answer = () => {};
  const late = new Promise<void>((resolve) => (answer = resolve));
  const takeSnapshot = async () => {
    await late;
    throw new Error("nobody knows");
  };
  const door = await listening({ commands: { takeSnapshot } });
  const arrived = asked(door);
  const answered = fetch(`${door.url}/v1/cloud`);
  await arrived;
  const closed = door.close();
  await vi.waitFor(() => expect(door.app.server.listening).toBe(false));
  answer();
  expect((await answered).status).toBe(500);
  await closed;
});
