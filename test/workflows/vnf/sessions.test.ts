/** Whole sessions of the workflow vnf. Times are seconds since the POST. */
import { describe, expect, test } from "vitest";
import type { InstanceAction, SessionOptions } from "#sdk";
import { done, failed, scalesIn } from "../outcomes.ts";
import { agree, type Answer, type Manager, type Played, type Script } from "../play.ts";

const hosts = { c1: {}, c2: {}, c3: {} };
const two = { a: { on: "c1", vcpus: 2 }, b: { on: "c1", vcpus: 2 }, c: { on: "c2", vcpus: 2 } };

const aboutInstances = ({ state }: { state: string }) =>
  state === "PREPARE_MAINTENANCE" || state === "PLANNED_MAINTENANCE";

/** Answers the first questions about an instance in this order, then agrees. */
function inTurn(instance: string, ...answers: readonly (Answer | null)[]): Manager {
  let next = 0;
  return (question, world) => {
    if (question.instance !== instance) return agree(question, world);
    const answer = answers[next++];
    return answer === undefined ? agree(question, world) : answer;
  };
}

const script = (manager: Manager, options: Partial<SessionOptions> = {}): Script => ({
  workflow: "vnf",
  cloud: { hosts, instances: two },
  managers: { shop: manager },
  options,
});

const movesOf = ({ timeline }: Played, instance: string): readonly string[] =>
  timeline.map((line) => line.trim()).filter((line) => /MIGRATE/.test(line) && line.includes(` ${instance} c`));

const asksAbout = ({ asked }: Played, instance: string) => asked.filter((question) => question.instance === instance);

describe("timelines", () => {
  test("room in one host: every instance is asked about by itself (K7)", async () => {
    const played = done(script(agree));
    await expect(played.timeline.join("\n")).toMatchFileSnapshot("timelines/room.txt");
    const questions = played.asked.filter(aboutInstances);
    expect(questions.length).toBeGreaterThan(2);
    for (const { instance, instances } of questions) expect(instances).toEqual([instance]);
    expect(
      played.asked.filter((question) => !aboutInstances(question)).every(({ instance }) => instance === null),
    ).toBe(true);
  });

  test("a full cloud: the project is told how much is missing, scales in, and all hosts are maintained (K15)", async () => {
    const full = { a: { on: "c1", vcpus: 4 }, b: { on: "c2", vcpus: 4 }, c: { on: "c3", vcpus: 4 } };
    const played = done({ workflow: "vnf", cloud: { hosts, instances: full }, managers: { shop: scalesIn } });
    await expect(played.timeline.join("\n")).toMatchFileSnapshot("timelines/full.txt");
    expect(played.asked.find(({ state }) => state === "SCALE_IN")?.missing).toMatchObject({ VCPU: 4 });
    expect(played.seconds).toBeLessThan(20 * 60);
  });

  test("several hosts at a time: instances of one project are asked about without waiting for each other", () => {
    const many = { a: { on: "c1" }, b: { on: "c2" }, c: { on: "c3" }, d: { on: "c4" } };
    const played = done({
      workflow: "vnf",
      cloud: { hosts: { c1: {}, c2: {}, c3: {}, c4: {} }, instances: many },
      managers: { shop: agree },
      options: { hosts_at_once: 2 },
    });
    expect(played.report.maintained).toEqual(["c1", "c2", "c3", "c4"]);
    expect(played.asked.filter(aboutInstances).every(({ instance }) => instance !== null)).toBe(true);
  });
});

describe("each instance goes its own way", () => {
  const actionOf = (instance: string, action: InstanceAction): Manager => inTurn(instance, { answer: "ACK", action });

  test("a LIVE_MIGRATE beside a MIGRATE", () => {
    const played = done(script(actionOf("a", "LIVE_MIGRATE")));
    expect(movesOf(played, "a")[0]).toContain("LIVE_MIGRATE a c1");
    expect(movesOf(played, "b")[0]).toMatch(/ MIGRATE b c1/);
  });

  test("an OWN_ACTION is done when this very instance is gone: a namesake elsewhere proves nothing", () => {
    const played = done({
      ...script(actionOf("a", "OWN_ACTION")),
      events: [
        {
          atSeconds: 160,
          happens: (world) => {
            world.add({ successor: { on: "c2", vcpus: 2 } });
            world.change("successor", { name: "a" });
          },
        },
        { atSeconds: 300, happens: (world) => world.remove("a") },
      ],
    });
    expect(movesOf(played, "a")).toEqual([]);
    const visit = played.timeline.find((line) => line.includes("c1 in_maintenance"));
    expect(Number.parseInt(visit ?? "", 10)).toBeGreaterThanOrEqual(300);
    expect(asksAbout(played, "successor")).toEqual([]);
  });

  test("an OWN_ACTION that is not done in its window fails the session, or leaves the host out", () => {
    const lazy = () => actionOf("a", "OWN_ACTION");
    expect(failed(script(lazy())).failure?.reason).toContain("the OWN_ACTION of project shop left a on c1");
    const skipping = done(script(lazy(), { on_silence: "skip_host" }));
    expect(skipping.statusOf("c1")).toBe("skipped");
  });
});

