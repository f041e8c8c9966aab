/** Plans of clouds of a few dozen hosts that are mended here and there, compared with going through their whole rest. */
import { expect, test } from "vitest";
import { generateCloud } from "../../bench/generator.ts";
import { check } from "../../src/planner/check/check.ts";
import { amend } from "../../src/planner/parallel/amend.ts";
import { follow } from "../../src/planner/parallel/follow.ts";
import { mend } from "../../src/planner/parallel/mend.ts";
import { asPlan, planned } from "../../src/planner/parallel/plan.ts";
import { touchedBy } from "../../src/planner/parallel/touched.ts";
import { smallEvent } from "./small-events.ts";

const CLOUDS = 24;
const EVENTS = 8;
/** How many times longer than gone through a mended plan may take: one may be lucky where the other is not. */
const LONGER_MOST = 1.05;

test("mended plans break no rule, and take no longer than those that are gone through again", () => {
  const ratios: number[] = [];
  const kinds = new Set<string>();
  for (let seed = 1; seed <= CLOUDS; seed++) {
    const leadSeconds = seed % 3 === 0 ? 300 : 0;
    const shape = { hosts: 20 + 2 * seed, utilisation: 0.5 + 0.1 * (seed % 4), actionSpread: 0.3, leadSeconds };
    const before = planned(generateCloud({ ...shape, seed }), { attemptsMax: 1 });
    const written = asPlan(before);
    for (let number = 1; number <= EVENTS; number++) {
      const second = Math.ceil((before.run.makespan * number) / (EVENTS + 1));
      const event = smallEvent(seed * EVENTS + number, second, before.cloud.snapshot, written);
      if (!event) continue;
      const after = amend(before, second, event);
      const run = mend(after.cloud, after.run, second, touchedBy(before, after, event));
      if (run === null) continue;
      kinds.add(event.kind);
      const { violations } = check(after.cloud.snapshot, asPlan({ ...after, run }));
      const left = violations.filter(({ second: at }) => at === null || at >= second);
      expect(left, `seed ${seed}, ${JSON.stringify(event)} at ${second}`).toEqual([]);
      const gone = follow(after.cloud, after.run, second);
      if (gone.waiting.length === 0) ratios.push(run.makespan / gone.makespan);
    }
  }
  ratios.sort((a, b) => a - b);
  expect(kinds.size).toBe(7);
  expect(ratios.length).toBeGreaterThan((CLOUDS * EVENTS) / 2);
  expect(ratios[ratios.length >> 1]).toBeLessThanOrEqual(1);
  expect(ratios.at(-1)).toBeLessThanOrEqual(LONGER_MOST);
}, 120_000);
