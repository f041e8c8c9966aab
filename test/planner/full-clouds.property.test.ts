/** Clouds with hardly any room: what finds a place there, and whether the planner comes to an end at all. */
import { expect, test } from "vitest";
import { generateCloud } from "../../bench/generator.ts";
import { check } from "../../src/planner/check/check.ts";
import { Objective } from "../../src/planner/format/snapshot.ts";
import { plan } from "../../src/planner/parallel/plan.ts";

/** The larger the cloud, the fewer of it: together some 10 s on an idle core. */
const SIZES = [
  { hosts: 30, seeds: [1, 2, 3] },
  { hosts: 60, seeds: [4] },
  { hosts: 100, seeds: [5] },
];

const POINTS = Objective.options.flatMap((objective) =>
  [0.85, 0.9, 0.95].flatMap((utilisation) => SIZES.map((size) => ({ objective, utilisation, ...size }))),
);

test.each(POINTS)(
  "$hosts hosts, $utilisation in use, $objective: each host has its turn or a reason, and no rule is broken",
  ({ hosts, utilisation, objective, seeds }) => {
    for (const seed of seeds) {
      const cloud = generateCloud({ hosts, utilisation, objective, seed, actionSpread: 0.3 });
      const made = plan(cloud);
      expect(check(cloud, made).violations, `seed ${seed}`).toEqual([]);
      const named = [...made.hosts, ...made.blocked].map(({ host }) => host);
      expect(named.toSorted(), `seed ${seed}`).toEqual(cloud.hosts.map(({ host }) => host).toSorted());
      expect(made.hosts.length, `seed ${seed}`).toBeGreaterThan(hosts / 2);
    }
  },
  120_000,
);
