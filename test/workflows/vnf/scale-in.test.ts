/** Whole sessions of the workflow vnf in full clouds: who is asked to give up how much, and what follows when it is less. */
import { describe, expect, test } from "vitest";
import { constraintsFrom, type GroupConstraints, GroupId, type InstanceConstraints, InstanceId, ProjectId } from "#sdk";
import { done, failed, scalesIn } from "../outcomes.ts";
import { agree, type Manager, type Played, type Script } from "../play.ts";

const hosts = { c1: { vcpus: 4 }, c2: { vcpus: 4 }, c3: { vcpus: 4 } };
const on = (host: string, project: string, ...names: readonly string[]) =>
  Object.fromEntries(names.map((name) => [name, { on: host, project }]));
/** Four of one vCPU on each host: not one of them has room elsewhere. */
const full = {
  ...on("c1", "shop", "a1", "a2", "a3", "a4"),
  ...on("c2", "shop", "b1", "b2", "b3", "b4"),
  ...on("c3", "shop", "d1", "d2", "d3", "d4"),
};

const group = (id: string, project: string, changes: Partial<GroupConstraints> = {}): GroupConstraints => ({
  group: GroupId.parse(id),
  project: ProjectId.parse(project),
  name: id,
  antiAffinity: false,
  maxInstancesPerHost: 0,
  maxImpactedMembers: 4,
  recoveryTimeSeconds: 0,
  resourceMitigation: false,
  ...changes,
});
const member = (name: string, { group: id, project }: GroupConstraints): InstanceConstraints => ({
  instance: InstanceId.parse(name),
  project,
  group: id,
  name,
  maxInterruptionSeconds: 120,
  migrationType: "MIGRATE",
  resourceMitigation: false,
  leadTimeSeconds: 0,
});
const members = (of: GroupConstraints, ...names: readonly string[]) => names.map((name) => member(name, of));

const script = (changes: Partial<Script>): Script => ({
  workflow: "vnf",
  cloud: { hosts, instances: full },
  managers: { shop: scalesIn },
  ...changes,
});

const scaleIns = ({ asked }: Played) => asked.filter(({ state }) => state === "SCALE_IN");
/** What each project was asked for, one line for each question. */
const wanted = (played: Played): readonly string[] =>
  scaleIns(played).map(({ project, missing, members: by = [] }) => {
    const count = by.reduce((sum, { instances }) => sum + instances, 0);
    return `${project}: ${count} instances for ${missing?.["VCPU"] ?? 0}`;
  });

/** Gives up this many of its instances each time, whatever it is asked for. */
const givesUp = (...counts: readonly number[]): Manager => {
  let times = 0;
  return (question, world) => {
    if (question.state !== "SCALE_IN") return agree(question, world);
    const count = counts[times++] ?? 0;
    const there = world.instances.filter(({ id }) => question.instances.includes(id));
    return {
      answer: "ACK",
      afterSeconds: 5,
      does: () => world.remove(...there.slice(there.length - count).map(({ id }) => id)),
    };
  };
};

test("the project hears how many of its instances would make the room", () => {
  const played = done(script({}));
  expect(wanted(played)).toEqual(["shop: 4 instances for 4"]);
  expect(scaleIns(played)[0]?.members).toEqual([{ instances: 4, group: null, demand: { VCPU: 1, MEMORY_MB: 1_024 } }]);
});

describe("a part of it", () => {
  test("is recognised, and the project is asked for the rest alone, in the same round", () => {
    const played = done(script({ managers: { shop: givesUp(1, 2, 1) } }));
    expect(wanted(played)).toEqual(["shop: 4 instances for 4", "shop: 3 instances for 3", "shop: 1 instances for 1"]);
    expect(played.states.filter((state) => state === "SCALE_IN")).toHaveLength(1);
  });

  test("counts against no limit of rounds, as nothing was in vain", () => {
    const played = done(script({ options: { scale_in_rounds: 1 }, managers: { shop: givesUp(1, 1, 1, 1) } }));
    expect(wanted(played)).toHaveLength(4);
  });

  test("is all that the project gives: the session tells what is missing still", () => {
    let asked = 0;
    const stops: Manager = (question, world) =>
      question.state === "SCALE_IN" && asked++ > 0
        ? { answer: "ACK", afterSeconds: 5 }
        : question.state === "SCALE_IN"
          ? { answer: "ACK", afterSeconds: 5, does: () => world.remove("d4") }
          : agree(question, world);
    const played = failed(script({ options: { scale_in_rounds: 2 }, managers: { shop: stops } }));
    expect(wanted(played)).toEqual(["shop: 4 instances for 4", "shop: 3 instances for 3", "shop: 3 instances for 3"]);
    expect(played.failure?.reason).toContain("3 VCPU");
  });
});

describe("among several projects", () => {
  const ha = group("ha", "bank", { antiAffinity: true, maxImpactedMembers: 1 });
  const filler = group("filler", "shop");
  const pair = { ...on("c1", "bank", "h1"), ...on("c2", "bank", "h2") };
  const fillers = [
    ...["a1", "a2", "a3"].map((name) => ["c1", name] as const),
    ...["b1", "b2", "b3"].map((name) => ["c2", name] as const),
    ...["d1", "d2", "d3", "d4"].map((name) => ["c3", name] as const),
  ];
  const cloud = {
    hosts,
    instances: { ...pair, ...Object.assign({}, ...fillers.map(([host, name]) => on(host, "shop", name))) },
  };
  const constraints = constraintsFrom(
    [...members(ha, "h1", "h2"), ...members(filler, ...fillers.map(([, name]) => name))],
    [ha, filler],
  );

  test("the fillers make room, and the project of a pair is not asked", () => {
    const played = done(script({ cloud, constraints, managers: { shop: scalesIn, bank: agree } }));
    expect(wanted(played)).toEqual(["shop: 4 instances for 4"]);
    expect(scaleIns(played)[0]?.members?.map(({ group: of }) => of)).toEqual(["filler"]);
  });

  test("where those who were asked do nothing, all are asked for the whole", () => {
    const idle: Manager = (question, world) => agree(question, world);
    const bank: Manager = (question, world) => scalesIn(question, world);
    const played = failed(
      script({ cloud, constraints, options: { scale_in_rounds: 2 }, managers: { shop: idle, bank } }),
    );
    expect(
      scaleIns(played)
        .map(({ project }) => project)
        .slice(0, 3),
    ).toEqual(["shop", "bank", "shop"]);
  });

  test("workflow default asks all for the whole, as the original did", () => {
    const { workflow: _, ...rest } = script({ cloud, constraints, managers: { shop: scalesIn, bank: agree } });
    expect(wanted(done(rest)).map((text) => text.split(":")[0])).toEqual(["bank", "shop"]);
  });
});

test("no more members of a group are asked for at once than may be away", () => {
  const web = group("web", "shop", { maxImpactedMembers: 2 });
  const constraints = constraintsFrom(members(web, ...Object.keys(full)), [web]);
  const played = done(script({ constraints }));
  expect(wanted(played)).toEqual(["shop: 2 instances for 2", "shop: 2 instances for 2"]);
});
