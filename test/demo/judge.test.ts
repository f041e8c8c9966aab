/** A judge that finds nothing is worth nothing: each kind of wrong is done to a simulated cloud once. */
import { expect, test } from "vitest";
import { judge } from "../../demo/judge.ts";
import type { Work } from "../../demo/desk.ts";
import { manualClock } from "../../src/simulator/clock.ts";
import { type SimulatedCloud, simulatedCloud } from "../../src/simulator/cloud.ts";

function aCloud() {
  const clock = manualClock();
  const cloud = simulatedCloud({
    clock,
    hosts: ["compute-1", "compute-2"],
    controllers: ["controller-1"],
    projects: ["shop"],
    instances: [{ name: "web", project: "shop", host: "compute-1" }],
    times: { boot: 3, delete: 1 },
  });
  const before = cloud.log.last;
  const works: Work[] = [];
  const work = (...hosts: readonly string[]) => {
    for (const host of hosts) {
      const from = new Date(clock.now());
      clock.advance(1);
      works.push({ host, from, until: new Date(clock.now()) });
      clock.advance(1);
    }
  };
  return { cloud, clock, work, verdict: () => judge({ cloud, before, works }) };
}

/** Everything done, with the one instance away while its host is worked on. */
function wellDone({ cloud, clock, work }: ReturnType<typeof aCloud>): void {
  const tenant = cloud.asTenant("shop");
  work("controller-1", "compute-2");
  tenant.delete("web");
  clock.settle();
  work("compute-1");
  tenant.boot({ name: "web" });
  clock.settle();
}

test("all is well", () => {
  const stage = aCloud();
  wellDone(stage);
  expect(stage.verdict()).toMatchObject({
    maintained: ["controller-1", "compute-2", "compute-1"],
    instances: 1,
    scaledIn: 1,
    scaledOut: 1,
    downtimes: [],
    violations: [],
  });
});

test.each<[name: string, wrong: (cloud: SimulatedCloud, stage: ReturnType<typeof aCloud>) => void, found: string]>([
  [
    "a host is left closed",
    (cloud) => cloud.disable("compute-2", "Fenix"),
    "service_not_restored: nova-compute on compute-2",
  ],
  ["a host is worked on again", (_, { work }) => work("controller-1"), "controller-1 was worked on 2 times"],
  [
    "an instance is lost",
    (cloud, { clock }) => (cloud.asTenant("shop").delete("web"), clock.settle()),
    "1 instances are missing",
  ],
  [
    "an instance is left stopped",
    (cloud, { clock }) => (cloud.asTenant("shop").stop("web"), clock.settle()),
    "web does not run: stopped",
  ],
])("%s", (_, wrong, found) => {
  const stage = aCloud();
  wellDone(stage);
  wrong(stage.cloud, stage);
  expect(stage.verdict().violations).toEqual([expect.stringContaining(found)]);
});

test("a host is worked on while an instance is on it, and another one never", () => {
  const stage = aCloud();
  stage.work("controller-1", "compute-1");
  expect(stage.verdict().violations).toEqual([
    expect.stringMatching(/^compute-1 was worked on with .+ on it$/),
    // On the host, and charged to it in Placement.
    expect.stringMatching(/^compute-1 was worked on with .+ on it$/),
    "compute-2 was worked on 0 times",
  ]);
});

test("the time during which an instance did not run", () => {
  const stage = aCloud();
  const tenant = stage.cloud.asTenant("shop");
  tenant.stop("web");
  stage.clock.settle();
  stage.clock.advance(5);
  tenant.start("web");
  stage.clock.settle();
  const [seconds = 0] = stage.verdict().downtimes;
  expect(seconds).toBeGreaterThanOrEqual(5);
  expect(seconds).toBeLessThan(8);
});
