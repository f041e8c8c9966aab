/** Who owns a shared server, and what happens at the moments that are hard to hit with a real one. */
import { expect, test, vi } from "vitest";
import type { GuardedChild } from "../../../src/adapters/local/guarded-child.ts";
import { type Presence, type ServerProgram, shareServer } from "../../../src/adapters/local/shared-server.ts";

test("a server that already answers is not started", async () => {
  const world = aWorld({ answers: true });
  const server = await shareServer(world.program, () => {});
  expect(server.mode).toBe("attached");
  await server.stop();
  expect(world.started).toBe(0);
});

test("a server that does not start says why", async () => {
  const world = aWorld({ answers: false });
  world.nextStart = { exits: true, output: "no space left" };
  await expect(shareServer(world.program, () => {})).rejects.toThrow("the server does not start:\nno space left");
});

test("a start that lost against another process attaches to that one's server", async () => {
  const world = aWorld({ answers: false });
  world.nextStart = { exits: true, output: "taken" };
  setTimeout(() => (world.answers = true), 60);
  const server = await shareServer(world.program, () => {});
  expect(server.mode).toBe("attached");
  await server.stop();
});

test("stopping in the middle of a take-over ends everything", async () => {
  const world = aWorld({ answers: true });
  const server = await shareServer(world.program, () => {});
  const slow = world.connectsSlowly();
  world.vanish();
  await vi.waitFor(() => expect(slow.waiting).toBe(true));

  const stopped = server.stop();
  slow.answer();

  await stopped;
  expect(world.open).toBe(0);
});

/** A server played by a few variables. */
function aWorld({ answers }: { answers: boolean }) {
  const vanishing: (() => void)[] = [];
  let slow: { waiting: boolean; answer: () => void } | undefined;
  const world = {
    answers,
    started: 0,
    open: 0,
    nextStart: { exits: false, output: "" },
    vanish: () => vanishing.splice(0).forEach((gone) => gone()),
    connectsSlowly: () => (slow = { waiting: false, answer: () => {} }),
    program: {
      name: "the server",
      async connect(): Promise<Presence> {
        if (!world.answers) throw new Error("connection refused");
        if (slow) await new Promise<void>((answer) => Object.assign(slow ?? {}, { waiting: true, answer }));
        world.open += 1;
        let end = () => {};
        const gone = new Promise<void>((resolve) => (end = resolve)).then(() => void (world.open -= 1));
        vanishing.push(end);
        return { gone, close: async () => end() };
      },
      start(): GuardedChild {
        world.started += 1;
        const { exits, output } = world.nextStart;
        return { running: !exits, exitCode: exits ? 1 : null, output: () => output, stop: async () => {} };
      },
      isTaken: (child) => child.output() === "taken",
    } satisfies ServerProgram,
  };
  return world;
}
