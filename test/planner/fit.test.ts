import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { CloudFacts } from "../../src/domain/cloud.ts";
import { add, fits, type Resources } from "../../src/domain/resources.ts";
import { cheapestShortage, type Fit, fitAway, type FitOptions } from "../../src/planner/fit.ts";
import { foresee } from "../../src/planner/foresee.ts";
import { obstacleInWords } from "../../src/planner/obstacle.ts";
import {
  aCloud,
  type GroupSketch,
  host,
  type HostSketch,
  instance,
  type InstanceSketch,
  others,
  vcpus,
} from "./cloud.ts";

/** Empties host `a` into all others. */
const empty = (facts: CloudFacts, options: FitOptions = {}): Fit =>
  fitAway(facts, [host("a")], others(facts, "a"), options);

const inWords = (fit: Fit): readonly string[] => [
  ...fit.placements.map((placed) => `${placed.instance} → ${placed.to}`),
  ...(fit.kind === "fits" ? [] : fit.obstacles.map((obstacle) => `${obstacle.instance}: ${obstacleInWords(obstacle)}`)),
];

const ssd = [{ name: "fast", metadata: { ssd: "true", rack: "1,2" } }];
const reserved = [{ name: "gold", metadata: { filter_tenant_id: "bank, mint", filter_tenant_id_2: "zoo" } }];

