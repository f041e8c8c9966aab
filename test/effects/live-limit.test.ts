import { describe, expect, test, vi } from "vitest";
import type { LiveLimit, MoveInstance } from "../../src/domain/effect.ts";
import { moveInstance } from "../../src/effects/move-instance.ts";
import type { LiveMove, MoveEnd } from "../../src/ports/cloud.ts";
import { Problem } from "../../src/problems.ts";
import { host, instance } from "../support/a-view.ts";
import { movingClock, performing } from "./support.ts";

const moveWith = (beyond: LiveLimit["beyond"], how: MoveInstance["how"] = "LIVE_MIGRATE"): MoveInstance => ({
  kind: "move_instance",
  instance: instance("web-1"),
  from: host("c1"),
  to: host("c2"),
  how,
  attempt: 1,
  limit: { seconds: 40, beyond },
});
const moved: MoveEnd = { kind: "moved", host: host("c2"), status: "ACTIVE" };
const stayed: MoveEnd = { kind: "stayed", reason: "cancelled" };

interface Copying {
  /** Seconds from the beginning of the move; before, it waits in its host's queue. */
  readonly copiesFrom?: number;
  readonly copiesUntil: number;
  /** How often the cloud refuses to end it. */
  readonly refusals?: number;
  readonly trouble?: Problem;
}

/** A cloud whose live move takes so long, unless it is ended before. */
async function performed(effect: MoveInstance, { copiesFrom = 0, copiesUntil, refusals = 0, trouble }: Copying) {
  const clock = movingClock();
  const began = clock.now().getTime();
  const seconds = () => (clock.now().getTime() - began) / 1_000;
  let ended: MoveEnd | null = null;
  const ends: { readonly at: number; readonly how: string }[] = [];
  let refused = 0;
  const liveMove = vi.fn(async (): Promise<LiveMove | null> => {
    if (trouble) throw trouble;
    return ended || seconds() >= copiesUntil ? null : { id: "7", copying: seconds() >= copiesFrom };
  });
  const cloud = {
    instance: async () => ({ host: host("c1"), status: "ACTIVE", taskState: null, moving: false }),
    startMove: async () => ({ kind: "started" }) as const,
    liveMove,
    endLiveMove: async (_id: unknown, { id }: LiveMove, how: LiveLimit["beyond"]) => {
      expect(id).toBe("7");
      ends.push({ at: seconds(), how });
      if (refused++ < refusals) return false;
      ended = how === "abort" ? stayed : moved;
      return true;
    },
    async moveEnded(): Promise<MoveEnd> {
      const isOver = () => ended !== null || seconds() >= copiesUntil;
      while (!isOver()) await new Promise((resolve) => setImmediate(resolve));
      return ended ?? moved;
    },
  };
  // What does not limit the move leaves the clock alone, so that time has to pass here.
  if (effect.how === "MIGRATE") clock.pass(copiesUntil * 1_000);
  return {
    end: await moveInstance(effect, performing(effect, { cloud, clock })),
    ends,
    looks: liveMove.mock.calls.length,
  };
}

test("one that ends in time is let alone", async () => {
  const { end, ends } = await performed(moveWith("abort"), { copiesUntil: 35 });
  expect(end).toMatchObject({ kind: "done", outcome: { host: "c2" } });
  expect(ends).toEqual([]);
});

test("one that ends soon is not even asked about", async () => {
  expect((await performed(moveWith("abort"), { copiesUntil: 9 })).looks).toBeLessThanOrEqual(1);
});

test("one that takes longer is broken off: it is where it was, and that is no failure", async () => {
  const { end, ends } = await performed(moveWith("abort"), { copiesUntil: 900 });
  expect(ends).toEqual([{ at: 40, how: "abort" }]);
  expect(end).toMatchObject({ kind: "done", outcome: { host: "c1", overtime: true } });
});

test("or told to complete, and is where it was to go", async () => {
  const { end, ends } = await performed(moveWith("force_complete"), { copiesUntil: 900 });
  expect(ends).toEqual([{ at: 40, how: "force_complete" }]);
  expect(end).toMatchObject({
    kind: "done",
    outcome: { host: "c2" },
    text: expect.stringContaining("told to complete"),
  });
});

test("waiting in the queue of its host interrupts nothing", async () => {
  const { ends } = await performed(moveWith("abort"), { copiesFrom: 300, copiesUntil: 900 });
  expect(ends).toEqual([{ at: 330, how: "abort" }]);
});

test("what the cloud does not do now is asked for again", async () => {
  const { ends } = await performed(moveWith("force_complete"), { copiesUntil: 900, refusals: 2 });
  expect(ends.map(({ at }) => at)).toEqual([40, 50, 60]);
});

describe("a cloud that cannot be asked about it", () => {
  test.each([
    { code: "CLOUD_UNAVAILABLE", says: "after 120 s" },
    { code: "CLOUD_REFUSED", says: "could not be held to its time: the role admin is missing" },
  ] as const)("$code: the move goes on", async ({ code, says }) => {
    const trouble = new Problem(code, "the role admin is missing");
    const { end } = await performed(moveWith("abort"), { copiesUntil: code === "CLOUD_REFUSED" ? 10 : 120, trouble });
    expect(end).toMatchObject({ kind: "done", outcome: { host: "c2" }, text: expect.stringContaining(says) });
  });
});

test("a cold move has no such limit", async () => {
  const { end, looks } = await performed(moveWith("abort", "MIGRATE"), { copiesUntil: 900 });
  expect(end).toMatchObject({ kind: "done", outcome: { host: "c2" } });
  expect(looks).toBe(0);
});
