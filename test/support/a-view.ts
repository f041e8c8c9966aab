/** Builders for views: a test says only what matters to it. */
import { noConstraints } from "../../src/domain/constraint.ts";
import { type Effect, type EffectStatus } from "../../src/domain/effect.ts";
import { HostName, InstanceId, PluginName, ProjectId, SessionId } from "../../src/domain/ids.ts";
import type { AskedQuestion, Reply } from "../../src/domain/question.ts";
import { type SessionHost, SessionOptions } from "../../src/domain/session.ts";
import { makeView, type Snapshot, type View } from "../../src/domain/view.ts";

export const NOON = new Date("2026-01-01T12:00:00Z");
export const later = (seconds: number): Date => new Date(NOON.getTime() + seconds * 1_000);

export const host = (name: string): HostName => HostName.parse(name);
export const project = (name: string): ProjectId => ProjectId.parse(name);
export const instance = (name: string): InstanceId => InstanceId.parse(name);

export const aSessionHost = (name: string, changes: Partial<Omit<SessionHost, "name">> = {}): SessionHost => ({
  name: host(name),
  roles: ["compute"],
  status: { kind: "waiting" },
  closure: "open",
  ...changes,
});

export const aQuestion = (changes: Partial<AskedQuestion> = {}): AskedQuestion => ({
  project: project("shop"),
  state: "MAINTENANCE",
  round: 1,
  instances: [],
  instance: null,
  allowedActions: [],
  replyBy: later(40),
  actionsAt: later(60),
  missing: null,
  reply: null,
  ...changes,
});

export const aReply = (answer: Reply["answer"], changes: Partial<Reply> = {}): Reply => ({
  answer,
  actions: new Map(),
  reason: null,
  retryAt: null,
  at: NOON,
  ...changes,
});

export const recorded = (effect: Effect, status: EffectStatus, entry = 1): Snapshot["effects"][number] => ({
  effect,
  status,
  recordedAt: NOON,
  entry,
});

export const aSnapshot = (changes: Partial<Snapshot> = {}): Snapshot => {
  const entry = changes.entry ?? { state: "MAINTENANCE", number: 1, since: NOON };
  return {
    session: {
      id: SessionId.parse("3f9c4d0e-6a4e-4a0e-9d0b-0d9f5b1c2a11"),
      workflow: PluginName.parse("default"),
      maintenanceAt: later(60),
      metadata: { release: "Zed" },
      options: SessionOptions.parse({}),
      actions: [],
      planDigest: null,
    },
    entry,
    entries: [entry],
    hosts: [],
    projects: [],
    instances: [],
    facts: null,
    constraints: noConstraints,
    impacted: new Map(),
    effects: [],
    questions: [],
    plan: null,
    failure: null,
    waiting: null,
    ...changes,
  };
};

export const aView = (changes: Partial<Snapshot> = {}, now = NOON): View => makeView(aSnapshot(changes), now);
