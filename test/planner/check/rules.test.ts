/** For every rule of the plan format: a smallest plan that breaks it, and one that just keeps it. */
import { describe, expect, test } from "vitest";
import { check } from "../../../src/planner/check/check.ts";
import { type PlanRule, planRules } from "../../../src/planner/check/violation.ts";
import { aPlan, aSnapshot, type CloudSketch, type PlanSketch } from "./a-plan.ts";

interface Case {
  readonly name: string;
  readonly cloud?: CloudSketch;
  readonly plan?: PlanSketch;
  /** Empty: the plan keeps every rule. */
  readonly says: readonly string[];
}

const two = { web: { host: "a" }, db: { host: "a" } };
const bothBusy = { hosts: { a: { empty_at: 20 } } };
const oneAfterOther: PlanSketch = {
  ...bothBusy,
  moves: [
    ["web", "a", "b", 0],
    ["db", "a", "c", 10],
  ],
};
const atOnce: PlanSketch = {
  moves: [
    ["web", "a", "b", 0],
    ["db", "a", "c", 0],
  ],
};
const wide = { outbound_moves: 2 };
const inGroup = (group: string) => ({ web: { host: "a", group }, db: { host: "a", group } });
const b = (vcpus: number) => ({ b: { capacity: { vcpus } } });

