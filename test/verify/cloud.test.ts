/** What is judged by the cloud as the journal tells it: budgets of groups (I2), room (I8), anti-affinity (I9). */
import { describe, expect, test } from "vitest";
import { verifySession } from "../../src/verify/verify-session.ts";
import * as j from "./a-journal.ts";

const { parts } = j;
type Given = NonNullable<Parameters<typeof j.aJournal>[0]>;

const certificate = (given: Given) => verifySession(j.aJournal(given));
const found = (given: Given) =>
  certificate(given).violations.map(({ invariant, subject, text }) => `${invariant} ${subject ?? "-"}: ${text}`);

const hosts = { a: j.seenHost(8), b: j.seenHost(4), c: j.seenHost(0) };
const see = (more: object = {}) => [j.seen(59, { hosts, ...more })];
const web = (max: number, recoverySeconds = 0) => ({
  budgets: { shop: { max, recoverySeconds, members: ["web", "db", "far"] } },
});
const apart = (places: object, max = 1) => ({ apart: { shop: { max, members: ["web", "db", "far"] } }, places });
const wide = { created: [j.created({ options: { ...j.options, moves_at_once: 4, hosts_at_once: 2 } })] };
const ask = [j.asked(63, { instances: ["web", "db", "far"] })];
const other = (at: number, changes: Partial<typeof j.theMove> = {}) =>
  j.move(at, 2, changes.to ?? "c", { ...j.theMove, instance: "db", to: "c", ...changes });
const reserving = (VCPU: number) => ({
  created: [j.created({ options: { ...j.options, moves_at_once: 4, hosts_at_once: 2, reserve: { vcpus: VCPU } } })],
});
const limited = (limits: object) => ({
  created: [j.created({ options: { ...j.options, moves_at_once: 4, hosts_at_once: 2, ...limits } })],
});
/** The first move is still under way when the second begins. */
const crossing = (second = other(67)) => [
  ...parts.move.slice(0, 2),
  ...second.slice(0, 2),
  ...parts.move.slice(2),
  ...second.slice(2),
];

test("a session that tells what it knew of the cloud is judged by it, without a gap", () => {
  const { violations, judged } = certificate({ see: see({ ...web(1), ...apart({ web: "a", db: "c" }) }) });
  expect(violations).toEqual([]);
  const texts = judged.filter(({ invariant }) => ["I2", "I8", "I9"].includes(invariant));
  expect(texts.map(({ invariant, text, gap }) => [invariant, text, gap])).toEqual([
    ["I2", "1 moves of members of groups with a budget, at most 1 of one group impacted at once by this session", null],
    ["I8", "1 moves found room at their destinations", null],
    ["I9", "1 moves of members of anti-affinity groups kept them apart", null],
  ]);
});

test("a session that does not tell is not judged by it, and says so", () => {
  const gaps = certificate({}).judged.flatMap(({ invariant, gap }) => (gap === null ? [] : [invariant]));
  expect(gaps).toEqual(["I2", "I8", "I9", "I10"]);
});

