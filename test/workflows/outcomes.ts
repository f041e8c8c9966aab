/** How played sessions end, for the tests of every workflow. */
import { expect } from "vitest";
import { resources } from "#sdk";
import { agree, type Manager, type Played, play, type Script } from "./play.ts";

/** Frees what it is asked for, by giving up its last instances; agrees to all else. */
export const scalesIn: Manager = (question, world) => {
  const giving: string[] = [];
  let missing = question.missing ?? {};
  for (const instance of world.instances.filter(({ id }) => question.instances.includes(id)).toReversed()) {
    if (Object.values(missing).every((amount) => amount <= 0)) break;
    giving.push(instance.id);
    missing = resources.subtract(missing, instance.demand);
  }
  return { answer: "ACK", action: "MIGRATE", afterSeconds: 5, does: () => world.remove(...giving) };
};

/** Says no in this state, and agrees to all else. */
export const refuses =
  (state: string): Manager =>
  (question, world) =>
    question.state === state ? { answer: "NACK", reason: "not now" } : agree(question, world);

/** Says nothing in this state, and agrees to all else. */
export const silentIn =
  (state: string): Manager =>
  (question, world) =>
    question.state === state ? null : agree(question, world);

export const expectSound = (played: Played): void =>
  expect(played.world.breaches, played.timeline.join("\n")).toEqual([]);

export const done = (script: Script): Played => {
  const played = play(script);
  expectSound(played);
  expect(played.state, `${played.timeline.join("\n")}\n${played.failure?.reason}`).toBe("MAINTENANCE_DONE");
  expect(played.report.stillClosed.filter(({ reason }) => !reason.includes("somebody else"))).toEqual([]);
  return played;
};

export const failed = (script: Script): Played => {
  const played = play(script);
  expectSound(played);
  expect(played.state, played.timeline.join("\n")).toBe("MAINTENANCE_FAILED");
  expect(played.world.computes.map(({ door }) => door.kind)).not.toContain("closed");
  return played;
};
