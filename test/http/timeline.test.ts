import { afterAll, expect, test } from "vitest";
import type { NumberedEntry } from "../../src/ports/reports.ts";
import { openDoor, sessionId } from "./a-door.ts";

const at = new Date("2026-11-25T08:00:00.123Z");
const entries: NumberedEntry[] = [
  { number: 1, at, kind: "session_created", subject: null, text: "created for 2 hosts" },
  { number: 2, at, kind: "host_marked", subject: "compute-1", text: "draining", data: { status: "draining" } },
  { number: 4, at, kind: "waiting", subject: null, text: "waits for replies to SCALE_IN" },
];
const { send, close } = openDoor({ timeline: entries });
afterAll(close);

const timeline = `/v1/maintenance/${sessionId}/timeline`;

test("the timeline is told oldest first, with exact times", async () => {
  const answer = await send({ url: timeline });
  expect(answer.headers["content-type"]).toBe("application/json; charset=utf-8");
  expect(answer.json()).toEqual({
    entries: [
      {
        number: 1,
        at: "2026-11-25T08:00:00.123Z",
        kind: "session_created",
        subject: null,
        text: "created for 2 hosts",
      },
      {
        number: 2,
        at: "2026-11-25T08:00:00.123Z",
        kind: "host_marked",
        subject: "compute-1",
        text: "draining",
        data: { status: "draining" },
      },
      {
        number: 4,
        at: "2026-11-25T08:00:00.123Z",
        kind: "waiting",
        subject: null,
        text: "waits for replies to SCALE_IN",
      },
    ],
    next: 4,
  });
});

test("whoever follows it asks after the last number and may set a limit", async () => {
  const page = (await send({ url: `${timeline}/?after=1&limit=1` })).json();
  expect([page.entries.length, page.next]).toEqual([1, 2]);
  const end = (await send({ url: `${timeline}?after=4` })).json();
  expect(end).toEqual({ entries: [], next: 4 });
});

test("people get lines of text", async () => {
  const answer = await send({ url: timeline, headers: { accept: "text/plain" } });
  expect(answer.headers["content-type"]).toBe("text/plain; charset=utf-8");
  expect(answer.body).toBe(
    "2026-11-25 08:00:00  created for 2 hosts\n" +
      "2026-11-25 08:00:00  compute-1: draining\n" +
      "2026-11-25 08:00:00  waits for replies to SCALE_IN\n",
  );
});

test.each(["*/*", "application/json", "text/html, application/json", "application/json, text/plain, */*"])(
  "%s gets JSON",
  async (accept) => {
    expect((await send({ url: timeline, headers: { accept } })).headers["content-type"]).toContain("application/json");
  },
);