describe.each<{ invariant: string; cases: Readonly<Record<string, { given: Given; says: readonly string[] }>> }>([
  {
    invariant: "I2",
    cases: {
      "two members on their way, where one may be": {
        given: { ...wide, ask, see: see(web(1)), move: crossing() },
        says: ["I2 db: moved while 1 members of its group shop were impacted, 1 may be at once"],
      },
      "two members on their way, where two may be, is right": {
        given: { ...wide, ask, see: see(web(2)), move: crossing() },
        says: [],
      },
      "a member that moves before another one has recovered": {
        given: { ...wide, ask, see: see(web(1, 60)), move: [...parts.move, ...other(78)] },
        says: ["I2 db: moved while 1 members of its group shop were impacted, 1 may be at once"],
      },
      "a member that moves after another one has recovered is right": {
        given: { ...wide, ask, see: see(web(1, 1)), move: [...parts.move, ...other(78)] },
        says: [],
      },
      "a member that moves while another one does not serve": {
        given: { see: see({ ...web(1), down: ["far"] }) },
        says: ["I2 web: moved while 1 members of its group shop were impacted, 1 may be at once"],
      },
      "a member that serves again by a later look is right": {
        given: { see: [...see({ ...web(1), down: ["far"] }), j.seen(60, { down: [] }, false)] },
        says: [],
      },
      "a member that moves before another one has recovered from its project's own action": {
        given: { see: [...see(web(1, 60)), j.line(60, "own_action_done", "db", { project: "shop" })] },
        says: ["I2 web: moved while 1 members of its group shop were impacted, 1 may be at once"],
      },
      "a budget that was made larger meanwhile is right": {
        given: { ...wide, ask: [...ask, j.seen(64, web(2), false)], see: see(web(1)), move: crossing() },
        says: [],
      },
      "a budget that was made smaller meanwhile": {
        given: { ...wide, ask: [...ask, j.seen(64, web(1), false)], see: see(web(2)), move: crossing() },
        says: ["I2 db: moved while 1 members of its group shop were impacted, 1 may be at once"],
      },
      "the second try of a member that is impacted already is right": {
        given: {
          ...wide,
          see: see(web(1, 600)),
          move: [
            ...parts.move.slice(0, 2),
            j.failed(70, 2, "move_instance", "web#1"),
            ...j.whole(72, 2, "web#2", { ...j.theMove, attempt: 2 }, { outcome: { host: "b", seconds: 4 } }, 4),
          ],
        },
        says: [],
      },
    },
  },
  {
    invariant: "I8",
    cases: {
      "a move to a host that has too little room": {
        given: { see: see({ hosts: { ...hosts, b: j.seenHost(5) } }) },
        says: ["I8 web: moved to b, which then held 9 of 8 VCPU"],
      },
      "two moves that fit there alone, and not together": {
        given: { ...wide, ask, see: see(), move: crossing(other(67, { to: "b" })) },
        says: ["I8 db: moved to b, which then held 12 of 8 VCPU"],
      },
      "the same after the first one had failed is right": {
        given: {
          ...wide,
          ask,
          see: see(),
          move: [...parts.move.slice(0, 2), j.failed(70, 2, "move_instance", "web#1"), ...other(72, { to: "b" })],
        },
        says: [],
      },
      "a move to where another look saw that something has gone is right": {
        given: {
          ask: [...parts.ask, j.seen(64, { hosts: { b: j.seenHost(4) } }, false)],
          see: see({ hosts: { ...hosts, b: j.seenHost(8) } }),
        },
        says: [],
      },
      "a move to where another look saw that something has come": {
        given: { ask: [...parts.ask, j.seen(64, { hosts: { b: j.seenHost(8) } }, false)], see: see() },
        says: ["I8 web: moved to b, which then held 12 of 8 VCPU"],
      },
      "a move that a look may have seen already is not counted twice": {
        given: {
          ...wide,
          ask,
          see: see(),
          move: [
            ...parts.move.slice(0, 2),
            ...j.observe(70, 2, "room"),
            j.seen(72, { hosts: { b: j.seenHost(8) } }, false),
            ...parts.move.slice(2),
            ...other(77),
          ],
        },
        says: [],
      },
      "a move into room that only a move under way will leave": {
        given: {
          ...wide,
          ask,
          see: see({ hosts: { ...hosts, c: j.seenHost(8) } }),
          move: [
            ...other(66, { from: "c", to: "b" }).slice(0, 2),
            ...j.move(67, 2, "c", { ...j.theMove, to: "c" }),
            ...other(66, { from: "c", to: "b" }).slice(2),
          ],
        },
        says: ["I8 web: moved to c, which then held 12 of 8 VCPU"],
      },
      "a move that uses up the operator's reserve": {
        given: { ...reserving(10), see: see() },
        says: ["I8 web: 8 VCPU were free in the cloud then, 10 are reserved"],
      },
      "a move beside the operator's reserve is right": { given: { ...reserving(8), see: see() }, says: [] },
      "closing a host that holds the operator's reserve": {
        given: { ...reserving(14), see: see({ hosts: { ...hosts, a: j.seenHost(4) } }), ask: [], reply: [], move: [] },
        says: ["I8 a: 12 VCPU were free in the cloud then, 14 are reserved"],
      },
    },
  },
  {
    invariant: "I9",
    cases: {
      "a move to where another member is": {
        given: { see: see(apart({ web: "a", db: "b" })) },
        says: ["I9 web: moved to b, where 1 members of its group shop were or went, 1 may be together"],
      },
      "a move to where as many as are allowed will be is right": {
        given: { see: see(apart({ web: "a", db: "b" }, 2)) },
        says: [],
      },
      "two members that go to the same host": {
        given: { ...wide, ask, see: see(apart({ web: "a", db: "a" })), move: crossing(other(67, { to: "b" })) },
        says: [
          "I8 db: moved to b, which then held 12 of 8 VCPU",
          "I9 db: moved to b, where 1 members of its group shop were or went, 1 may be together",
        ],
      },
      "a member that goes to where another one is still leaving": {
        given: {
          ...wide,
          ask,
          see: see(apart({ web: "a", db: "b" })),
          move: [...other(65, { from: "b" }).slice(0, 2), ...parts.move, ...other(65, { from: "b" }).slice(2)],
        },
        says: ["I9 web: moved to b, where 1 members of its group shop were or went, 1 may be together"],
      },
      "a member that goes to where another one has left is right": {
        given: {
          ...wide,
          ask,
          see: see(apart({ web: "a", db: "b" })),
          move: [...other(65, { from: "b" }), ...parts.move],
        },
        says: [],
      },
      "a member that goes to where a look has seen another one": {
        given: {
          ask: [...parts.ask, j.seen(64, { places: { db: "b" } }, false)],
          see: see(apart({ web: "a", db: "c" })),
        },
        says: ["I9 web: moved to b, where 1 members of its group shop were or went, 1 may be together"],
      },
    },
  },
  {
    invariant: "I14",
    cases: {
      "more moves at once in the whole cloud than are allowed": {
        given: { ...limited({ max_moves_at_once: 1 }), ask, see: see(), move: crossing() },
        says: ["I14 -: 2 moves were under way at once, 1 are allowed"],
      },
      "one move after another is right": {
        given: { ...limited({ max_moves_at_once: 1 }), ask, see: see(), move: [...parts.move, ...other(78)] },
        says: [],
      },
      "more hosts of a zone away at once than are allowed": {
        given: {
          ...limited({ max_hosts_at_once_per_zone: 1 }),
          see: see(),
          draining: [...parts.draining, j.marked(60, "b", "draining"), j.marked(61, "b", "waiting")],
        },
        says: ["I14 -: 2 compute hosts of zone nova were away at once, 1 are allowed"],
      },
      "a host that is begun with after the window": {
        given: { ...limited({ window_seconds: 1 }), see: see(), draining: [j.marked(61, "a", "draining")] },
        says: ["I14 a: a was begun with after the maintenance window"],
      },
      "a host that was begun with in the window, and ends after it, is right": {
        given: { ...limited({ window_seconds: 10 }), see: see() },
        says: [],
      },
    },
  },
])("$invariant", ({ cases }) => {
  test.each(Object.entries(cases))("%s", (_, { given, says }) => expect(found(given)).toEqual(says));
});
