/** What becomes of a plan after one piece of news: a row of three hosts, where each is emptied into the one before it. */
import { expect, test } from "vitest";
import { generateCloud } from "../../bench/generator.ts";
import { check } from "../../src/planner/check/check.ts";
import { CloudSnapshot } from "../../src/planner/format/snapshot.ts";
import type { PlanEvent } from "../../src/planner/parallel/amend.ts";
import { asPlan, planned } from "../../src/planner/parallel/plan.ts";
import { replan } from "../../src/planner/parallel/replan.ts";

const host = (name: string) => ({ host: name, capacity: { vcpus: 8 }, action_seconds: 100 });
const on = (name: string, vcpus: number) => ({
  ...{ instance: `${name}-${vcpus}`, project: "shop", host: name, demand: { vcpus }, move_seconds: 10 },
});
/** At first `a` acts for 100 s, then `b` moves there in 10 s and acts, then `c` goes to `b`. */
const row = CloudSnapshot.parse({
  ...{ version: 1, hosts: [host("a"), host("b"), host("c")] },
  instances: [on("b", 5), on("c", 6)],
});

const after = (second: number, event: PlanEvent) => {
  const state = replan(planned(row), second, event);
  const made = asPlan(state);
  const { violations } = check(state.cloud.snapshot, made);
  expect(violations.filter(({ second: at }) => at === null || at >= second)).toEqual([]);
  return {
    visits: made.hosts.map(({ host: name, drain_start, action_end }) => [name, drain_start, action_end].join(" ")),
    moves: made.moves.map(({ instance, to, start, end }) => [instance, to, start, end].join(" ")),
    blocked: made.blocked.map(({ host: name, reasons }) => [name, ...reasons.map(({ kind }) => kind)].join(" ")),
  };
};

const reason = { kind: "refused", text: "the project has said no" };
const asPlanned = { visits: ["a 0 100", "b 100 210", "c 210 320"], moves: ["b-5 a 100 110", "c-6 b 210 220"] };

test.each<[string, number, PlanEvent, Partial<ReturnType<typeof after>>]>([
  ["news that change nothing change nothing", 50, { kind: "action_takes", host: "a", seconds: 100 }, asPlanned],
  [
    "a slow action makes those late that wait for its host, and no others go elsewhere",
    50,
    { kind: "action_takes", host: "a", seconds: 140 },
    { visits: ["a 0 140", "b 140 250", "c 250 360"], moves: ["b-5 a 140 150", "c-6 b 250 260"] },
  ],
  ["an action that is over stays as it was", 150, { kind: "action_takes", host: "a", seconds: 500 }, asPlanned],
  [
    "an action that was to be over by now ends now",
    50,
    { kind: "action_takes", host: "a", seconds: 20 },
    { visits: ["a 0 50", "b 100 210", "c 210 320"] },
  ],
  [
    "a slow move makes its host late",
    105,
    { kind: "move_takes", instance: "b-5", seconds: 40 },
    { visits: ["a 0 100", "b 100 240", "c 240 350"], moves: ["b-5 a 100 140", "c-6 b 240 250"] },
  ],
  [
    "a failed move is made again",
    105,
    { kind: "move_failed", instance: "b-5" },
    { visits: ["a 0 100", "b 100 215", "c 215 325"], moves: ["b-5 a 105 115", "c-6 b 215 225"] },
  ],
  [
    "where a host takes nothing any more, others do without it",
    50,
    { kind: "host_closed", host: "a" },
    { visits: ["a 0 100"], blocked: ["b no_room", "c no_room"] },
  ],
  [
    "a host that is left out keeps what is there, and who counted on its room goes to another",
    150,
    { kind: "host_left_out", host: "c", reason },
    { visits: ["a 0 100", "b 100 210"], moves: ["b-5 a 100 110"], blocked: ["c refused"] },
  ],
  ["a host whose action has begun is not left out", 150, { kind: "host_left_out", host: "b", reason }, asPlanned],
  [
    "what is gone moves no more",
    150,
    { kind: "instance_gone", instance: "c-6" },
    { visits: ["a 0 100", "b 100 210", "c 210 310"], moves: ["b-5 a 100 110"] },
  ],
  [
    "a new instance leaves with the others",
    150,
    { kind: "instance_is", instance: { ...on("c", 2), migration_type: "LIVE_MIGRATE", lead_seconds: 0 } },
    { moves: ["b-5 a 100 110", "c-6 b 210 220", "c-2 b 210 220"] },
  ],
  [
    "one that others have moved is left where it is",
    150,
    { kind: "instance_is", instance: { ...on("c", 6), host: "b", migration_type: "LIVE_MIGRATE", lead_seconds: 0 } },
    { visits: ["a 0 100", "b 100 210", "c 210 310"], moves: ["b-5 a 100 110"] },
  ],
])("%s", (_, second, event, expected) => {
  expect(after(second, event)).toMatchObject(expected);
});

test("a host that is long overdue is not waited for", () => {
  const cloud = CloudSnapshot.parse({
    ...{ version: 1, hosts: [host("a"), host("b"), { ...host("d"), capacity: { vcpus: 20 } }] },
    instances: [on("b", 5), on("d", 15)],
    session: { hosts: ["a", "b"] },
  });
  const before = planned(cloud);
  const made = asPlan(replan(before, 1, { kind: "action_takes", host: "a", seconds: 5_000 }));
  expect(made.hosts.find(({ host: name }) => name === "b")?.action_end).toBeLessThan(1_000);
});

test("an action that is 2 minutes late among 300 hosts leaves nearly everything in its place", () => {
  const before = planned(generateCloud({ hosts: 300, utilisation: 0.8, seed: 1, actionSpread: 0.3 }));
  const second = Math.floor(before.run.makespan / 3);
  const acting = before.run.begun.find(
    (one) => before.run.emptyAt[one]! < second && before.run.actionEnd[one]! > second,
  );
  const { host: slow, action_seconds = 0 } = before.cloud.snapshot.hosts[acting ?? 0]!;
  const after = replan(before, second, { kind: "action_takes", host: slow, seconds: action_seconds + 120 });
  const [were, are] = [placesIn(before), placesIn(after)];
  const elsewhere = [...were].filter((place) => !are.has(place));
  expect(elsewhere.length).toBeLessThan(were.size / 20);
  expect(after.run.waiting).toEqual([]);
});

const placesIn = ({ run: { moves } }: ReturnType<typeof planned>): ReadonlySet<string> =>
  new Set(Array.from({ length: moves.count }, (_, move) => `${moves.instance[move]} ${moves.to[move]}`));
