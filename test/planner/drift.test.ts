import { expect, test } from "vitest";
import { driftBetween, driftInWords } from "../../src/planner/drift.ts";
import { aSnapshot, type CloudSketch } from "./check/a-plan.ts";

const four = { i1: { host: "a" }, i2: { host: "a" }, i3: { host: "b" }, i4: { host: "b" } };
const planned: CloudSketch = { hosts: { d: {} }, instances: four };
const { i1: _, ...three } = four;

test.each<{ readonly what: string; readonly now: CloudSketch; readonly share: number; readonly words: string }>([
  { what: "nothing", now: planned, share: 0, words: "" },
  {
    what: "an instance that is gone",
    now: { ...planned, instances: three },
    share: 0.25,
    words: "1 instance deleted (i1)",
  },
  {
    what: "a new instance",
    now: { ...planned, instances: { ...four, i5: { host: "c" } } },
    share: 0.25,
    words: "1 instance created (i5)",
  },
  {
    what: "an instance that went elsewhere and grew, which counts once",
    now: { ...planned, instances: { ...four, i3: { host: "c", demand: { vcpus: 4 } } } },
    share: 0.25,
    words: "1 instance moved (i3), 1 instance resized (i3)",
  },
  {
    what: "a demand of another kind",
    now: { ...planned, instances: { ...four, i3: { host: "b", demand: { vcpus: 2, PCI: 1 } } } },
    share: 0.25,
    words: "1 instance resized (i3)",
  },
  {
    what: "four instances, of which three are named",
    now: { ...planned, instances: { i1: { host: "b" }, i2: { host: "b" }, i3: { host: "c" }, i4: { host: "c" } } },
    share: 1,
    words: "4 instances moved (i1, i2, i3, …)",
  },
  { what: "a host that is gone", now: { instances: four }, share: 0.25, words: "1 host gone (d)" },
  {
    what: "a new host",
    now: { hosts: { d: {}, e: {} }, instances: four },
    share: 0.25,
    words: "1 host added (e)",
  },
  {
    what: "a host that takes nothing any more",
    now: { hosts: { d: { enabled: false } }, instances: four },
    share: 0.25,
    words: "1 host closed or down (d)",
  },
  {
    what: "a host with less room",
    now: { hosts: { d: { capacity: { vcpus: 6 } } }, instances: four },
    share: 0.25,
    words: "1 host with less room (d)",
  },
  {
    what: "a host with more room, which spoils no plan",
    now: { hosts: { d: { capacity: { vcpus: 9 } } }, instances: four },
    share: 0,
    words: "",
  },
  {
    what: "a class of resources that only a new instance uses, of which a host has none",
    now: {
      hosts: { d: { capacity: { vcpus: 8, VGPU: 0 } } },
      instances: { ...four, i5: { host: "c", demand: { VGPU: 1 } } },
    },
    share: 0.25,
    words: "1 instance created (i5)",
  },
  {
    what: "hosts and instances: the larger share counts",
    now: { hosts: { d: {}, e: {} }, instances: { i1: { host: "a" }, i2: { host: "a" } } },
    share: 0.5,
    words: "1 host added (e), 2 instances deleted (i3, i4)",
  },
])("$what", ({ now, share, words }) => {
  const drift = driftBetween(aSnapshot(planned), aSnapshot(now));
  expect({ share: drift.share, words: driftInWords(drift) }).toEqual({ share, words });
});

test("a cloud that was empty and is not any more has changed wholly", () => {
  expect(driftBetween(aSnapshot({ instances: {} }), aSnapshot()).share).toBe(1);
});
