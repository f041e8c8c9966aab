/** What a performer meets, made up: a cloud that answers what the test says, and a clock that stands still. */
import type { PerformedEffect } from "../../src/domain/effect.ts";
import type { HostAction } from "../../src/domain/host-action.ts";
import type { Performing } from "../../src/effects/performer.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { Cloud } from "../../src/ports/cloud.ts";
import { type ClaimedEffect, EffectId } from "../../src/ports/effects.ts";
import { aSnapshot, NOON } from "../support/a-view.ts";

export const stillClock: Clock = { now: () => NOON, sleep: async () => undefined };

/** A clock that is moved by sleeping, so that nothing waits for real. */
export function movingClock(start = NOON): Clock & { pass(ms: number): void } {
  let now = start.getTime();
  return {
    now: () => new Date(now),
    pass: (ms) => void (now += ms),
    sleep: async (ms, signal) => {
      await new Promise((resolve) => setImmediate(resolve)); // Lets whoever else is running go on.
      if (!signal?.aborted) now += ms;
    },
  };
}

/** A cloud of which only some calls are expected; any other one fails the test by name. */
export function aCloud(calls: Partial<Cloud>): Cloud {
  return new Proxy(calls as Cloud, {
    get: (target, name: keyof Cloud) =>
      target[name] ??
      (() => {
        throw new Error(`nobody expected the call cloud.${name}`);
      }),
  });
}

export const aClaim = (effect: PerformedEffect, changes: Partial<ClaimedEffect> = {}): ClaimedEffect => ({
  id: EffectId.parse(7),
  session: aSnapshot().session,
  entry: 3,
  effect,
  token: "mine",
  recordedAt: NOON,
  attempt: 1,
  postponedSince: null,
  interrupted: false,
  hosts: { kind: "known", names: [] },
  instances: [],
  ...changes,
});

export const performing = (
  effect: PerformedEffect,
  {
    cloud = {},
    action,
    ...changes
  }: { cloud?: Partial<Cloud>; action?: HostAction } & Partial<Omit<Performing, "cloud">> = {},
): Performing => ({
  cloud: aCloud(cloud),
  plugins: { workflow: () => undefined, hostAction: () => action, names: () => ({ workflows: [], hostActions: [] }) },
  clock: stillClock,
  claimed: aClaim(effect),
  signal: new AbortController().signal,
  keepOutput: async () => undefined,
  ...changes,
});