const cases: Partial<Record<PlanRule, readonly Case[]>> = {
  capacity: [
    { name: "a destination that is too small", cloud: { hosts: b(1) }, says: ["0 b: b holds 2 vcpus, and has 1"] },
    { name: "a destination that is just large enough", cloud: { hosts: b(2) }, says: [] },
    {
      name: "a source still holds what leaves it",
      cloud: { hosts: { a: { capacity: { vcpus: 2 } } }, instances: { web: { host: "a" }, db: { host: "b" } } },
      plan: {
        hosts: {},
        blocked: ["a"],
        moves: [
          ["web", "a", "c", 0],
          ["db", "b", "a", 9],
        ],
      },
      says: ["9 a: a holds 4 vcpus, and has 2"],
    },
    {
      name: "a source has let go what has left it at that second",
      cloud: { hosts: { a: { capacity: { vcpus: 2 } } }, instances: { web: { host: "a" }, db: { host: "b" } } },
      plan: {
        hosts: {},
        blocked: ["a"],
        moves: [
          ["web", "a", "c", 0],
          ["db", "b", "a", 10],
        ],
      },
      says: [],
    },
    {
      name: "a host that holds too much from the start, and something arrives",
      cloud: { hosts: b(2), instances: { web: { host: "a" }, big: { host: "b", demand: { vcpus: 4 } } } },
      says: ["0 b: b holds 6 vcpus, and has 2"],
    },
    {
      name: "a host that holds too much from the start, and nothing arrives",
      cloud: { hosts: b(2), instances: { web: { host: "a" }, big: { host: "b", demand: { vcpus: 4 } } } },
      plan: { moves: [["web", "a", "c", 0]] },
      says: [],
    },
    {
      name: "a class that the host does not name is not limited",
      cloud: { instances: { web: { host: "a", demand: { vcpus: 2, gpus: 9 } } } },
      says: [],
    },
    {
      name: "any class counts",
      cloud: {
        hosts: { b: { capacity: { vcpus: 8, gpus: 1 } } },
        instances: { web: { host: "a", demand: { gpus: 2 } } },
      },
      says: ["0 b: b holds 2 gpus, and has 1"],
    },
  ],
  reserve: [
    {
      name: "closing a host leaves less free than is to be kept",
      // 24 − 2 are free; with a closed 16, and 14 while web is on both.
      cloud: { session: { reserve: { vcpus: 15 } } },
      says: ["0: 14 vcpus are free on all hosts together, 15 are to be kept"],
    },
    { name: "just enough is left", cloud: { session: { reserve: { vcpus: 14 } } }, says: [] },
    {
      name: "too little is free from the start, and it does not become less",
      cloud: { hosts: { a: { enabled: false } }, instances: {}, session: { reserve: { vcpus: 99 } } },
      plan: { moves: [], hosts: { a: { empty_at: 0 } } },
      says: [],
    },
    {
      name: "a host that takes no instances has nothing to give",
      cloud: { hosts: { d: { enabled: false }, e: { type: "controller" } }, session: { reserve: { vcpus: 15 } } },
      says: ["0: 14 vcpus are free on all hosts together, 15 are to be kept"],
    },
  ],
  closed: [
    {
      name: "a move to a host from the second on at which its drain begins",
      cloud: { instances: { ...two, db: { host: "c" } } },
      plan: {
        hosts: { a: { empty_at: 20 } },
        moves: [
          ["web", "a", "b", 0],
          ["db", "c", "a", 0],
          ["db", "a", "c", 10],
        ],
      },
      says: ["0 a db: db moves to a, which is closed"],
    },
    {
      name: "a move under way to a host when its drain begins",
      cloud: { instances: { db: { host: "c" } } },
      plan: {
        hosts: { a: { drain_start: 9, empty_at: 20 } },
        moves: [
          ["db", "c", "a", 0],
          ["db", "a", "c", 10],
        ],
      },
      says: ["9 a: a is closed while 1 moves to it are under way"],
    },
    {
      name: "a move that has arrived when the drain begins",
      cloud: { instances: { db: { host: "c" } } },
      plan: {
        hosts: { a: { drain_start: 10 } },
        moves: [
          ["db", "c", "a", 0],
          ["db", "a", "c", 10],
        ],
      },
      says: [],
    },
    {
      name: "a move to a host one second before its action ends",
      plan: {
        moves: [
          ["web", "a", "b", 0],
          ["web", "b", "a", 109],
        ],
      },
      says: ["109 a web: web moves to a, which is closed"],
    },
    {
      name: "a move to a host at whose action's end",
      plan: {
        moves: [
          ["web", "a", "b", 0],
          ["web", "b", "a", 110],
        ],
      },
      says: [],
    },
  ],
  empty: [
    {
      name: "a host that is called empty a second too soon",
      plan: { hosts: { a: { empty_at: 9 } } },
      says: ["9 a web: a is called empty, and has 1 instances"],
    },
    {
      name: "an instance that never leaves",
      plan: { moves: [] },
      says: ["10 a web: a is called empty, and has 1 instances"],
    },
    {
      name: "an action before the host is empty",
      plan: { hosts: { a: { empty_at: 10, action_start: 9 } } },
      says: ["9 a: the action on a begins 1 s before it is empty"],
    },
    {
      name: "something arrives at the second at which an action of no time is over",
      cloud: { hosts: { a: { action_seconds: 0 } }, instances: { db: { host: "b" } } },
      plan: { hosts: { a: { empty_at: 0, action_end: 0 } }, moves: [["db", "b", "a", 0]] },
      says: [],
    },
    {
      name: "something is still there when an action of no time begins",
      cloud: { hosts: { a: { action_seconds: 0 } } },
      plan: { hosts: { a: { empty_at: 0, action_end: 0 } } },
      says: ["0 a web: a is called empty, and has 1 instances"],
    },
    { name: "an action that waits", plan: { hosts: { a: { action_start: 50 } } }, says: [] },
  ],
  action_time: [
    {
      name: "an action that is too short",
      plan: { hosts: { a: { action_end: 109 } } },
      says: ["10 a: the action on a takes 99 s, and not 100 s"],
    },
    {
      name: "an action of no time",
      cloud: { hosts: { a: { action_seconds: 0 } } },
      plan: { hosts: { a: { action_end: 10 } } },
      says: [],
    },
  ],
  drain_declared: [
    {
      name: "an instance leaves, and the drain is declared later",
      plan: { hosts: { a: { drain_start: 1, empty_at: 10 } } },
      says: ["0 a web: web leaves a at 0 s, but its drain is declared for 1 s"],
    },
    {
      name: "an instance leaves to make room for another one",
      cloud: { instances: { web: { host: "a" }, db: { host: "b" } } },
      plan: {
        hosts: { a: { drain_start: 20, empty_at: 30 } },
        moves: [
          ["web", "a", "c", 0],
          ["db", "b", "a", 10],
          ["db", "a", "b", 20],
        ],
      },
      says: [],
    },
    {
      name: "an instance leaves after the last arrival",
      cloud: { instances: { web: { host: "a" }, db: { host: "b" } } },
      plan: {
        hosts: { a: { drain_start: 20, empty_at: 30 } },
        moves: [
          ["db", "b", "a", 0],
          ["web", "a", "c", 10],
          ["db", "a", "b", 20],
        ],
      },
      says: ["10 a web: web leaves a at 10 s, but its drain is declared for 20 s"],
    },
  ],
  outbound: [
    {
      name: "two moves leave at once",
      cloud: { instances: two },
      plan: atOnce,
      says: ["0 a: 2 moves leave a at once, 1 are allowed"],
    },
    { name: "one leaves when the other has left", cloud: { instances: two }, plan: oneAfterOther, says: [] },
    { name: "two may leave at once", cloud: { hosts: { a: wide }, instances: two }, plan: atOnce, says: [] },
  ],
  inbound: [
    {
      name: "two moves arrive at once",
      cloud: { hosts: { a: wide }, instances: two },
      plan: {
        moves: [
          ["web", "a", "b", 0],
          ["db", "a", "b", 0],
        ],
      },
      says: ["0 b: 2 moves arrive at b at once, 1 are allowed"],
    },
    {
      name: "one arrives when the other has arrived",
      cloud: { instances: two },
      plan: {
        ...bothBusy,
        moves: [
          ["web", "a", "b", 0],
          ["db", "a", "b", 10],
        ],
      },
      says: [],
    },
  ],
  impacted: [
    {
      name: "two members at once",
      cloud: { hosts: { a: wide }, instances: inGroup("web"), groups: { web: {} } },
      plan: atOnce,
      says: ["0 web: 2 members of web are impacted at once, 1 may be"],
    },
    {
      name: "two members at once are allowed",
      cloud: { hosts: { a: wide }, instances: inGroup("web"), groups: { web: { max_impacted_members: 2 } } },
      plan: atOnce,
      says: [],
    },
    {
      name: "the next member a second before the first has recovered",
      cloud: { instances: inGroup("web"), groups: { web: { recovery_seconds: 5 } } },
      plan: {
        hosts: { a: { empty_at: 24 } },
        moves: [
          ["web", "a", "b", 0],
          ["db", "a", "c", 14],
        ],
      },
      says: ["14 web: 2 members of web are impacted at once, 1 may be"],
    },
    {
      name: "the next member when the first has recovered",
      cloud: { instances: inGroup("web"), groups: { web: { recovery_seconds: 5 } } },
      plan: {
        hosts: { a: { empty_at: 25 } },
        moves: [
          ["web", "a", "b", 0],
          ["db", "a", "c", 15],
        ],
      },
      says: [],
    },
    {
      name: "the same member again while it recovers is one member",
      cloud: { instances: { web: { host: "a", group: "web" } }, groups: { web: { recovery_seconds: 5 } } },
      plan: {
        moves: [
          ["web", "a", "b", 0],
          ["web", "b", "c", 12],
        ],
      },
      says: [],
    },
    {
      name: "groups of the same name in two projects are two groups",
      cloud: {
        hosts: { a: wide },
        instances: { web: { host: "a", group: "web" }, db: { host: "a", project: "bank" } },
        groups: { web: {} },
      },
      plan: atOnce,
      says: [],
    },
    {
      name: "a member of a group of which none may be impacted",
      cloud: { instances: { web: { host: "a", group: "web" } }, groups: { web: { max_impacted_members: 0 } } },
      says: ["0 web web: web moves, and no member of web may"],
    },
  ],
  anti_affinity: [
    {
      name: "a member comes to where another one is",
      cloud: {
        instances: { web: { host: "a", group: "g" }, db: { host: "b", group: "g" } },
        groups: { g: { anti_affinity: true } },
      },
      says: ["0 b web g: web comes to b, which then has 2 members of g; 1 may be there"],
    },
    {
      name: "a member comes to where another one is still leaving",
      cloud: {
        instances: { web: { host: "a", group: "g" }, db: { host: "b", group: "g" } },
        groups: { g: { anti_affinity: true, max_impacted_members: 2 } },
      },
      plan: {
        hosts: { a: { empty_at: 19 } },
        moves: [
          ["db", "b", "c", 0],
          ["web", "a", "b", 9],
        ],
      },
      says: ["9 b web g: web comes to b, which then has 2 members of g; 1 may be there"],
    },
    {
      name: "a member comes when the other one has left",
      cloud: {
        instances: { web: { host: "a", group: "g" }, db: { host: "b", group: "g" } },
        groups: { g: { anti_affinity: true } },
      },
      plan: {
        hosts: { a: { empty_at: 20 } },
        moves: [
          ["db", "b", "c", 0],
          ["web", "a", "b", 10],
        ],
      },
      says: [],
    },
    {
      name: "two may be on one host",
      cloud: {
        instances: { web: { host: "a", group: "g" }, db: { host: "b", group: "g" } },
        groups: { g: { anti_affinity: true, max_instances_per_host: 2 } },
      },
      says: [],
    },
    {
      name: "without anti-affinity any number may be",
      cloud: {
        instances: { web: { host: "a", group: "g" }, db: { host: "b", group: "g" } },
        groups: { g: { max_instances_per_host: 1 } },
      },
      says: [],
    },
    {
      name: "crowded from the start, and none arrives",
      cloud: {
        instances: { ...two, web: { host: "b", group: "g" }, db: { host: "b", group: "g" }, x: { host: "a" } },
        groups: { g: { anti_affinity: true } },
      },
      plan: { moves: [["x", "a", "b", 0]] },
      says: [],
    },
  ],
  lead: [
    {
      name: "a move before the lead time is over",
      cloud: { instances: { web: { host: "a", lead_seconds: 1 } } },
      says: ["0 web: web moves at 0 s, before its 1 s of notice are over"],
    },
    {
      name: "a move when the lead time is over",
      cloud: { instances: { web: { host: "a", lead_seconds: 1 } } },
      plan: { hosts: { a: { empty_at: 11 } }, moves: [["web", "a", "b", 1]] },
      says: [],
    },
  ],
  move_time: [
    {
      name: "a move that is too short",
      plan: { moves: [["web", "a", "b", 0, 9]] },
      says: ["0 web: the move of web takes 9 s, and not 10 s"],
    },
    {
      name: "a move of its own time",
      cloud: { instances: { web: { host: "a", move_seconds: 7 } } },
      plan: { moves: [["web", "a", "b", 0, 7]] },
      says: [],
    },
    {
      name: "a move of no time",
      cloud: { instances: { web: { host: "a", move_seconds: 0 } } },
      plan: { hosts: { a: { empty_at: 0 } }, moves: [["web", "a", "b", 0, 0]] },
      says: [],
    },
  ],
  hosts_at_once: [
    {
      name: "two hosts closed at once",
      cloud: { instances: {}, session: { hosts: ["a", "b"], max_hosts_at_once: 1 } },
      plan: { moves: [], hosts: { a: {}, b: { drain_start: 109 } } },
      says: ["109: 2 hosts are closed at once, 1 may be"],
    },
    {
      name: "one closed when the other is open again",
      cloud: { instances: {}, session: { hosts: ["a", "b"], max_hosts_at_once: 1 } },
      plan: { moves: [], hosts: { a: {}, b: { drain_start: 110 } } },
      says: [],
    },
  ],
  zone_hosts_at_once: [
    {
      name: "two hosts of a zone closed at once",
      cloud: { instances: {}, session: { hosts: ["a", "b"], max_hosts_at_once_per_zone: 1 } },
      plan: { moves: [], hosts: { a: {}, b: {} } },
      says: ["0: 2 hosts of zone z1 are closed at once, 1 may be"],
    },
    {
      name: "one host of each zone",
      cloud: {
        hosts: { b: { zone: "z2" } },
        instances: {},
        session: { hosts: ["a", "b"], max_hosts_at_once_per_zone: 1 },
      },
      plan: { moves: [], hosts: { a: {}, b: {} } },
      says: [],
    },
  ],
  moves_at_once: [
    {
      name: "two moves at once",
      cloud: { hosts: { a: wide }, instances: two, session: { max_moves_at_once: 1 } },
      plan: atOnce,
      says: ["0: 2 moves are under way, 1 are allowed"],
    },
    {
      name: "one after the other",
      cloud: { instances: two, session: { max_moves_at_once: 1 } },
      plan: oneAfterOther,
      says: [],
    },
  ],
  window: [
    {
      name: "an action that ends after the window",
      cloud: { session: { window_seconds: 109 } },
      says: ["110 a: the action on a ends after the window of 109 s"],
    },
    { name: "an action that ends with the window", cloud: { session: { window_seconds: 110 } }, says: [] },
  ],
  destination: [
    {
      name: "a disabled host",
      cloud: { hosts: { b: { enabled: false } } },
      says: ["0 b web: web moves to b, which is disabled"],
    },
    {
      name: "a host of another type",
      cloud: { hosts: { b: { type: "controller" } } },
      says: ["0 b web: web moves to b, which is of type controller"],
    },
    {
      name: "a disabled host stays disabled after its maintenance",
      cloud: { hosts: { a: { enabled: false } } },
      plan: {
        moves: [
          ["web", "a", "b", 0],
          ["web", "b", "a", 110],
        ],
      },
      says: ["110 a web: web moves to a, which is disabled"],
    },
    {
      name: "a host that is not among the allowed ones",
      cloud: { instances: { web: { host: "a", allowed_hosts: ["a", "c"] } } },
      says: ["0 b web: web is not allowed on b"],
    },
    { name: "an allowed host", cloud: { instances: { web: { host: "a", allowed_hosts: ["a", "b"] } } }, says: [] },
    {
      name: "an unknown host",
      plan: { hosts: {}, blocked: ["a"], moves: [["web", "a", "x", 0]] },
      says: ["0 x web: the cloud has no host x"],
    },
  ],
  place: [
    {
      name: "a move from where the instance is not",
      plan: {
        moves: [
          ["web", "a", "b", 0],
          ["web", "a", "c", 20],
        ],
      },
      says: ["20 a web: web moves from a, but is on b"],
    },
    {
      name: "a move while another one of it is under way",
      plan: {
        hosts: { a: { empty_at: 15 } },
        moves: [
          ["web", "a", "b", 0],
          ["web", "b", "c", 9],
        ],
      },
      says: ["9 web: web moves while another move of it is under way"],
    },
    {
      name: "a move to where it is",
      plan: {
        moves: [
          ["web", "a", "b", 0],
          ["web", "b", "b", 10],
        ],
      },
      says: ["10 b web: web moves to where it is"],
    },
    {
      name: "an unknown instance",
      plan: {
        moves: [
          ["web", "a", "b", 0],
          ["x", "a", "b", 10],
        ],
      },
      says: ["10 x: the cloud has no instance x"],
    },
    {
      name: "a second move from where the first one led",
      plan: {
        moves: [
          ["web", "a", "b", 0],
          ["web", "b", "c", 10],
        ],
      },
      says: [],
    },
  ],
  makespan: [
    {
      name: "a makespan that is too short",
      plan: { claims: { makespan_seconds: 109 } },
      says: ["the makespan is said to be 109 s, and is 110 s"],
    },
    {
      name: "a move that ends last",
      plan: {
        moves: [
          ["web", "a", "b", 0],
          ["web", "b", "a", 200],
        ],
      },
      says: [],
    },
  ],
  ratio: [
    {
      name: "a ratio that is too good",
      plan: { claims: { ratio: 0.9 } },
      says: ["the ratio is said to be 0.9, and is 1.000"],
    },
    {
      name: "no ratio",
      plan: { claims: { ratio_closed: null } },
      says: ["ratio_closed is said to be null, and is 1.000"],
    },
  ],
  feasible: [
    {
      name: "feasible with a blocked host",
      plan: { hosts: {}, moves: [], blocked: ["a"], claims: { feasible: true } },
      says: ["called feasible with 1 hosts blocked"],
    },
    {
      name: "not feasible without one",
      plan: { claims: { feasible: false } },
      says: ["called not feasible with 0 hosts blocked"],
    },
    { name: "a blocked host", plan: { hosts: {}, moves: [], blocked: ["a"] }, says: [] },
  ],
  session: [
    { name: "a host is left out", plan: { hosts: {}, moves: [] }, says: ["a: a is neither planned nor blocked"] },
    {
      name: "a host too many",
      plan: { hosts: { a: {}, c: { drain_start: 110 } } },
      says: ["c: c is not one of the session's hosts"],
    },
    { name: "a host planned and blocked", plan: { blocked: ["a"] }, says: ["a: a is planned and blocked"] },
    {
      name: "a host blocked twice",
      plan: { hosts: {}, moves: [], blocked: ["a", "a"] },
      says: ["a: a is blocked twice"],
    },
    {
      name: "an empty session means every enabled compute host",
      cloud: { hosts: { c: { enabled: false }, d: { type: "controller" } }, instances: {}, session: { hosts: [] } },
      plan: { moves: [], hosts: { a: {}, b: {} } },
      says: [],
    },
  ],
  waves: [
    {
      name: "a wave without number 1",
      plan: { hosts: { a: { wave: 2 } } },
      says: ["0 a: there is a wave 2, and none has the number 1"],
    },
    {
      name: "a later wave that begins earlier",
      cloud: { instances: {}, session: { hosts: ["a", "b"] } },
      plan: { moves: [], hosts: { a: { drain_start: 50 }, b: { wave: 2, drain_start: 40 } } },
      says: ["40 b: wave 2 begins at 40 s, while drains of the one before begin until 50 s"],
    },
  ],
  objective: [
    {
      name: "another objective",
      plan: { claims: { objective: "moves" } },
      says: ["planned for moves, and balanced was asked for"],
    },
  ],
  scale_in: [
    {
      name: "more to give up than the project has",
      plan: { claims: { scale_in: [{ project: "shop", instances: 2, why: "x" }] } },
      says: ["shop is to give up 2 instances, and has 1"],
    },
    {
      name: "as many as it has",
      plan: { claims: { scale_in: [{ project: "shop", instances: 1, why: "x" }] } },
      says: [],
    },
  ],
};

