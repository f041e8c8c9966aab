/** Plans that are mended again and again, judged by the checker for the time that is left. */
import { expect, test } from "vitest";
import { check } from "../../src/planner/check/check.ts";
import { asPlan, planned } from "../../src/planner/parallel/plan.ts";
import { replan } from "../../src/planner/parallel/replan.ts";
import { smallCloud } from "./small-clouds.ts";
import { smallEvent } from "./small-events.ts";

const CLOUDS = 500;
const EVENTS = 3;

test(`after up to ${EVENTS} events in each of ${CLOUDS} clouds, the rest of the plan breaks no rule`, () => {
  const seen = new Map<string, number>();
  for (let seed = 1; seed <= CLOUDS; seed++) {
    let state = planned(smallCloud(seed), { attemptsMax: 12 });
    let second = 0;
    for (let number = 0; number < EVENTS; number++) {
      const before = asPlan(state);
      second += Math.floor((before.makespan_seconds - second) * 0.3);
      const event = smallEvent(seed * EVENTS + number, second, state.cloud.snapshot, before);
      if (!event) continue;
      seen.set(event.kind, (seen.get(event.kind) ?? 0) + 1);
      state = replan(state, second, event);
      const after = asPlan(state);
      const from = second;
      const left = check(state.cloud.snapshot, after).violations.filter(({ second: at }) => at === null || at >= from);
      expect(left, `seed ${seed}, ${JSON.stringify(event)} at ${second}`).toEqual([]);
      const begunBefore = before.moves.filter(({ start }) => start < from).map(({ start, to }) => ({ start, to }));
      if (event.kind.startsWith("action") || event.kind.startsWith("host"))
        expect(after.moves.slice(0, begunBefore.length)).toMatchObject(begunBefore);
    }
  }
  expect(Math.min(...seen.values())).toBeGreaterThan(CLOUDS / 20);
  expect(seen.size).toBe(7);
}, 240_000);
