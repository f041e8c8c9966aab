/** The suites for authors have to find the plugins that do not keep their word. */
import { describe, expect, test } from "vitest";
import type { HostAction } from "../../src/domain/host-action.ts";
import { defineHostAction, z } from "../../src/sdk/index.ts";
import { type Example, hostActionSuite, testHostAction } from "../../src/sdk/testing/index.ts";

const honest = { name: "honest", phases: ["host"], metadata: z.strictObject({ n: z.int().default(1) }) } as const;

/** What the suite says of an action; empty when it passes. */
async function complaints(action: HostAction, example: Partial<Example> = {}): Promise<string> {
  const suite = hostActionSuite(action, { examples: [{ name: "example", ...example }] });
  const failures: string[] = [];
  for (const { run } of suite) await run().catch((error: Error) => failures.push(error.message));
  return failures.join("\n");
}

describe("an action that keeps its word passes", () => {
  test.each(["idempotent", "at-most-once"] as const)("%s", async (rerun) => {
    expect(await complaints(defineHostAction({ ...honest, rerun, async run() {} }))).toBe("");
  });

  test("detectable", async () => {
    let done = false;
    const action = defineHostAction({
      ...honest,
      rerun: "detectable",
      isDone: async () => done,
      async run() {
        done = true;
      },
    });
    const reset = async () => {
      done = false;
    };
    expect(await complaints(action, { reset })).toBe("");
  });
});

describe("an action is found out that", () => {
  test("fails", async () => {
    const action = defineHostAction({ ...honest, run: () => Promise.reject(new Error("no luck")) });
    expect(await complaints(action)).toContain("the first run failed: no luck");
  });

  test("is called idempotent, but fails the second time", async () => {
    const run = async ({ attempt }: { attempt: number }) => {
      if (attempt > 1) throw new Error("exists already");
    };
    expect(await complaints(defineHostAction({ ...honest, rerun: "idempotent", run }))).toContain(
      "the second run failed: exists already",
    );
  });

  test("is called idempotent, but changes the world again", async () => {
    let runs = 0;
    const action = defineHostAction({
      ...honest,
      rerun: "idempotent",
      async run() {
        runs++;
      },
    });
    expect(await complaints(action, { world: async () => runs })).toContain("the second run changed the world again");
  });

  test.each([
    { always: true, says: "isDone says yes before anything was done" },
    { always: false, says: "isDone says no after the run" },
  ])("has an isDone that always says $always", async ({ always, says }) => {
    const action = defineHostAction({ ...honest, rerun: "detectable", isDone: async () => always, async run() {} });
    expect(await complaints(action)).toContain(says);
  });

  test("has a time limit that is none", async () => {
    const action = defineHostAction({ ...honest, timeoutSeconds: () => 0, async run() {} });
    expect(await complaints(action)).toContain("timeoutSeconds is 0");
  });

  test("would not be registered", async () => {
    expect(await complaints({ ...defineHostAction({ ...honest, async run() {} }), phases: [] })).toContain("phases:");
  });
});

test("metadata that should be refused and is not is told", async () => {
  const action = defineHostAction({ ...honest, async run() {} });
  const suite = hostActionSuite(action, {
    examples: [],
    refused: [
      { metadata: { n: 2 }, field: "n" },
      { metadata: { m: 1 }, field: "n" },
    ],
  });
  await expect(suite[1]?.run()).rejects.toThrow('{"n":2} was accepted');
  await expect(suite[2]?.run()).rejects.toThrow("m: is not known here");
});

test("a run is stopped at its own time limit", async () => {
  const action = defineHostAction({
    ...honest,
    timeoutSeconds: () => 0.1,
    run: ({ signal }) =>
      new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error))),
  });
  expect((await testHostAction(action)).error?.message).toBe("it took longer than 0.1 s");
});
