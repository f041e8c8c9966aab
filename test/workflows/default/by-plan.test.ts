/** Sessions that go by a plan: it is followed while it holds, and what does not hold any more is decided afresh. */
import { describe, expect, test } from "vitest";
import type { PlannedCourse } from "../../../src/domain/planned-course.ts";
import { host, instance } from "../../support/a-view.ts";
import { agree, type Script } from "../play.ts";
import { done, refuses } from "../outcomes.ts";

/** Three hosts with an instance each, and room beside them. */
const cloud = {
  hosts: { c1: { vcpus: 8 }, c2: { vcpus: 8 }, c3: { vcpus: 8 }, s1: { vcpus: 8 }, s2: { vcpus: 8 } },
  instances: {
    a: { on: "c1", vcpus: 2 },
    b: { on: "c2", vcpus: 2 },
    d: { on: "c3", vcpus: 2 },
  },
};

const goal = (id: string, from: string, to: string) => [instance(id), new Map([[host(from), host(to)]])] as const;
/** Not as it would be decided without: the last host first, and to the second spare host. */
const plan: PlannedCourse = {
  visits: new Map([
    [host("c3"), { from: 0, until: 100 }],
    [host("c2"), { from: 0, until: 100 }],
    [host("c1"), { from: 100, until: 200 }],
  ]),
  goals: new Map([goal("d", "c3", "s2"), goal("b", "c2", "s1"), goal("a", "c1", "s2")]),
};

const byPlan = (script: Partial<Script> = {}) =>
  done({
    cloud,
    hosts: ["c1", "c2", "c3"],
    plan,
    managers: { shop: agree },
    ...script,
    options: { hosts_at_once: 2, ...script.options },
  });

/** Which hosts were begun with, what moved where, and what was re-planned; in order. */
const story = ({ timeline }: ReturnType<typeof byPlan>): readonly string[] =>
  timeline.flatMap((line) => {
    const text = line.replace(/^ *\d+ +/, "");
    return /draining|MIGRATE \w+ c|re-planned/.test(text) ? [text] : [];
  });

const asPlanned = [
  "c2 draining",
  "c3 draining",
  "MIGRATE b c2 → s1",
  "MIGRATE d c3 → s2",
  "c1 draining",
  "MIGRATE a c1 → s2",
];

test("it is followed: the planned order, and the planned destinations", () => {
  expect(story(byPlan())).toEqual(asPlanned);
  const without = story(
    done({ cloud, hosts: ["c1", "c2", "c3"], options: { hosts_at_once: 2 }, managers: { shop: agree } }),
  );
  expect(without[0]).toBe("c1 draining");
});

/** Right after the hosts were begun with, before anything moves. */
const happens = (change: NonNullable<Script["events"]>[number]["happens"], atSeconds = 60.5): Partial<Script> => ({
  events: [{ atSeconds, happens: change }],
});