const found = (snapshot: ReturnType<typeof aSnapshot>, plan: ReturnType<typeof aPlan>) =>
  check(snapshot, plan).violations.map(({ rule, second, host, instance, group, text }) => {
    const about = [second, host, instance, group].filter((part) => part !== null).join(" ");
    return { rule, text: about === "" ? text : `${about}: ${text}` };
  });

describe.each(Object.entries(cases) as [PlanRule, readonly Case[]][])("%s", (rule, rows) => {
  test.each(rows)("$name", ({ cloud, plan, says }) => {
    const snapshot = aSnapshot(cloud);
    expect(found(snapshot, aPlan(snapshot, plan))).toEqual(says.map((text) => ({ rule, text })));
  });
});

test("a digest of another plan", () => {
  const snapshot = aSnapshot();
  const plan = aPlan(snapshot);
  const other = { ...plan, digest: aPlan(snapshot, { claims: { scale_in: [], feasible: false } }).digest };
  expect(found(snapshot, other)).toEqual([
    { rule: "digest", text: expect.stringContaining(`should be ${plan.digest}`) },
  ]);
});

test("a host planned twice", () => {
  const snapshot = aSnapshot();
  const plan = aPlan(snapshot);
  const twice = { ...plan, hosts: [...plan.hosts, ...plan.hosts] };
  expect(found(snapshot, twice).map(({ text }) => text)).toContain("0 a: a is planned twice");
});

test("every rule has a case", () => {
  const covered = new Set([...Object.keys(cases), "bounds", "digest"]);
  expect(planRules.filter((rule) => !covered.has(rule))).toEqual([]);
});
