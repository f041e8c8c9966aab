import { describe, expect, test, vi } from "vitest";
import { type PerformedEffect } from "../../src/domain/effect.ts";
import { performEffect, type Performers } from "../../src/effects/perform.ts";
import type { ClaimedEffect, EffectEnd, Effects } from "../../src/ports/effects.ts";
import { EffectId } from "../../src/ports/effects.ts";
import { Problem } from "../../src/problems.ts";
import { host, later, NOON } from "../support/a-view.ts";
import { aClaim, aCloud, movingClock, stillClock } from "./support.ts";

const close: PerformedEffect = { kind: "close_host", host: host("c1") };

function aJournal(claimed: ClaimedEffect | null, changes: Partial<Effects> = {}) {
  const ends: EffectEnd[] = [];
  const postponed: { until: Date; why: string }[] = [];
  const effects: Effects = {
    claim: async () => claimed,
    renew: async () => true,
    finish: async (_claimed, end) => ends.push(end) > 0,
    postpone: async (_claimed, until, why) => postponed.push({ until, why }) > 0,
    keepOutput: async () => undefined,
    ...changes,
  };
  return { effects, ends, postponed };
}

function deps(effects: Effects, changes: Partial<Performers> = {}): Performers {
  return {
    effects,
    wakes: { session: async () => undefined, effects: async () => undefined, receivers: async () => undefined },
    cloud: aCloud({ door: async () => ({ kind: "open" }), close: async () => undefined }),
    plugins: {
      workflow: () => undefined,
      hostAction: () => undefined,
      names: () => ({ workflows: [], hostActions: [] }),
    },
    clock: stillClock,
    outageSeconds: 3_600,
    shutdown: new AbortController().signal,
    onError: () => undefined,
    ...changes,
  };
}
const id = EffectId.parse(7);

test("an effect is done, recorded with its consequences, and the session is woken", async () => {
  const { effects, ends } = aJournal(aClaim(close));
  const session = vi.fn(async () => undefined);
  await performEffect(
    id,
    deps(effects, {
      clock: movingClock(),
      wakes: { session, effects: async () => undefined, receivers: async () => undefined },
    }),
  );
  expect(ends).toMatchObject([
    {
      status: { kind: "done" },
      consequences: { closure: { host: "c1", closure: "closed_by_session" } },
      journal: [{ kind: "effect_done", subject: "c1" }],
    },
  ]);
  expect(session).toHaveBeenCalledOnce();
});

test("what somebody else has taken is left alone", async () => {
  const { effects, ends } = aJournal(null);
  await performEffect(id, deps(effects));
  expect(ends).toEqual([]);
});

describe("a cloud out of reach", () => {
  const away = aCloud({ door: async () => Promise.reject(new Problem("CLOUD_UNAVAILABLE", "Nova does not answer")) });
  const locked = aCloud({ door: async () => Promise.reject(new Problem("CLOUD_REFUSED", "wrong password")) });
  test.each([
    { name: "is tried again after a second", cloud: away, since: null, postpones: later(1), ends: null },
    { name: "and ever more slowly", cloud: away, since: later(-20), postpones: later(5), ends: null },
    { name: "at the latest every 15 seconds", cloud: away, since: later(-1_000), postpones: later(15), ends: null },
    {
      name: "until patience ends",
      cloud: away,
      since: later(-3_600),
      postpones: null,
      ends: "Nova does not answer, after 3600 s of trying",
    },
    { name: "a refusal is tried again, too", cloud: locked, since: null, postpones: later(1), ends: null },
    {
      name: "but not for long",
      cloud: locked,
      since: later(-30),
      postpones: null,
      ends: "wrong password, after 30 s of trying",
    },
  ])("$name", async ({ cloud, since, postpones, ends: reason }) => {
    const { effects, ends, postponed } = aJournal(aClaim(close, { postponedSince: since }));
    await performEffect(id, deps(effects, { cloud }));
    expect(postponed.map(({ until }) => until)).toEqual(postpones ? [postpones] : []);
    expect(ends.map(({ status }) => status)).toEqual(reason ? [{ kind: "failed", at: NOON, reason }] : []);
  });
});

test("an error nobody foresaw fails the effect and is reported", async () => {
  const { effects, ends } = aJournal(aClaim(close));
  const onError = vi.fn();
  await performEffect(
    id,
    deps(effects, {
      cloud: aCloud({ door: async () => Promise.reject(new TypeError("undefined is not a host")) }),
      onError,
    }),
  );
  expect(ends).toMatchObject([{ status: { kind: "failed", reason: "undefined is not a host" } }]);
  expect(onError).toHaveBeenCalledOnce();
});

/** Performs a closing during which the cloud hangs until the signal aborts. */
const hanging = aCloud({
  door: (_host, { signal }) =>
    new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error))),
});

test("a lost lease stops the work and writes nothing", async () => {
  const { effects, ends, postponed } = aJournal(aClaim(close), { renew: async () => false });
  await performEffect(id, deps(effects, { cloud: hanging, clock: movingClock() }));
  expect([...ends, ...postponed]).toEqual([]);
});

test("a lease that cannot be renewed while the database is away counts as lost at its end", async () => {
  const renew = vi.fn(async () => Promise.reject(new Problem("STORE_UNAVAILABLE", "gone")));
  const { effects, ends } = aJournal(aClaim(close), { renew });
  await performEffect(id, deps(effects, { cloud: hanging, clock: movingClock() }));
  expect(ends).toEqual([]);
  expect(renew.mock.calls.length).toBeGreaterThan(1);
});

describe("at shutdown", () => {
  test("what is harmless to repeat is given back at once", async () => {
    const { effects, postponed } = aJournal(aClaim(close));
    const shutdown = AbortSignal.abort(new Error("bye"));
    const cloud = aCloud({
      door: async (_host, { signal }) => {
        signal.throwIfAborted();
        return null;
      },
    });
    await performEffect(id, deps(effects, { cloud, shutdown }));
    expect(postponed).toEqual([{ until: NOON, why: "the worker shut down" }]);
  });

  test("a host action's lease is ended, so that the next worker knows it was interrupted", async () => {
    const renew = vi.fn(async () => true);
    const run: PerformedEffect = {
      kind: "run_action",
      plugin: aClaim(close).session.workflow,
      phase: "host",
      host: host("c1"),
      index: 0,
    };
    const { effects, ends, postponed } = aJournal(aClaim(run), { renew });
    const cloud = aCloud({ door: async () => Promise.reject(new Error("aborted")) });
    const session = {
      ...aClaim(run).session,
      actions: [{ plugin: aClaim(close).session.workflow, phase: "host" as const, order: 0, metadata: {} }],
    };
    const { z } = await import("zod");
    const action = {
      name: "x",
      phases: ["host" as const],
      metadata: z.unknown(),
      rerun: "idempotent" as const,
      timeoutSeconds: () => 1,
      run: async () => undefined,
    };
    await performEffect(
      id,
      deps(
        { ...effects, claim: async () => aClaim(run, { session }) },
        {
          cloud,
          shutdown: AbortSignal.abort(),
          plugins: {
            workflow: () => undefined,
            hostAction: () => action,
            names: () => ({ workflows: [], hostActions: [] }),
          },
        },
      ),
    );
    expect(renew).toHaveBeenCalledWith(expect.anything(), NOON);
    expect([...ends, ...postponed]).toEqual([]);
  });
});