describe("what does not hold any more is re-planned, and nothing else", () => {
  test.each<{ name: string; script: Partial<Script>; story: readonly string[] }>([
    {
      name: "an instance was created",
      script: happens((world) => world.add({ late: { on: "c1", vcpus: 2 } })),
      story: [
        "c2 draining",
        "c3 draining",
        "MIGRATE b c2 → s1",
        "MIGRATE d c3 → s2",
        "c1 draining",
        "re-planned: late was not to leave c1, and goes to s2",
        "MIGRATE a c1 → s2",
        "MIGRATE late c1 → s2",
      ],
    },
    {
      name: "an instance was deleted",
      script: happens((world) => world.remove("b")),
      story: ["c2 draining", "c3 draining", "MIGRATE d c3 → s2", "c1 draining", "MIGRATE a c1 → s2"],
    },
    {
      name: "an instance was resized",
      script: happens((world) => world.change("d", { demand: { VCPU: 7, MEMORY_MB: 7168 } })),
      story: [
        "c2 draining",
        "c3 draining",
        "MIGRATE b c2 → s1",
        "MIGRATE d c3 → s2",
        "c1 draining",
        "re-planned: a goes to s1, since s2 does not take it now",
        "MIGRATE a c1 → s1",
      ],
    },
    {
      name: "an instance was moved by others",
      script: happens((world) => world.change("b", { host: host("c1") })),
      story: [
        "c2 draining",
        "c3 draining",
        "MIGRATE d c3 → s2",
        "c1 draining",
        "re-planned: b was not to leave c1, and goes to s2",
        "MIGRATE a c1 → s2",
        "MIGRATE b c1 → s2",
      ],
    },
    {
      name: "a destination went down",
      script: happens((world) => world.setHost("s2", { up: false })),
      story: [
        "c2 draining",
        "c3 draining",
        "re-planned: d goes to s1, since s2 does not take it now",
        "MIGRATE b c2 → s1",
        "MIGRATE d c3 → s1",
        "c1 draining",
        "re-planned: a goes to s1, since s2 does not take it now",
        "MIGRATE a c1 → s1",
      ],
    },
    {
      name: "a project said no",
      script: {
        cloud: { ...cloud, instances: { ...cloud.instances, theirs: { on: "c3", vcpus: 1, project: "bank" } } },
        options: { on_nack: "skip_host" },
        managers: { shop: agree, bank: refuses("PLANNED_MAINTENANCE") },
      },
      story: ["c2 draining", "c3 draining", "c1 draining", "MIGRATE b c2 → s1", "MIGRATE a c1 → s2"],
    },
    {
      name: "a move failed",
      script: { moveFails: ({ instance: id, to }) => (id === "d" && to === "s2" ? "no valid host was found" : null) },
      story: [
        "c2 draining",
        "c3 draining",
        "MIGRATE b c2 → s1",
        "MIGRATE d c3 → s2",
        "re-planned: d goes to s1, since s2 does not take it now",
        "MIGRATE d c3 → s1",
        "c1 draining",
        "MIGRATE a c1 → s2",
      ],
    },
  ])("$name", ({ script, story: expected }) => expect(story(byPlan(script))).toEqual(expected));
});

describe("the next host finds room only where one that is away comes back", () => {
  const full = {
    hosts: { ...cloud.hosts },
    instances: {
      a: { on: "c1", vcpus: 7 },
      b: { on: "c2", vcpus: 2 },
      d: { on: "c3", vcpus: 2 },
      e: { on: "s1", vcpus: 4 },
      f: { on: "s2", vcpus: 4 },
    },
  };
  const visits = new Map([
    [host("c3"), { from: 0, until: 100 }],
    [host("c1"), { from: 100, until: 200 }],
    [host("c2"), { from: 110, until: 210 }],
  ]);
  const goals = new Map([goal("d", "c3", "s2"), goal("a", "c1", "c3"), goal("b", "c2", "s1")]);
  const inOrder = (script: Partial<Script>) => story(byPlan({ cloud: full, plan: { visits, goals }, ...script }));

  test("it waits for it as long as the plan may hold", () => {
    expect(inOrder({ actionSeconds: () => 60 }).filter((line) => line.includes("draining"))).toEqual([
      "c3 draining",
      "c1 draining",
      "c2 draining",
    ]);
  });

  test("others go first when its action is slow, and it is said", () => {
    const slow = inOrder({ actionSeconds: ({ host: on }) => (on === "c3" ? 600 : 30) });
    expect(slow.filter((line) => line.includes("draining"))).toEqual([
      "c3 draining",
      "c2 draining: re-planned: c1 cannot be emptied yet",
      "c1 draining",
    ]);
  });
});

