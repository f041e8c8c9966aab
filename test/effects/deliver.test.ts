import { expect, test } from "vitest";
import { nextTry } from "../../src/effects/deliver.ts";
import type { Notification } from "../../src/domain/notification.ts";
import { aWebhook } from "../support/a-webhook.ts";
import { host, later, NOON, project } from "../support/a-view.ts";

const question = (replyBy: Date): Notification => ({
  type: "maintenance.scheduled",
  project: project("shop"),
  state: "MAINTENANCE",
  instances: [],
  instance: null,
  allowedActions: [],
  replyBy,
  actionsAt: null,
  missing: null,
  metadata: {},
});
const news: Notification = { type: "maintenance.host", host: host("c1"), state: "IN_MAINTENANCE" };

test.each([
  {
    name: "the first failure: a second later",
    notification: question(later(40)),
    attempt: 1,
    now: NOON,
    random: 0,
    next: later(1),
  },
  {
    name: "jitter takes up to a fifth off",
    notification: question(later(40)),
    attempt: 3,
    now: NOON,
    random: 0.5,
    next: later(4.5),
  },
  { name: "pauses grow", notification: question(later(400)), attempt: 5, now: NOON, random: 0, next: later(20) },
  {
    name: "and stay at the longest",
    notification: question(later(400)),
    attempt: 50,
    now: NOON,
    random: 0,
    next: later(40),
  },
  {
    name: "not past the reply window",
    notification: question(later(40)),
    attempt: 6,
    now: later(5),
    random: 0,
    next: null,
  },
  {
    name: "news are tried for ten minutes",
    notification: news,
    attempt: 6,
    now: later(550),
    random: 0,
    next: later(590),
  },
  { name: "and not longer", notification: news, attempt: 6, now: later(580), random: 0, next: null },
])("$name", ({ notification, attempt, now, random, next }) => {
  const receiver = { kind: "webhook", webhook: aWebhook() } as const;
  expect(nextTry({ attempt, createdAt: NOON, notification, receiver }, now, random)).toEqual(next);
});

test("news on the bus outlast a night without a broker; a question does not outlast its reply window", () => {
  const claimed = { attempt: 99, createdAt: NOON, receiver: { kind: "bus" } } as const;
  expect(nextTry({ ...claimed, notification: news }, later(12 * 3_600), 0)).toEqual(later(12 * 3_600 + 40));
  expect(nextTry({ ...claimed, notification: news }, later(24 * 3_600), 0)).toBeNull();
  expect(nextTry({ ...claimed, notification: question(later(40)) }, later(41), 0)).toBeNull();
});
