import { describe, expect, test, vi } from "vitest";
import { z } from "zod";
import type { Occupants } from "../../src/domain/cloud.ts";
import type { RunAction } from "../../src/domain/effect.ts";
import type { HostAction, Rerun } from "../../src/domain/host-action.ts";
import { LOCALHOST, PluginName } from "../../src/domain/ids.ts";
import { runAction } from "../../src/effects/run-action.ts";
import { aSnapshot, host, instance } from "../support/a-view.ts";
import { aClaim, performing } from "./support.ts";

const plugin = PluginName.parse("reboot");
const effect: RunAction = { kind: "run_action", plugin, phase: "host", host: host("c1"), index: 0 };
const empty: Occupants = { instances: [], allocations: [], arriving: [] };
const closed = { door: async () => ({ kind: "closed", reason: "x" }) as const, occupants: async () => empty };

const session = { ...aSnapshot().session, actions: [{ plugin, phase: "host" as const, order: 0, metadata: { n: 1 } }] };
const anAction = (run: HostAction["run"], changes: Partial<HostAction> = {}): HostAction => ({
  name: "reboot",
  phases: ["host"],
  metadata: z.object({ n: z.number() }),
  rerun: "at-most-once",
  timeoutSeconds: () => 60,
  run,
  ...changes,
});

describe("effectively once", () => {
  test.each<{ name: string; rerun: Rerun; isDone?: boolean; runs: number; kind: string }>([
    { name: "at-most-once is not run again", rerun: "at-most-once", runs: 0, kind: "unknown" },
    { name: "idempotent is run again", rerun: "idempotent", runs: 1, kind: "done" },
    { name: "detectable and done is not run again", rerun: "detectable", isDone: true, runs: 0, kind: "done" },
    { name: "detectable and not done is run again", rerun: "detectable", isDone: false, runs: 1, kind: "done" },
  ])("after a crash, $name", async ({ rerun, isDone = false, runs, kind }) => {
    const run = vi.fn(async () => undefined);
    const action = anAction(run, { rerun, isDone: async () => isDone });
    const claimed = aClaim(effect, { session, attempt: 2, interrupted: true });
    const performed = await runAction(effect, performing(effect, { action, claimed, cloud: closed }));
    expect(performed.kind).toBe(kind);
    expect(run).toHaveBeenCalledTimes(runs);
  });

  test("interrupted while the cloud is out of reach, at-most-once is not given back to be run later", async () => {
    const run = vi.fn(async () => undefined);
    const claimed = aClaim(effect, { session, attempt: 2, interrupted: true });
    const performed = await runAction(effect, performing(effect, { action: anAction(run), claimed }));
    expect(performed).toMatchObject({ kind: "unknown", facts: { rerun: "at-most-once", ran: false } });
    expect(run).not.toHaveBeenCalled();
  });

  test("given back after an interruption, a detectable one is still asked whether it is done", async () => {
    const run = vi.fn(async () => undefined);
    const action = anAction(run, { rerun: "detectable", isDone: async () => true });
    const claimed = aClaim(effect, { session, attempt: 3, interrupted: false });
    expect(await runAction(effect, performing(effect, { action, claimed, cloud: closed }))).toMatchObject({
      kind: "done",
      facts: { ran: false },
    });
    expect(run).not.toHaveBeenCalled();
  });

  test("the first run never asks whether it is done", async () => {
    const isDone = vi.fn(async () => true);
    const run = vi.fn(async () => undefined);
    await runAction(
      effect,
      performing(effect, {
        action: anAction(run, { rerun: "detectable", isDone }),
        claimed: aClaim(effect, { session }),
        cloud: closed,
      }),
    );
    expect(isDone).not.toHaveBeenCalled();
    expect(run).toHaveBeenCalledOnce();
  });
});

describe("only on an empty, closed host", () => {
  test.each([
    {
      name: "open",
      cloud: { door: async () => ({ kind: "open" }) as const },
      runs: 0,
      reason: /open to new instances/,
    },
    {
      name: "an instance",
      cloud: { ...closed, occupants: async () => ({ ...empty, instances: [instance("web-1")] }) },
      runs: 0,
      reason: /web-1/,
    },
    {
      name: "an allocation",
      cloud: { ...closed, occupants: async () => ({ ...empty, allocations: ["mig-1"] }) },
      runs: 0,
      reason: /mig-1/,
    },
    {
      name: "an arrival",
      cloud: { ...closed, occupants: async () => ({ ...empty, arriving: [instance("web-2")] }) },
      runs: 0,
      reason: /web-2/,
    },
  ])("$name: refused with the reason", async ({ cloud, runs, reason }) => {
    const run = vi.fn(async () => undefined);
    const performed = await runAction(
      effect,
      performing(effect, { action: anAction(run), claimed: aClaim(effect, { session }), cloud }),
    );
    expect(performed).toMatchObject({ kind: "failed", reason: expect.stringMatching(reason) });
    expect(run).toHaveBeenCalledTimes(runs);
  });

  test("a controller, which runs no instances, is not asked about them", async () => {
    const performed = await runAction(
      effect,
      performing(effect, {
        action: anAction(async () => undefined),
        claimed: aClaim(effect, { session }),
        cloud: { door: async () => null },
      }),
    );
    expect(performed.kind).toBe("done");
  });

  test("pre and post run on no host of the cloud", async () => {
    const pre: RunAction = { ...effect, phase: "pre", host: LOCALHOST };
    const performed = await runAction(
      pre,
      performing(pre, { action: anAction(async () => undefined), claimed: aClaim(pre, { session }) }),
    );
    expect(performed.kind).toBe("done");
  });
});

test("a failure keeps the output, and says what the action said", async () => {
  const action = anAction(async ({ log }) => {
    log("flashing 42 %\n");
    throw new Error("checksum mismatch");
  });
  const performed = await runAction(
    effect,
    performing(effect, { action, claimed: aClaim(effect, { session }), cloud: closed }),
  );
  expect(performed).toMatchObject({
    kind: "failed",
    reason: "checksum mismatch",
    consequences: { output: "flashing 42 %\n" },
  });
});

test("an action that hangs ends at its own limit", async () => {
  const action = anAction(
    ({ signal }) =>
      new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error))),
    { timeoutSeconds: () => 0.02 },
  );
  const performed = await runAction(
    effect,
    performing(effect, { action, claimed: aClaim(effect, { session }), cloud: closed }),
  );
  expect(performed).toMatchObject({ kind: "failed", reason: "not done within 0.02 s" });
});

test("what the worker's own end interrupts is nobody's failure", async () => {
  const worker = new AbortController();
  const action = anAction(async ({ signal }) => {
    worker.abort(new Error("shutting down"));
    signal.throwIfAborted();
  });
  await expect(
    runAction(
      effect,
      performing(effect, { action, claimed: aClaim(effect, { session }), cloud: closed, signal: worker.signal }),
    ),
  ).rejects.toThrow("shutting down");
});
