/** Live migrations that take longer than managers allow (`max_interruption_time`). */
import { describe, expect, test } from "vitest";
import { constraintsFrom, InstanceId, ProjectId, type SessionOptions } from "#sdk";
import { done, failed } from "../outcomes.ts";
import { agree, type Manager, type Played, type Script } from "../play.ts";

const live: Manager = (question, world) => {
  const answer = agree(question, world);
  return answer && { ...answer, action: "LIVE_MIGRATE" };
};

const declared = (maxInterruptionSeconds: number) =>
  constraintsFrom(
    [
      {
        ...{ instance: InstanceId.parse("a"), project: ProjectId.parse("shop"), group: null, name: "a" },
        ...{ migrationType: "LIVE_MIGRATE", resourceMitigation: false, leadTimeSeconds: 0, maxInterruptionSeconds },
      },
    ],
    [],
  );

/** Its live migration takes a quarter of an hour, a cold one seconds. */
const script = (options: Partial<SessionOptions>, allowed = 120): Script => ({
  workflow: "vnf",
  cloud: { hosts: { c1: {}, c2: {} }, instances: { a: { on: "c1" } } },
  hosts: ["c1"],
  managers: { shop: live },
  constraints: declared(allowed),
  moveSeconds: ({ how }) => (how === "LIVE_MIGRATE" ? 900 : 10),
  options,
});

const movesOf = ({ timeline }: Played): readonly string[] =>
  timeline.flatMap((line) => /(LIVE_MIGRATE|MIGRATE) a c1 → \w+/.exec(line)?.[0] ?? []);

describe.each([1, 2])("%i hosts at once", (hosts_at_once) => {
  test("by default it is told to complete, and nothing is moved twice", () => {
    const played = done(script({ hosts_at_once }));
    expect(movesOf(played)).toEqual(["LIVE_MIGRATE a c1 → c2"]);
    expect(played.seconds).toBeLessThan(400);
  });

  test("it is broken off and migrated cold, to the same host if there is no other", async () => {
    const played = done(script({ hosts_at_once, on_long_live_move: "migrate_cold" }));
    expect(movesOf(played)).toEqual(["LIVE_MIGRATE a c1 → c2", "MIGRATE a c1 → c2"]);
    await expect(played.timeline.join("\n")).toMatchFileSnapshot(`timelines/long-move-${hosts_at_once}.txt`);
  });

  test("it is broken off again and again, as often as a move is tried", () => {
    const played = failed(script({ hosts_at_once, on_long_live_move: "abort", move_retries: 2 }));
    expect(movesOf(played)).toHaveLength(3);
    expect(played.failure?.reason).toContain("in 3 tries: its live migration takes longer than its manager allows");
  });

  test("with wait it may take as long as any move", () => {
    const played = done(script({ hosts_at_once, on_long_live_move: "wait" }));
    expect(movesOf(played)).toEqual(["LIVE_MIGRATE a c1 → c2"]);
    expect(played.seconds).toBeGreaterThan(900);
  });
});

test("0 declares no limit", () => {
  expect(done(script({ on_long_live_move: "abort" }, 0)).seconds).toBeGreaterThan(900);
});
