/** What holds for every plan, whatever the cloud: judged by the checker, which shares no code with the planner. */
import { expect, test } from "vitest";
import { check } from "../../src/planner/check/check.ts";
import { plan } from "../../src/planner/parallel/plan.ts";
import { smallCloud } from "./small-clouds.ts";

const CLOUDS = 2_000;
/** One in so many has all of its tries; the others a few, so that there is time for many clouds. */
const THOROUGH = 100;

test(`plans for ${CLOUDS} odd little clouds break no rule`, () => {
  let planned = 0;
  let blocked = 0;
  for (let seed = 1; seed <= CLOUDS; seed++) {
    const cloud = smallCloud(seed);
    const made = plan(cloud, seed % THOROUGH === 0 ? {} : { attemptsMax: 12 });
    const { violations } = check(cloud, made);
    expect(violations, `seed ${seed}`).toEqual([]);
    planned += made.hosts.length;
    blocked += made.blocked.length;
  }
  // A generator that only makes hopeless clouds would prove nothing.
  expect(planned).toBeGreaterThan(CLOUDS);
  expect(blocked).toBeGreaterThan(CLOUDS / 10);
}, 240_000); // Some 15 s on an idle core.

test("the same cloud and seed give the same bytes", () => {
  for (const seed of [3, 14, 159])
    expect(JSON.stringify(plan(smallCloud(seed), { seed }))).toBe(JSON.stringify(plan(smallCloud(seed), { seed })));
});
