/** One joint answer for all hosts that are emptied at a time. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { CloudFacts } from "../../src/domain/cloud.ts";
import type { HostName } from "../../src/domain/ids.ts";
import { type Assignment, assign, type Drains } from "../../src/planner/assign.ts";
import { foresee } from "../../src/planner/foresee.ts";
import { instancesOn } from "../../src/planner/index-facts.ts";
import { aCloud, host, instance } from "./cloud.ts";

const ask = (facts: CloudFacts, drains: Partial<Drains> = {}): Assignment =>
  assign(facts, {
    begun: [],
    candidates: facts.computes.map(({ name }) => name),
    atMost: 100,
    destinations: new Set(facts.computes.map(({ name }) => name)),
    preferred: new Set(),
    ...drains,
  });
const goals = ({ goals: map }: Assignment) => Object.fromEntries(map);
const hosts = (...names: string[]): HostName[] => names.map(host);

describe("choosing", () => {
  test("as many hosts as find room together, and none counts on what another one took", () => {
    const facts = aCloud({
      hosts: { a: {}, b: {}, c: {}, d: {} },
      instances: {
        a1: { on: "a", vcpus: 2 },
        b1: { on: "b", vcpus: 2 },
        c1: { on: "c", vcpus: 2 },
        d1: { on: "d", vcpus: 2 },
      },
    });
    const answer = ask(facts);
    expect(answer.chosen).toEqual(["a", "c"]);
    expect(goals(answer)).toEqual({ a1: "b", c1: "d" });
  });

  test("no more than allowed", () => {
    expect(ask(aCloud({ hosts: { a: {}, b: {}, c: {} } }), { atMost: 2 }).chosen).toEqual(["a", "b"]);
  });

  test("a host that does not fit whole gives up nothing", () => {
    const facts = aCloud({
      hosts: { a: {}, b: { vcpus: 2 } },
      instances: { a1: { on: "a", vcpus: 1 }, a2: { on: "a", vcpus: 2 } },
    });
    expect(ask(facts, { candidates: hosts("a") })).toMatchObject({ chosen: [], goals: new Map() });
  });

  test("one whose compute service is down cannot be emptied", () => {
    const facts = aCloud({ hosts: { a: { up: false }, b: {} }, instances: { a1: { on: "a" } } });
    expect(ask(facts).chosen).not.toContain("a");
  });

  test("what was begun has its place first", () => {
    const facts = aCloud({
      hosts: { a: {}, b: {}, c: { vcpus: 3 } },
      instances: { a1: { on: "a", vcpus: 3 }, b1: { on: "b", vcpus: 3 } },
    });
    const answer = ask(facts, { begun: hosts("b"), candidates: hosts("a") });
    expect(goals(answer)).toEqual({ b1: "c" });
    expect(answer.chosen).toEqual([]);
  });

  test("what finds no place is named", () => {
    const facts = aCloud({ hosts: { a: {}, b: { vcpus: 1 } }, instances: { a1: { on: "a", vcpus: 2 } } });
    expect(ask(facts, { begun: hosts("a") }).unplaced).toEqual(["a1"]);
  });
});

describe("where to", () => {
  test("preferred hosts are filled before others, and tighter ones first", () => {
    const facts = aCloud({
      hosts: { a: {}, b: { vcpus: 8 }, c: { vcpus: 2 }, d: { vcpus: 2 } },
      instances: { a1: { on: "a", vcpus: 1 }, a2: { on: "a", vcpus: 2 } },
    });
    const answer = ask(facts, { begun: hosts("a"), candidates: [], preferred: new Set(hosts("b")) });
    expect(goals(answer)).toEqual({ a1: "b", a2: "b" });
    expect(goals(ask(facts, { begun: hosts("a"), candidates: [] }))).toEqual({ a1: "d", a2: "c" });
  });

  test("members of an anti-affinity group go to different hosts", () => {
    const facts = aCloud({
      hosts: { a: {}, b: {}, c: {}, d: {} },
      instances: { a1: { on: "a" }, b1: { on: "b" }, c1: { on: "c" } },
      groups: { web: { members: ["a1", "b1", "c1"] } },
    });
    expect(goals(ask(facts, { begun: hosts("a", "b"), candidates: [] }))).toEqual({ a1: "d" });
  });

  test("members of an affinity group go together", () => {
    const facts = aCloud({
      hosts: { a: {}, b: { vcpus: 1 }, c: { vcpus: 2 }, d: { vcpus: 2 } },
      instances: { a1: { on: "a" }, a2: { on: "a" } },
      groups: { pair: { members: ["a1", "a2"], policy: "affinity" } },
    });
    const { a1, a2 } = goals(ask(facts, { begun: hosts("a"), candidates: [], preferred: new Set(hosts("c", "d")) }));
    expect(a1).toBe(a2);
  });

  test("zones and aggregates hold", () => {
    const facts = aCloud({
      hosts: { a: { zone: "az1" }, b: { zone: "az2" }, c: { zone: "az1", vcpus: 8 } },
      instances: { a1: { on: "a" } },
    });
    expect(goals(ask(facts, { begun: hosts("a"), candidates: [] }))).toEqual({ a1: "c" });
  });

  test("of hosts that are down, those that are empty: Nova moves nothing off the others", () => {
    const facts = aCloud({ hosts: { a: { up: false }, b: { up: false }, c: {} }, instances: { b1: { on: "b" } } });
    expect(ask(facts, { candidates: hosts("a", "b") }).chosen).toEqual(["a"]);
  });

  test("a host that was tried in vain comes last, and is tried again when there is no other", () => {
    const facts = aCloud({ hosts: { a: {}, b: { vcpus: 1 }, c: {} }, instances: { a1: { on: "a" } } });
    const avoid = new Map([[instance("a1"), new Set(hosts("b"))]]);
    expect(goals(ask(facts, { begun: hosts("a"), candidates: [], avoid }))).toEqual({ a1: "c" });
    const only = new Set(hosts("b"));
    expect(goals(ask(facts, { begun: hosts("a"), candidates: [], avoid, destinations: only }))).toEqual({ a1: "b" });
  });

  test("what needs no place takes none", () => {
    const facts = aCloud({ hosts: { a: {}, b: {} }, instances: { a1: { on: "a" } } });
    const except = new Set([instance("a1")]);
    expect(ask(facts, { begun: hosts("a"), candidates: [], except })).toMatchObject({ goals: new Map(), unplaced: [] });
  });
});

test("whatever is answered fits: room and anti-affinity hold, and who is emptied takes nobody", () => {
  const cloud = fc.record({
    rooms: fc.array(fc.integer({ min: 1, max: 8 }), { minLength: 2, maxLength: 8 }),
    sizes: fc.array(fc.record({ size: fc.integer({ min: 1, max: 4 }), at: fc.nat(7), apart: fc.boolean() }), {
      maxLength: 24,
    }),
    begun: fc.nat(2),
  });
  fc.assert(
    fc.property(cloud, ({ rooms, sizes, begun }) => {
      const names = rooms.map((_, n) => `h${n}`);
      const used = names.map(() => 0);
      const apart: { id: string; at: number }[] = [];
      const instances: Record<string, { on: string; vcpus: number }> = {};
      for (const [n, one] of sizes.entries()) {
        const at = one.at % rooms.length;
        if ((used[at] ?? 0) + one.size > (rooms[at] ?? 0)) continue;
        if (one.apart && apart.some((other) => other.at === at)) continue;
        used[at] = (used[at] ?? 0) + one.size;
        if (one.apart) apart.push({ id: `i${n}`, at });
        instances[`i${n}`] = { on: names[at] ?? "", vcpus: one.size };
      }
      const facts = aCloud({
        hosts: Object.fromEntries(names.map((name, n) => [name, { vcpus: rooms[n] ?? 1 }])),
        instances,
        groups: { web: { members: apart.map(({ id }) => id) } },
      });
      const leaving = names.slice(0, begun).map(host);
      const answer = ask(facts, { begun: leaving, candidates: names.slice(begun).map(host) });
      const after = foresee(
        facts,
        [...answer.goals].map(([id, to]) => ({ instance: id, to })),
      );
      for (const { name, capacity, used: load } of after.computes) {
        for (const [resource, amount] of Object.entries(load))
          expect(amount).toBeLessThanOrEqual(capacity[resource] ?? 0);
        const members = instancesOn(after, name).filter(({ id }) => apart.some((one) => one.id === id));
        expect(members.length).toBeLessThanOrEqual(1);
      }
      for (const name of answer.chosen) expect(instancesOn(after, name)).toEqual([]);
      for (const name of leaving)
        expect(
          instancesOn(after, name)
            .map(({ id }) => id)
            .toSorted(),
        ).toEqual(
          answer.unplaced.filter((id) => facts.instances.some((one) => one.id === id && one.host === name)).toSorted(),
        );
    }),
    { numRuns: 400 },
  );
});

test("each goes to where the least is left over, also after candidates were tried in vain before", () => {
  const world = fc.record({
    rooms: fc.array(fc.integer({ min: 2, max: 12 }), { minLength: 3, maxLength: 7 }),
    sizes: fc.array(fc.record({ size: fc.integer({ min: 1, max: 4 }), at: fc.nat(6) }), { maxLength: 24 }),
    atMost: fc.nat(3),
  });
  fc.assert(
    fc.property(world, ({ rooms, sizes, atMost }) => {
      const free = [...rooms];
      const at = new Map<number, [string, number][]>(rooms.map((_, n) => [n, []]));
      for (const [n, one] of sizes.entries()) {
        const place = one.at % rooms.length;
        if ((free[place] ?? 0) < one.size) continue;
        free[place] = (free[place] ?? 0) - one.size;
        at.get(place)?.push([`i${n}`, one.size]);
      }
      const facts = aCloud({
        hosts: Object.fromEntries(rooms.map((room, n) => [`h${n}`, { vcpus: room }])),
        instances: Object.fromEntries(
          [...at].flatMap(([n, there]) => there.map(([id, size]) => [id, { on: `h${n}`, vcpus: size }])),
        ),
      });

      // The same again, with a search over all hosts for each.
      const room = [...free];
      const away = new Set([0]);
      const expected = new Map<string, string>();
      const received = new Set<number>();
      const empty = (place: number): boolean => {
        const before = [...room];
        const placed: [string, number][] = [];
        for (const [id, size] of (at.get(place) ?? []).toSorted(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))) {
          const open = rooms.map((_, n) => n).filter((n) => !away.has(n) && (room[n] ?? 0) >= size);
          const over = (n: number) => (2 * ((room[n] ?? 0) - size)) / (rooms[n] ?? 1);
          const [best] = open.toSorted((a, b) => over(a) - over(b) || a - b);
          if (best === undefined) {
            if (place === 0) continue;
            room.splice(0, room.length, ...before);
            return false;
          }
          room[best] = (room[best] ?? 0) - size;
          placed.push([id, best]);
        }
        for (const [id, best] of placed) {
          expected.set(id, `h${best}`);
          received.add(best);
        }
        return true;
      };
      empty(0);
      const chosen: string[] = [];
      for (let place = 1; place < rooms.length && chosen.length < atMost; place++) {
        if (received.has(place)) continue;
        away.add(place);
        if (empty(place)) chosen.push(`h${place}`);
        else away.delete(place);
      }

      const candidates = rooms.slice(1).map((_, n) => host(`h${n + 1}`));
      const answer = ask(facts, { begun: [host("h0")], candidates, atMost });
      expect(answer.chosen).toEqual(chosen);
      expect(goals(answer)).toEqual(Object.fromEntries(expected));
    }),
    { numRuns: 2_000 },
  );
});
