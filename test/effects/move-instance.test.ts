import { describe, expect, test, vi } from "vitest";
import type { MoveInstance } from "../../src/domain/effect.ts";
import { moveInstance } from "../../src/effects/move-instance.ts";
import type { InstancePlace, MoveEnd } from "../../src/ports/cloud.ts";
import { host, instance } from "../support/a-view.ts";
import { performing } from "./support.ts";

const move: MoveInstance = {
  kind: "move_instance",
  instance: instance("web-1"),
  from: host("c1"),
  to: host("c2"),
  how: "LIVE_MIGRATE",
  attempt: 1,
};
const on = (name: string, moving = false): InstancePlace => ({
  host: host(name),
  status: "ACTIVE",
  taskState: null,
  moving,
});

describe("looks before it moves", () => {
  test.each([
    { name: "at rest on its host: asks for the move", place: on("c1"), started: 1 },
    { name: "on its way since before a crash: joins", place: on("c1", true), started: 0 },
    { name: "moved before a crash lost the news", place: on("c3"), started: 0 },
    { name: "deleted by its project", place: null, started: 0 },
  ])("$name", async ({ place, started }) => {
    const startMove = vi.fn(async () => ({ kind: "started" }) as const);
    const moveEnded = vi.fn(async (): Promise<MoveEnd> => ({ kind: "moved", host: host("c2"), status: "ACTIVE" }));
    const performed = await moveInstance(
      move,
      performing(move, { cloud: { instance: async () => place, startMove, moveEnded } }),
    );
    expect(performed.kind).toBe("done");
    expect(startMove).toHaveBeenCalledTimes(started);
  });
});

describe("judges by where the instance is", () => {
  test.each([
    {
      name: "moved",
      ended: { kind: "moved", host: host("c2"), status: "ACTIVE" } as const,
      revived: false,
      expected: { kind: "done", outcome: { host: "c2" } },
    },
    {
      name: "gone",
      ended: { kind: "gone" } as const,
      revived: false,
      expected: { kind: "done", outcome: { host: null } },
    },
    {
      name: "stayed",
      ended: { kind: "stayed", reason: "No valid host was found." } as const,
      revived: false,
      expected: { kind: "failed", reason: "No valid host was found." },
    },
    {
      name: "broken on its host and revived",
      ended: { kind: "broken", host: host("c1"), reason: "disk full" } as const,
      revived: true,
      expected: { kind: "failed", reason: expect.stringContaining("brought back to ACTIVE on c1") },
    },
    {
      name: "broken on the destination and revived: it has moved",
      ended: { kind: "broken", host: host("c2"), reason: "no confirm" } as const,
      revived: true,
      expected: { kind: "done", outcome: { host: "c2" } },
    },
    {
      name: "broken for good",
      ended: { kind: "broken", host: host("c2"), reason: "no confirm" } as const,
      revived: false,
      expected: { kind: "failed", reason: expect.stringContaining("could not be brought back") },
    },
  ])("$name", async ({ ended, revived, expected }) => {
    const cloud = {
      instance: async () => on("c1"),
      startMove: async () => ({ kind: "started" }) as const,
      moveEnded: async () => ended,
      revive: async () => revived,
    };
    expect(await moveInstance(move, performing(move, { cloud }))).toMatchObject(expected);
  });

  test("a refusal at once says why", async () => {
    const cloud = {
      instance: async () => on("c1"),
      startMove: async () => ({ kind: "refused", reason: "vm_state stopped" }) as const,
    };
    expect(await moveInstance(move, performing(move, { cloud }))).toEqual({
      kind: "failed",
      reason: "refused: vm_state stopped",
    });
  });
});
