/** A good plan with one random change is caught, whatever the change is. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { check } from "../../../src/planner/check/check.ts";
import type { Plan } from "../../../src/planner/format/plan.ts";
import { aPlan, aSnapshot, sealed } from "./a-plan.ts";

const HOSTS = ["a", "b", "c"];
const snapshot = aSnapshot({
  hosts: Object.fromEntries(HOSTS.map((host) => [host, { capacity: { vcpus: 12 } }])),
  instances: Object.fromEntries(HOSTS.flatMap((host) => [1, 2].map((n) => [`${host}${n}`, { host }]))),
  session: { hosts: HOSTS, max_hosts_at_once: 1, max_moves_at_once: 1 },
});

/** One host after another, one move after another, no second between them: any change breaks something. */
const good = (() => {
  const moves: [string, string, string, number][] = [];
  const place = new Map(snapshot.instances.map(({ instance, host }) => [instance, host]));
  const hosts: Record<string, { drain_start: number; empty_at: number; wave: number }> = {};
  let now = 0;
  for (const [index, host] of HOSTS.entries()) {
    const drain_start = now;
    const to = HOSTS[(index + 1) % HOSTS.length] ?? "";
    for (const [instance, at] of place) {
      if (at !== host) continue;
      moves.push([instance, host, to, now]);
      place.set(instance, to);
      now += 10;
    }
    hosts[host] = { drain_start, empty_at: now, wave: index + 1 };
    now += 100;
  }
  return aPlan(snapshot, { hosts, moves });
})();

type Change = (plan: Plan, at: number) => Plan;

const replaced = <T>(items: readonly T[], at: number, change: (item: T) => T | null): T[] =>
  items.flatMap((item, index) => {
    const changed = index === at % items.length ? change(item) : item;
    return changed === null ? [] : [changed];
  });
const move =
  (change: (move: Plan["moves"][number]) => Plan["moves"][number] | null): Change =>
  (plan, at) => ({ ...plan, moves: replaced(plan.moves, at, change) });
const visit =
  (change: (visit: Plan["hosts"][number]) => Plan["hosts"][number] | null): Change =>
  (plan, at) => ({ ...plan, hosts: replaced(plan.hosts, at, change) });
const bound =
  (name: keyof Plan["lower_bound"]): Change =>
  (plan) => ({ ...plan, lower_bound: { ...plan.lower_bound, [name]: plan.lower_bound[name] + 3 } });
const other = (name: string) => HOSTS.find((host) => host !== name) ?? name;

const changes: Readonly<Record<string, Change>> = {
  "a move begins later": move((one) => ({ ...one, start: one.start + 1 })),
  "a move ends later": move((one) => ({ ...one, end: one.end + 1 })),
  "a move is later": move((one) => ({ ...one, start: one.start + 1, end: one.end + 1 })),
  "a move is much later": move((one) => ({ ...one, start: one.start + 500, end: one.end + 500 })),
  "a move goes nowhere": move((one) => ({ ...one, to: one.from })),
  "a move comes from elsewhere": move((one) => ({ ...one, from: other(one.from) })),
  "a move goes to an unknown host": move((one) => ({ ...one, to: "x" })),
  "a move is of another instance": move((one) => ({ ...one, instance: one.instance === "a1" ? "b1" : "a1" })),
  "a move is of an unknown instance": move((one) => ({ ...one, instance: "x" })),
  "a move is left out": move(() => null),
  "a move is made twice": (plan, at) => ({
    ...plan,
    moves: [...plan.moves, ...plan.moves.slice(at % plan.moves.length).slice(0, 1)],
  }),
  "a drain begins later": visit((one) => ({ ...one, drain_start: one.drain_start + 1 })),
  "a host is empty earlier": visit((one) => ({ ...one, empty_at: one.empty_at - 1 })),
  "a host is empty later": visit((one) => ({ ...one, empty_at: one.empty_at + 1 })),
  "an action begins earlier": visit((one) => ({ ...one, action_start: one.action_start - 1 })),
  "an action begins later": visit((one) => ({ ...one, action_start: one.action_start + 1 })),
  "an action ends earlier": visit((one) => ({ ...one, action_end: one.action_end - 1 })),
  "an action ends later": visit((one) => ({ ...one, action_end: one.action_end + 1 })),
  "a host is left out": visit(() => null),
  "a host is another one": visit((one) => ({ ...one, host: other(one.host) })),
  "a wave is another one": visit((one) => ({ ...one, wave: one.wave + 3 })),
  "the makespan is shorter": (plan) => ({ ...plan, makespan_seconds: plan.makespan_seconds - 1 }),
  "capacity_time is higher": bound("capacity_time"),
  "capacity_time_closed is higher": bound("capacity_time_closed"),
  "host_chain is higher": bound("host_chain"),
  "group_chain is higher": bound("group_chain"),
  "operator_limit is higher": bound("operator_limit"),
  "best is higher": bound("best"),
  "the ratio is better": (plan) => ({ ...plan, ratio: (plan.ratio ?? 0) - 0.1 }),
  "it is called infeasible": (plan) => ({ ...plan, feasible: false }),
  "it is for another objective": (plan) => ({ ...plan, objective: "moves" }),
};

test("the plan before any change is good", () => {
  expect(check(snapshot, good).violations).toEqual([]);
});

test("any one change is caught, even where the digest is made anew", () => {
  fc.assert(
    fc.property(fc.constantFrom(...Object.keys(changes)), fc.nat(100), (name, at) => {
      const changed = changes[name]?.(structuredClone(good), at);
      return changed !== undefined && check(snapshot, sealed(changed)).violations.length > 0;
    }),
    { numRuns: 1_000 },
  );
});

test("any change is caught by the digest alone", () => {
  for (const [name, change] of Object.entries(changes)) {
    const { violations } = check(snapshot, change(structuredClone(good), 0));
    expect(
      violations.map(({ rule }) => rule),
      name,
    ).toContain("digest");
  }
});
