import { expect, test } from "vitest";
import { SessionId } from "../../src/domain/ids.ts";
import { EffectId } from "../../src/ports/effects.ts";
import { newHands } from "../../src/worker/hands.ts";

const session = SessionId.parse("11111111-1111-4111-8111-111111111111");
const effects = (...ids: number[]) => ids.map((id) => EffectId.parse(id));

/** Hands whose work ends when the test says so, over a store in which some effects are due. */
function workshop({ number }: { readonly number: number }) {
  const begun: number[] = [];
  const ends = new Map<number, () => void>();
  const turns: (() => void)[] = [];
  const queued: unknown[] = [];
  const errors: unknown[] = [];
  let due: readonly EffectId[] = [];
  const hands = newHands({
    number,
    queue: {
      session: async (id) => void queued.push(id),
      effects: async (ids) => void queued.push(...ids),
      receivers: async () => undefined,
    },
    due: {
      sessions: async () => [],
      receivers: async () => [],
      effects: async (_now, limit) => due.filter((id) => !begun.includes(id)).slice(0, limit),
    },
    clock: { now: () => new Date(0), sleep: async () => undefined },
    advance: () => new Promise((resolve) => turns.push(resolve)),
    perform: (id) => {
      begun.push(id);
      return new Promise((resolve) => ends.set(id, resolve));
    },
    onError: (error) => errors.push(error),
  });
  return {
    ...{ hands, begun, turns, queued, errors },
    isDue: (...ids: number[]) => void (due = effects(...ids)),
    async end(id: number) {
      ends.get(id)?.();
      // Whatever follows from it is on the way by then: nothing here waits for time.
      for (let round = 0; round < 5; round++) await new Promise(setImmediate);
    },
  };
}

test("what it has hands for begins at once, the rest goes to the queue", async () => {
  const { hands, begun, queued } = workshop({ number: 2 });
  await hands.wakes.effects(effects(1, 2, 3, 4));
  expect(begun).toEqual([1, 2]);
  expect(queued).toEqual([3, 4]);
});

test("what was left for want of hands begins when one comes free", async () => {
  const { hands, begun, isDue, end } = workshop({ number: 2 });
  isDue(3, 4);
  await hands.wakes.effects(effects(1, 2, 3, 4));
  await end(1);
  expect(begun).toEqual([1, 2, 3]);
  await end(2);
  expect(begun).toEqual([1, 2, 3, 4]);
});

test("a hint from the queue for which there is no hand is not forgotten", async () => {
  const { hands, begun, isDue, end } = workshop({ number: 1 });
  isDue(2);
  await hands.wakes.effects(effects(1));
  await hands.handlers.effect(EffectId.parse(2));
  expect(begun).toEqual([1]);
  await end(1);
  expect(begun).toEqual([1, 2]);
});

test("a hint from the queue tells that another worker has more than it can do: what is due is looked for", async () => {
  const { hands, begun, isDue, end } = workshop({ number: 3 });
  isDue(1, 2, 3, 4);
  void hands.handlers.effect(EffectId.parse(1));
  await end(0); // Nobody's: the look is on its way.
  expect(begun).toEqual([1, 2, 3]);
});

test("of much that it has no hands for, the queue gets a few hints", async () => {
  const { hands, queued } = workshop({ number: 1 });
  await hands.wakes.effects(effects(...Array.from({ length: 1_000 }, (_, id) => id + 1)));
  expect(queued.length).toBeGreaterThan(0);
  expect(queued.length).toBeLessThan(50);
});

test("an effect that is in hand is not taken in hand again", async () => {
  const { hands, begun, queued } = workshop({ number: 3 });
  await hands.wakes.effects(effects(1));
  await hands.wakes.effects(effects(1));
  await hands.handlers.effect(EffectId.parse(1));
  expect(begun).toEqual([1]);
  expect(queued).toEqual([]);
});

test("a session that is woken while it is advanced is advanced once more, however often it was", async () => {
  const { hands, turns } = workshop({ number: 1 });
  await hands.wakes.session(session);
  for (let wake = 0; wake < 5; wake++) await hands.wakes.session(session);
  await hands.handlers.session(session);
  expect(turns).toHaveLength(1);
  turns[0]?.();
  await new Promise(setImmediate);
  expect(turns).toHaveLength(2);
  turns[1]?.();
  await new Promise(setImmediate);
  expect(turns).toHaveLength(2);
});

test("once it stops it begins nothing, and what is woken goes to the queue", async () => {
  const { hands, begun, queued, turns, end } = workshop({ number: 3 });
  await hands.wakes.effects(effects(1));
  await hands.wakes.session(session);
  await hands.wakes.session(session);
  const stopped = hands.stop();
  await hands.wakes.effects(effects(2));
  turns[0]?.();
  await end(1);
  await stopped;
  expect(begun).toEqual([1]);
  expect(queued).toEqual([2, session]);
  expect(turns).toHaveLength(1);
});