describe("one host at a time", () => {
  /** As nobody would do it without a plan: two instances go where they have to leave again, though others have room. */
  const inTurn: PlannedCourse = {
    visits: new Map([
      [host("c3"), { from: 0, until: 100 }],
      [host("c1"), { from: 100, until: 200 }],
      [host("c2"), { from: 200, until: 300 }],
    ]),
    goals: new Map([
      goal("d", "c3", "s2"),
      [
        instance("a"),
        new Map([
          [host("c1"), host("c2")],
          [host("c2"), host("c3")],
        ]),
      ],
      goal("b", "c2", "s1"),
    ]),
  };
  const oneByOne = (script: Partial<Script> = {}) =>
    story(byPlan({ plan: inTurn, ...script, options: { ...script.options, hosts_at_once: 1 } }));
  const { a, b, d } = cloud.instances;
  const asPlanned = {
    c3: ["c3 draining", "MIGRATE d c3 → s2"],
    c1: ["c1 draining", "MIGRATE a c1 → c2"],
    c2: ["c2 draining", "MIGRATE a c2 → c3", "MIGRATE b c2 → s1"],
  };
  /** The first host finds no room before another one is empty and maintained. */
  const tight = {
    ...{ b: { ...b, vcpus: 3 }, d: { ...d, vcpus: 6 } },
    ...{ e: { on: "s1", vcpus: 4 }, f: { on: "s2", vcpus: 4 } },
  };

  test.each<{ name: string; script: Partial<Script>; story: readonly string[] }>([
    {
      name: "it is followed, also to a host that has still to be emptied itself",
      script: {},
      story: [...asPlanned.c3, ...asPlanned.c1, ...asPlanned.c2],
    },
    {
      name: "an instance was created: it is moved with the others",
      script: happens((world) => world.add({ late: { on: "c1", vcpus: 2 } })),
      story: [
        ...asPlanned.c3,
        "c1 draining",
        "re-planned: late was not to leave c1, and goes to s2",
        "MIGRATE a c1 → c2",
        "MIGRATE late c1 → s2",
        ...asPlanned.c2,
      ],
    },
    {
      name: "a destination went down: its instance goes elsewhere",
      script: happens((world) => world.setHost("s2", { up: false })),
      story: [
        "c3 draining",
        "re-planned: d goes to s1, since s2 does not take it now",
        "MIGRATE d c3 → s1",
        ...asPlanned.c1,
        ...asPlanned.c2,
      ],
    },
    {
      name: "a move failed: its instance goes elsewhere",
      script: { moveFails: ({ instance: id, to }) => (id === "a" && to === "c2" ? "no valid host was found" : null) },
      story: [
        ...asPlanned.c3,
        ...asPlanned.c1,
        "re-planned: a goes to s2, since c2 does not take it now",
        "MIGRATE a c1 → s2",
        "c2 draining",
        "MIGRATE b c2 → s1",
      ],
    },
    {
      name: "the first host finds no room: another one goes before it",
      script: { cloud: { ...cloud, instances: { ...tight, a: { ...a, vcpus: 3 } } } },
      story: [
        "c1 draining: re-planned: c3 cannot be emptied yet",
        "MIGRATE a c1 → c2",
        "c3 draining",
        "re-planned: d goes to c1, since s2 does not take it now",
        "MIGRATE d c3 → c1",
        "c2 draining",
        "MIGRATE b c2 → s1",
        "MIGRATE a c2 → c3",
      ],
    },
    {
      name: "an empty host has its turn before one that cannot be emptied as planned",
      script: { cloud: { ...cloud, instances: tight } },
      story: [
        "re-planned: c1 has its turn, since c3 cannot be emptied as planned",
        "c3 draining",
        "re-planned: d goes to c1, since s2 does not take it now",
        "MIGRATE d c3 → c1",
        "c2 draining",
        "MIGRATE b c2 → s1",
      ],
    },
  ])("$name", ({ script, story: expected }) => expect(oneByOne(script)).toEqual(expected));

  test("an empty host has its turn when the plan says so", () => {
    const script = { cloud: { ...cloud, instances: { a, d } }, plan: inTurn, options: { hosts_at_once: 1 } };
    const worked = byPlan(script).timeline.flatMap((line) => / (c\d) maintained/.exec(line)?.[1] ?? []);
    expect(worked).toEqual(["c3", "c1", "c2"]);
    const first = new Map([...inTurn.visits, [host("c2"), { from: -100, until: 0 }]]);
    expect(oneByOne({ ...script, plan: { ...inTurn, visits: first } })).toEqual([
      ...asPlanned.c3,
      "c1 draining",
      "MIGRATE a c1 → c2",
    ]);
  });
});