describe("a change of mind", () => {
  test("before anything has begun counts (I6)", () => {
    const played = done(
      script((question, world) => {
        if (question.instance === "a")
          return { answer: "ACK", action: "OWN_ACTION", afterwards: { answer: "ACK", action: "LIVE_MIGRATE" } };
        return question.instance === "b" ? { answer: "ACK", afterSeconds: 20 } : agree(question, world);
      }),
    );
    expect(movesOf(played, "a")[0]).toContain("LIVE_MIGRATE a c1");
  });

  test("once the move has begun has no effect", () => {
    const played = done(script(inTurn("a", { answer: "ACK", afterwards: { answer: "NACK", afterSeconds: 5 } })));
    expect(played.timeline.some((line) => line.endsWith("shop says NACK_PLANNED_MAINTENANCE: already_recorded"))).toBe(
      true,
    );
    expect(movesOf(played, "a")[0]).toMatch(/ MIGRATE a c1/);
  });

  test("a no becomes a yes where the no waits for its time", () => {
    const played = done(
      script(inTurn("a", { answer: "NACK", retryAfterSeconds: 30, afterwards: { answer: "ACK", afterSeconds: 3 } }), {
        nack_retry_seconds: 600,
      }),
    );
    expect(asksAbout(played, "a").filter(({ state }) => state === "PLANNED_MAINTENANCE")).toHaveLength(1);
  });
});

describe("a no", () => {
  const no = (retryAfterSeconds?: number): Answer => ({
    answer: "NACK",
    reason: "in a match",
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  });

  test("with a time that the session grants: asked again then, and not before", () => {
    const played = done(script(inTurn("a", no(300)), { nack_retry_seconds: 600 }));
    const [first, again] = asksAbout(played, "a");
    if (!first || !again) throw new Error("it was not asked again");
    expect(again.replyBy.getTime() - first.replyBy.getTime()).toBe(300_000);
    expect(played.count("move_instance")).toBeGreaterThan(0);
  });

  test.each([
    { what: "with a time too far ahead", answer: no(700), granted: 600 },
    { what: "with a time where the session grants none", answer: no(1), granted: 0 },
    { what: "without a time", answer: no(), granted: 600 },
  ])("$what is final, and names the instance", ({ answer, granted }) => {
    const played = failed(script(inTurn("a", answer), { nack_retry_seconds: granted }));
    expect(played.failure?.reason).toBe("project shop said no to PLANNED_MAINTENANCE for a: in a match");
    expect(movesOf(played, "a")).toEqual([]);
  });

  test("put off again and again is final after five times (L2)", () => {
    const stubborn = failed(
      script((question, world) => (question.instance === "a" ? no(60) : agree(question, world)), {
        nack_retry_seconds: 600,
      }),
    );
    expect(asksAbout(stubborn, "a")).toHaveLength(5);
    expect(stubborn.failure?.reason).toContain("said no to PLANNED_MAINTENANCE for a");
  });

  test.each([
    { on_nack: "skip_host", host: "skipped" },
    { on_nack: "proceed", host: "maintained" },
  ] as const)("where on_nack is $on_nack, its host is $host", ({ on_nack, host }) => {
    const played = done(
      script((question, world) => (question.instance === "a" ? no() : agree(question, world)), { on_nack }),
    );
    expect(played.statusOf("c1")).toBe(host);
  });
});

describe("silence about one instance", () => {
  test.each([
    { on_silence: "skip_host", host: "skipped" },
    { on_silence: "proceed", host: "maintained" },
  ] as const)("where on_silence is $on_silence, its host is $host", ({ on_silence, host }) => {
    const played = done(
      script((question, world) => (question.instance === "a" ? null : agree(question, world)), { on_silence }),
    );
    expect(played.statusOf("c1")).toBe(host);
  });

  test("a reply after the window is late, and never fails the session by itself (K12)", () => {
    const played = done(script(inTurn("a", { answer: "ACK", afterSeconds: 45 }), { on_silence: "proceed" }));
    expect(played.timeline.some((line) => line.includes("ACK_PLANNED_MAINTENANCE: too_late"))).toBe(true);
  });
});
