import { describe, expect, test, vi } from "vitest";
import { z } from "zod";
import { type PerformedEffect } from "../../src/domain/effect.ts";
import { keptLeases } from "../../src/effects/kept-leases.ts";
import { performEffect, type Performers } from "../../src/effects/perform.ts";
import type { Clock } from "../../src/ports/clock.ts";
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
    renew: async (all) => new Set(all),
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
    leases: keptLeases<ClaimedEffect>({ renew: effects.renew, clock: changes.clock ?? stillClock }),
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

/** Hangs until the signal aborts, and tells when that was. */
function aHangingCloud(clock: Clock) {
  const stopped: Date[] = [];
  const cloud = aCloud({
    door: (_host, { signal }) =>
      new Promise((_resolve, reject) =>
        signal.addEventListener("abort", () => {
          stopped.push(clock.now());
          reject(signal.reason as Error);
        }),
      ),
  });
  return { cloud, stopped };
}

describe("a lease", () => {
  const away = async () => Promise.reject(new Problem("STORE_UNAVAILABLE", "gone"));

  test("that is lost stops the work, and nothing is written", async () => {
    const clock = movingClock();
    const { cloud, stopped } = aHangingCloud(clock);
    const { effects, ends, postponed } = aJournal(aClaim(close), { renew: async () => new Set() });
    await performEffect(id, deps(effects, { cloud, clock }));
    expect(stopped).toEqual([later(2)]);
    expect([...ends, ...postponed]).toEqual([]);
  });

  test("that is lost stops no other work of the same worker", async () => {
    const clock = movingClock();
    const [one, two] = [aClaim(close, { token: "one" }), aClaim(close, { token: "two" })];
    const renew = vi.fn(async (all: readonly ClaimedEffect[]) => new Set(all.length === 2 ? [two] : []));
    const shared = deps(aJournal(null, { renew }).effects, { clock });
    const performed = [one, two].map(async (claimed) => {
      const { cloud, stopped } = aHangingCloud(clock);
      await performEffect(id, { ...shared, cloud, effects: { ...shared.effects, claim: async () => claimed } });
      return stopped;
    });
    expect(await Promise.all(performed)).toEqual([[later(2)], [later(4)]]);
    expect(renew.mock.calls.map(([all]) => all)).toEqual([[one, two], [two]]);
  });

  test("that cannot be renewed while the database is away counts as lost at its end, and no earlier", async () => {
    const clock = movingClock();
    const { cloud, stopped } = aHangingCloud(clock);
    const renew = vi.fn(away);
    const { effects, ends } = aJournal(aClaim(close), { renew });
    await performEffect(id, deps(effects, { cloud, clock }));
    expect(stopped).toEqual([later(8)]); // It ended at 7 s.
    expect(renew).toHaveBeenCalledTimes(4);
    expect(ends).toEqual([]);
  });

  test("lasts longer with each renewal, once the database is back", async () => {
    const clock = movingClock();
    const { cloud, stopped } = aHangingCloud(clock);
    const back = async (all: readonly ClaimedEffect[]) => new Set(all);
    const renew = vi.fn<Effects["renew"]>(away).mockImplementationOnce(away).mockImplementationOnce(back);
    await performEffect(id, deps(aJournal(aClaim(close), { renew }).effects, { cloud, clock }));
    expect(renew.mock.calls[1]).toEqual([[expect.anything()], later(11)]);
    expect(stopped).toEqual([later(12)]);
  });

  test("ends at the time that was written when the effect was taken, however long that took", async () => {
    const clock = movingClock();
    const { cloud, stopped } = aHangingCloud(clock);
    const claim = async () => {
      clock.pass(5_000);
      return aClaim(close);
    };
    await performEffect(id, deps(aJournal(null, { claim, renew: away }).effects, { cloud, clock }));
    expect(stopped).toEqual([later(7)]);
  });

  test("is renewed no more once its effect has ended, and nothing is left that waits", async () => {
    const clock = movingClock();
    let answer = () => {};
    const renew = vi.fn(async (all: readonly ClaimedEffect[]) => {
      if (renew.mock.calls.length === 3) answer();
      return new Set(all);
    });
    const { effects, ends } = aJournal(aClaim(close), { renew });
    const cloud = aCloud({ door: () => new Promise((resolve) => void (answer = () => resolve(null))) });
    await performEffect(id, deps(effects, { cloud, clock }));
    expect(ends).toHaveLength(1);
    for (let round = 0; round < 10; round++) await new Promise(setImmediate);
    expect(renew).toHaveBeenCalledTimes(3);
    expect(clock.now()).toEqual(later(6)); // It moves while somebody sleeps.
  });
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

  const run = {
    kind: "run_action",
    plugin: aClaim(close).session.workflow,
    phase: "host",
    host: host("c1"),
    index: 0,
  } as const satisfies PerformedEffect;
  const session = {
    ...aClaim(run).session,
    actions: [{ plugin: run.plugin, phase: run.phase, order: 0, metadata: {} }],
  };
  const action = {
    name: "x",
    phases: [run.phase],
    metadata: z.unknown(),
    rerun: "idempotent" as const,
    timeoutSeconds: () => 1,
    run: async () => undefined,
  };
  const plugins = {
    workflow: () => undefined,
    hostAction: () => action,
    names: () => ({ workflows: [], hostActions: [] }),
  };

  test("a host action's lease is ended, so that the next worker knows it was interrupted", async () => {
    const renew = vi.fn(async (all: readonly ClaimedEffect[]) => new Set(all));
    const { effects, ends, postponed } = aJournal(aClaim(run, { session }), { renew });
    const cloud = aCloud({ door: async () => Promise.reject(new Error("aborted")) });
    await performEffect(id, deps(effects, { cloud, shutdown: AbortSignal.abort(), plugins }));
    expect(renew).toHaveBeenLastCalledWith([expect.objectContaining({ effect: run })], NOON);
    expect([...ends, ...postponed]).toEqual([]);
  });

  test("a renewal that is on its way does not prolong a lease that is ended", async () => {
    const clock = movingClock();
    const shutdown = new AbortController();
    const written: Date[] = [];
    const renew = async (all: readonly ClaimedEffect[], until: Date) => {
      const rounds = shutdown.signal.aborted ? 0 : 5; // The first one takes longer.
      shutdown.abort();
      for (let round = 0; round < rounds; round++) await new Promise(setImmediate);
      written.push(until);
      return new Set(all);
    };
    const { effects } = aJournal(aClaim(run, { session }), { renew });
    const { cloud } = aHangingCloud(clock);
    await performEffect(id, deps(effects, { cloud, clock, shutdown: shutdown.signal, plugins }));
    expect(written).toEqual([later(9), later(2)]);
  });
});
