import { expect, test, vi } from "vitest";
import { keptLeases } from "../../src/effects/kept-leases.ts";
import { later, NOON } from "../support/a-view.ts";

/** A clock that stands until a test moves it, and whoever sleeps with it. */
function aClock() {
  let now = NOON;
  const sleeping: { until: Date; wake: () => void }[] = [];
  return {
    now: () => now,
    sleep: (ms: number, signal?: AbortSignal) =>
      new Promise<void>((resolve) => {
        const sleeper = { until: new Date(now.getTime() + ms), wake: resolve };
        sleeping.push(sleeper);
        signal?.addEventListener("abort", () => {
          if (sleeping.includes(sleeper)) sleeping.splice(sleeping.indexOf(sleeper), 1);
          resolve();
        });
      }),
    async passes(seconds: number) {
      now = new Date(now.getTime() + seconds * 1_000);
      for (const { until, wake } of sleeping.splice(0)) {
        if (until <= now) wake();
        else sleeping.push({ until, wake });
      }
      await new Promise((resolve) => setImmediate(resolve));
    },
    sleepers: () => sleeping.length,
  };
}

test("all that are kept are renewed together, until they are let go", async () => {
  const clock = aClock();
  const renew = vi.fn(async (all: readonly string[], _until: Date) => new Set(all));
  const leases = keptLeases({ renew, clock });
  const [one, two] = ["one", "two"] as const;
  const lost = vi.fn();
  leases.keep(one, later(7), lost);
  await clock.passes(1);
  leases.keep(two, later(8), lost);
  expect(renew).not.toHaveBeenCalled();
  await clock.passes(1);
  expect(renew.mock.calls).toEqual([[[one, two], later(9)]]);
  leases.letGo(one);
  await clock.passes(2);
  expect(renew.mock.lastCall).toEqual([[two], later(11)]);
  expect(clock.sleepers()).toBe(1);
  leases.letGo(two);
  expect(clock.sleepers()).toBe(0);
  await clock.passes(20);
  expect(renew).toHaveBeenCalledTimes(2);
  expect(lost).not.toHaveBeenCalled();

  leases.keep(one, later(31), lost);
  await clock.passes(2);
  expect(renew).toHaveBeenCalledTimes(3);
});

test("who lost the lease hears of it, once, and the others go on", async () => {
  const clock = aClock();
  const leases = keptLeases({ renew: async () => new Set(["two"]), clock });
  const lost: string[] = [];
  leases.keep("one", later(7), () => lost.push("one"));
  leases.keep("two", later(7), () => lost.push("two"));
  for (let round = 0; round < 5; round++) await clock.passes(2);
  expect(lost).toEqual(["one"]);
});

test("while the database is away a lease lasts until its end, and no longer", async () => {
  const clock = aClock();
  let away = false;
  const renew = async (all: readonly string[]) => {
    if (away) throw new Error("out of reach");
    return new Set(all);
  };
  const leases = keptLeases({ renew, clock });
  const lost = vi.fn();
  leases.keep("one", later(7), lost);
  await clock.passes(2); // Lasts until 9 s now.
  away = true;
  for (let round = 0; round < 3; round++) await clock.passes(2);
  expect(lost).not.toHaveBeenCalled();
  await clock.passes(2);
  expect(lost).toHaveBeenCalledOnce();
});

/** Renewals that take until the test ends them. */
function slowRenewals() {
  const ends: (() => void)[] = [];
  const renew = vi.fn(async (all: readonly string[], _until: Date) => {
    await new Promise<void>((resolve) => void ends.push(resolve));
    return new Set(all);
  });
  return { renew, end: () => ends.shift()?.() };
}

test("what comes while a renewal takes long is renewed right after it", async () => {
  const clock = aClock();
  const { renew, end } = slowRenewals();
  const leases = keptLeases({ renew, clock });
  leases.keep("one", later(7), expect.unreachable);
  await clock.passes(2);
  leases.keep("two", later(9), expect.unreachable);
  await clock.passes(6);
  expect(renew.mock.calls).toEqual([[["one"], later(9)]]);
  end();
  await clock.passes(0);
  await clock.passes(0); // Without a rest.
  expect(renew.mock.lastCall).toEqual([["one", "two"], later(15)]);
});

test("they are settled when no renewal is on its way, also of what was let go meanwhile", async () => {
  const clock = aClock();
  const { renew, end } = slowRenewals();
  const leases = keptLeases({ renew, clock });
  await leases.settled();
  leases.keep("one", later(7), expect.unreachable);
  await leases.settled();
  await clock.passes(2);
  const settled = vi.fn();
  leases.letGo("one");
  void leases.settled().then(settled);
  leases.keep("two", later(9), expect.unreachable);
  await clock.passes(2);
  expect(settled).not.toHaveBeenCalled();
  expect(renew).toHaveBeenCalledOnce(); // The next one waits for it.
  end();
  await clock.passes(0);
  expect(settled).toHaveBeenCalledOnce();
  expect(renew.mock.lastCall).toEqual([["two"], later(11)]);
});