describe("an instance goes where it may", () => {
  test.each<{
    name: string;
    hosts: Record<string, HostSketch>;
    instances: Record<string, InstanceSketch>;
    groups?: Record<string, GroupSketch>;
    told: readonly string[];
  }>([
    {
      name: "where the least room is left over",
      hosts: { a: {}, b: { vcpus: 9 }, c: { vcpus: 2 } },
      instances: { i: { on: "a", vcpus: 2 } },
      told: ["i → c"],
    },
    {
      name: "largest first",
      hosts: { a: {}, b: { vcpus: 3 }, c: { vcpus: 1 } },
      instances: { i: { on: "a", vcpus: 1 }, j: { on: "a", vcpus: 3 } },
      told: ["i → c", "j → b"],
    },
    {
      name: "to the brim: 3+3 and 2+2+2 fill two hosts of 6",
      hosts: { a: {}, b: { vcpus: 6 }, c: { vcpus: 6 } },
      instances: Object.fromEntries([3, 3, 2, 2, 2].map((size, n) => [`i${n}`, { on: "a", vcpus: size }])),
      told: ["i0 → b", "i1 → b", "i2 → c", "i3 → c", "i4 → c"],
    },
    {
      name: "back from a choice that gets stuck: best fit puts 6 into 7, but only 6+4 and 4+3 work",
      hosts: { a: {}, b: { vcpus: 10 }, c: { vcpus: 7 } },
      instances: Object.fromEntries([6, 4, 4, 3].map((size, n) => [`i${n}`, { on: "a", vcpus: size }])),
      told: ["i0 → b", "i1 → b", "i2 → c", "i3 → c"],
    },
    {
      name: "not where memory is short, however many vCPUs are free",
      hosts: { a: {}, b: { capacity: { VCPU: 64, MEMORY_MB: 512 } } },
      instances: { i: { on: "a" } },
      told: ["i: no room: even b lacks 512 MEMORY_MB"],
    },
    {
      name: "not where a resource class is unknown",
      hosts: { a: {}, b: { vcpus: 64 } },
      instances: { i: { on: "a", demand: { VCPU: 1, CUSTOM_LICENSE: 2 } } },
      told: ["i: no room: even b lacks 2 CUSTOM_LICENSE"],
    },
    {
      name: "not to a host that is down",
      hosts: { a: {}, b: { up: false } },
      instances: { i: { on: "a" } },
      told: ["i: no other host is open"],
    },
    {
      name: "not off a host that is down",
      hosts: { a: { up: false }, b: {} },
      instances: { i: { on: "a" } },
      told: ["i: the compute service of its host is down"],
    },
    {
      name: "within its zone",
      hosts: { a: { zone: "north" }, b: { zone: "south" }, c: { zone: "north" } },
      instances: { i: { on: "a" } },
      told: ["i → c"],
    },
    {
      name: "nowhere when its zone has no other host",
      hosts: { a: { zone: "north" }, b: { zone: "south" } },
      instances: { i: { on: "a" } },
      told: ["i: no open host in its availability zone north"],
    },
    {
      name: "to an aggregate with what its flavor asks for",
      hosts: { a: {}, b: {}, c: { aggregates: ssd } },
      instances: {
        i: { on: "a", aggregateSpecs: { ssd: "true" } },
        j: { on: "a", aggregateSpecs: { rack: "<or> 2 <or> 3" } },
      },
      told: ["i → c", "j → c"],
    },
    {
      name: "nowhere when no aggregate has it",
      hosts: { a: {}, b: { aggregates: ssd } },
      instances: { i: { on: "a", aggregateSpecs: { ssd: "s!= true" } } },
      told: ["i: no open host has what its aggregate rules ask for (ssd=s!= true)"],
    },
    {
      name: "to a reserved aggregate only as one of its projects, whichever key names it",
      hosts: { a: {}, b: { aggregates: reserved }, c: {} },
      instances: {
        i: { on: "a", vcpus: 4, project: "zoo" },
        j: { on: "a", vcpus: 3, project: "shop" },
        k: { on: "a", vcpus: 1, project: "mint" },
      },
      told: ["i → b", "j → c", "k → c"],
    },
    {
      name: "away from members of its anti-affinity group",
      hosts: { a: {}, b: {}, c: { vcpus: 16 } },
      instances: { i: { on: "a" }, j: { on: "b" } },
      groups: { web: { members: ["i", "j"] } },
      told: ["i → c"],
    },
    {
      name: "beside as many members as its group allows",
      hosts: { a: {}, b: {} },
      instances: { i: { on: "a" }, j: { on: "a" }, k: { on: "b" } },
      groups: { web: { members: ["i", "j", "k"], maxPerHost: 2 } },
      told: ["i → b", "j: its anti-affinity group web has a member on every host with room"],
    },
    {
      name: "apart from members that leave with it",
      hosts: { a: {}, b: {}, c: {} },
      instances: { i: { on: "a" }, j: { on: "a" } },
      groups: { web: { members: ["i", "j"], maxPerHost: 1 } },
      told: ["i → b", "j → c"],
    },
    {
      name: "to the less crowded host where the group only asks",
      hosts: { a: {}, b: { vcpus: 2 }, c: { vcpus: 16 } },
      instances: { i: { on: "a" }, j: { on: "b" } },
      groups: { web: { members: ["i", "j"], policy: "soft-anti-affinity" } },
      told: ["i → c"],
    },
    {
      name: "together with its affinity group",
      hosts: { a: {}, b: { vcpus: 3 }, c: { vcpus: 3 } },
      instances: { i: { on: "a", vcpus: 2 }, j: { on: "a", vcpus: 2 } },
      groups: { pair: { members: ["i", "j"], policy: "affinity" } },
      told: ["i: no room: even b lacks 1024 MEMORY_MB, 1 VCPU", "j: no room: even b lacks 1024 MEMORY_MB, 1 VCPU"],
    },
    {
      name: "after the member of its affinity group that went before",
      hosts: { a: {}, b: { vcpus: 2 }, c: { vcpus: 9 } },
      instances: { i: { on: "a" }, j: { on: "c" } },
      groups: { pair: { members: ["i", "j"], policy: "affinity" } },
      told: ["i → c"],
    },
    { name: "an empty host fits anywhere, even nowhere", hosts: { a: {} }, instances: {}, told: [] },
  ])("$name", ({ hosts, instances, groups = {}, told }) => {
    expect(inWords(empty(aCloud({ hosts, instances, groups })))).toEqual(told);
  });

  test("first to the hosts that it need not leave again", () => {
    const facts = aCloud({ hosts: { a: {}, b: { vcpus: 1 }, c: { vcpus: 9 } }, instances: { i: { on: "a" } } });
    expect(inWords(empty(facts, { preferred: new Set([host("c")]) }))).toEqual(["i → c"]);
  });

  test("not where it was tried in vain", () => {
    const facts = aCloud({ hosts: { a: {}, b: {} }, instances: { i: { on: "a" }, j: { on: "a" } } });
    const avoid = new Map([[instance("i"), new Set([host("b")])]]);
    expect(inWords(empty(facts, { avoid }))).toEqual(["j → b", "i: every host that could take it was tried"]);
  });

  test("only those that are asked for", () => {
    const facts = aCloud({
      hosts: { a: {}, b: { vcpus: 1 } },
      instances: { i: { on: "a" }, j: { on: "a", vcpus: 3 } },
    });
    expect(inWords(empty(facts, { only: new Set([instance("i")]) }))).toEqual(["i → b"]);
  });

  test("two hosts are emptied into the others, not into each other", () => {
    const facts = aCloud({
      hosts: { a: {}, b: {}, c: { vcpus: 2 } },
      instances: { i: { on: "a" }, j: { on: "b" } },
    });
    expect(inWords(fitAway(facts, [host("a"), host("b")], others(facts)))).toEqual(["i → c", "j → c"]);
  });
});

