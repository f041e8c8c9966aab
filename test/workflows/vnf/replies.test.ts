/**
 * Replies that cross with questions, in whole sessions: what comes too early, too late, twice, or for an old question is
 * overlooked (I6), and what was accepted is done (I5).
 */
import { expect, test } from "vitest";
import type { SessionOptions } from "#sdk";
import { done } from "../outcomes.ts";
import { agree, type Manager, type Played, type Script } from "../play.ts";

/** Questions about a are answered by `about`, all others with a plain yes. */
const script = (
  about: Manager,
  replies: NonNullable<Script["replies"]>,
  options: Partial<SessionOptions> = {},
): Script => ({
  workflow: "vnf",
  cloud: { hosts: { c1: {}, c2: {}, c3: {} }, instances: { a: { on: "c1", vcpus: 2 }, b: { on: "c2", vcpus: 2 } } },
  hosts: ["c1", "c2"],
  managers: {
    shop: (question, world) => (question.instance === "a" ? about(question, world) : agree(question, world)),
  },
  replies,
  options,
});

const live = { project: "shop", instance: "a", answer: "ACK", action: "LIVE_MIGRATE" } as const;
const heard = ({ timeline }: Played): readonly string[] =>
  timeline.flatMap((line) => /shop says (N?ACK_P\w+)(: \w+| for a$)/.exec(line)?.slice(1).join("") ?? []);
const movesOfA = ({ timeline }: Played): readonly string[] =>
  timeline.flatMap((line) => /\w+MIGRATE a c\d|MIGRATE a c\d/.exec(line)?.[0] ?? []);
const silent: Manager = () => null;

test("before it is asked about the instance, a yes is overlooked, and the question comes all the same", () => {
  const early = { ...live, state: "PREPARE_MAINTENANCE", atSeconds: 30 } as const;
  const played = done(script(agree, [early]));
  expect(heard(played)[0]).toBe("ACK_PREPARE_MAINTENANCE: out_of_turn");
  expect(movesOfA(played)[0]).toBe("MIGRATE a c1");
});

test("an early yes does not stand for the answer that never comes", () => {
  const early = { ...live, state: "PREPARE_MAINTENANCE", atSeconds: 30 } as const;
  const played = done(script(silent, [early], { on_silence: "skip_host" }));
  expect(played.statusOf("c1")).toBe("skipped");
  expect(movesOfA(played)).toEqual([]);
});

test("an early no ends nothing", () => {
  const early = { ...live, answer: "NACK", state: "PREPARE_MAINTENANCE", atSeconds: 30 } as const;
  expect(done(script(agree, [early])).statusOf("c1")).toBe("maintained");
});

test("the same yes twice is one yes, and the instance moves once", () => {
  const twice: Manager = () => ({
    answer: "ACK",
    action: "LIVE_MIGRATE",
    afterwards: { answer: "ACK", action: "LIVE_MIGRATE" },
  });
  const played = done(script(twice, []));
  const said = heard(played).filter((text) => !text.endsWith("out_of_turn"));
  expect(said.slice(0, 2).map((text) => text.replace(/^ACK_\w+?_MAINTENANCE/, ""))).toEqual([
    " for a",
    ": already_recorded",
  ]);
  expect(movesOfA(played).filter((move) => move.endsWith("c1"))).toHaveLength(1);
});

test("after its window a yes is late: the policy has decided", () => {
  const late: Manager = () => ({ answer: "ACK", action: "LIVE_MIGRATE", afterSeconds: 60 });
  const played = done(script(late, [], { on_silence: "proceed" }));
  expect(heard(played)[0]).toMatch(/: too_late$/);
  expect(movesOfA(played)[0]).toBe("MIGRATE a c1");
});

test("at the last second of its window a yes counts", () => {
  const late: Manager = () => ({ answer: "ACK", action: "LIVE_MIGRATE", afterSeconds: 40 });
  expect(movesOfA(done(script(late, [])))[0]).toBe("LIVE_MIGRATE a c1");
});

test("for the question of an earlier state, a no is overlooked while another one is open", () => {
  const first: Manager = ({ state }) =>
    state === "MAINTENANCE" ? { answer: "ACK" } : { answer: "ACK", action: "MIGRATE", afterSeconds: 20 };
  const old = { ...live, answer: "NACK", state: "MAINTENANCE" } as const;
  const played = done(
    script(
      first,
      [70, 75, 80].map((atSeconds) => ({ ...old, atSeconds })),
    ),
  );
  expect(played.timeline.filter((line) => line.includes("NACK_MAINTENANCE: out_of_turn"))).toHaveLength(3);
  expect(played.statusOf("c1")).toBe("maintained");
});

test("a no at the project's own link ends no question about one instance", () => {
  const slow: Manager = () => ({ answer: "ACK", action: "MIGRATE", afterSeconds: 30 });
  const whole = {
    project: "shop",
    instance: null,
    answer: "NACK",
    state: "PREPARE_MAINTENANCE",
    atSeconds: 70,
  } as const;
  const played = done(script(slow, [whole]));
  expect(played.statusOf("c1")).toBe("maintained");
});

test.each([
  { what: "another action", mind: { answer: "ACK", action: "LIVE_MIGRATE" } as const, move: "LIVE_MIGRATE a c1" },
  {
    what: "a no, and a yes again",
    mind: { answer: "NACK", afterwards: { answer: "ACK", action: "LIVE_MIGRATE", afterSeconds: 3 } } as const,
    move: "LIVE_MIGRATE a c1",
  },
])("before its move begins the project thinks of $what", ({ mind, move }) => {
  // The other instance on the host is answered for late, so nothing has begun.
  const changing: Manager = () => ({ answer: "ACK", action: "MIGRATE", afterwards: { ...mind, afterSeconds: 3 } });
  const given = script(changing, [], { on_nack: "proceed" });
  const slow: Manager = (question, world) =>
    question.instance === "a"
      ? changing(question, world)
      : question.instance === "b"
        ? { answer: "ACK", afterSeconds: 30 }
        : agree(question, world);
  const instances = { a: { on: "c1", vcpus: 2 }, b: { on: "c1", vcpus: 2 } };
  const played = done({
    ...given,
    hosts: ["c1"],
    cloud: { hosts: { c1: {}, c2: {}, c3: {} }, instances },
    managers: { shop: slow },
  });
  expect(movesOfA(played)).toEqual([move]);
});