describe("what is missing", () => {
  const shortageOf = (fit: Fit): Resources => (fit.kind === "fits" ? {} : fit.shortage);

  test("is the room of all who found no place", () => {
    const facts = aCloud({
      hosts: { a: { vcpus: 4 }, b: { vcpus: 4 }, c: { vcpus: 4 } },
      instances: {
        i: { on: "a", vcpus: 2 },
        j: { on: "a", vcpus: 2 },
        k: { on: "b", vcpus: 4 },
        l: { on: "c", vcpus: 2 },
      },
    });
    expect(shortageOf(empty(facts))).toEqual(vcpus(2));
  });

  test("is only what the nearest host lacks", () => {
    const facts = aCloud({ hosts: { a: {}, b: { vcpus: 3 } }, instances: { i: { on: "a", vcpus: 4 } } });
    expect(shortageOf(empty(facts))).toEqual(vcpus(1));
  });

  test("is the instance itself where a rule and no room is in the way", () => {
    const facts = aCloud({
      hosts: { a: {}, b: { vcpus: 16 } },
      instances: { i: { on: "a", vcpus: 2 }, j: { on: "b" } },
      groups: { web: { members: ["i", "j"] } },
    });
    expect(shortageOf(empty(facts))).toEqual(vcpus(2));
  });

  test("is asked for the host that needs the least", () => {
    const facts = aCloud({
      hosts: { a: { vcpus: 8 }, b: {}, c: { vcpus: 8 } },
      instances: { i: { on: "a", vcpus: 8 }, j: { on: "b", vcpus: 3 }, k: { on: "c", vcpus: 8 } },
    });
    const candidates = ["a", "b", "c"].map((name) => ({ host: host(name), destinations: others(facts, name) }));
    expect(cheapestShortage(facts, candidates)).toMatchObject({ host: "b", shortage: vcpus(3) });
  });

  test("is nothing where a host is down: room does not help it", () => {
    const facts = aCloud({ hosts: { a: { up: false }, b: {} }, instances: { i: { on: "a" } } });
    expect(cheapestShortage(facts, [{ host: host("a"), destinations: [host("b")] }])).toBeNull();
  });
});

test("a move that the last look did not see is counted where it goes, once", () => {
  const facts = aCloud({
    hosts: { a: {}, b: {} },
    instances: { i: { on: "a", vcpus: 2 }, j: { on: "a", vcpus: 1, status: "MIGRATING" } },
  });
  const later = foresee(facts, [
    { instance: instance("i"), to: host("b") },
    { instance: instance("j"), to: host("b") },
  ]);
  expect(later.computes.map(({ used }) => used)).toEqual([vcpus(0), vcpus(2)]);
  expect(later.instances.map((one) => one.host)).toEqual(["b", "b"]);
});

describe("small random clouds", () => {
  const cloud = fc
    .record({
      sizes: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 5 }),
      rooms: fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 1, maxLength: 3 }),
      apart: fc.array(fc.boolean(), { minLength: 5, maxLength: 5 }),
    })
    .map(({ sizes, rooms, apart }) =>
      aCloud({
        hosts: { a: { vcpus: 20 }, ...Object.fromEntries(rooms.map((room, n) => [`h${n}`, { vcpus: room }])) },
        instances: Object.fromEntries(sizes.map((size, n) => [`i${n}`, { on: "a", vcpus: size }])),
        groups: { web: { members: sizes.flatMap((_, n) => (apart[n] ? [`i${n}`] : [])) } },
      }),
    );

  test("are answered as trying everything would answer", () => {
    fc.assert(
      fc.property(cloud, (facts) => {
        const fit = empty(facts);
        expect(fit.kind === "fits").toBe(somethingFits(facts));
        expectSound(facts, fit);
      }),
      { numRuns: 300 },
    );
  });

  test("get the same answer twice", () => {
    fc.assert(
      fc.property(cloud, (facts) => {
        expect(empty(structuredClone(facts))).toEqual(empty(facts));
      }),
      { numRuns: 50 },
    );
  });
});

/** Every placement has room and keeps members apart; whoever has none has an obstacle. */
function expectSound(facts: CloudFacts, fit: Fit): void {
  const after = foresee(facts, fit.placements);
  for (const { used, capacity } of after.computes.filter(({ name }) => name !== "a"))
    expect(fits(used, capacity)).toBe(true);
  const members = new Set(facts.groups.flatMap((group) => group.members));
  const homes = fit.placements.filter(({ instance: id }) => members.has(id)).map(({ to }) => to);
  expect(new Set(homes).size).toBe(homes.length);
  const told = fit.kind === "fits" ? [] : fit.obstacles;
  expect(fit.placements.length + told.length).toBe(facts.instances.length);
}

function somethingFits({ instances, computes, groups }: CloudFacts): boolean {
  const members = new Set(groups.flatMap((group) => group.members));
  const rooms = computes.filter(({ name }) => name !== "a");
  const place = (index: number, used: readonly Resources[], taken: ReadonlySet<number>): boolean => {
    const one = instances[index];
    if (!one) return true;
    return rooms.some(({ capacity }, at) => {
      const booked = add(used[at] ?? {}, one.demand);
      const apart = members.has(one.id);
      if (!fits(booked, capacity) || (apart && taken.has(at))) return false;
      return place(index + 1, used.with(at, booked), apart ? new Set([...taken, at]) : taken);
    });
  };
  return place(
    0,
    rooms.map(() => ({})),
    new Set(),
  );
}
