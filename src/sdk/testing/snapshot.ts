/** Sessions for tests, of which an author says only what matters. */
import { noConstraints } from "../../domain/constraint.ts";
import { HostName, PluginName, SessionId } from "../../domain/ids.ts";
import { type RequestedAction, type Session, type SessionHost, SessionOptions } from "../../domain/session.ts";
import type { Snapshot } from "../../domain/view.ts";

/** What every test begins with: noon of a day. */
export const NOON = new Date("2026-01-01T12:00:00Z");

export interface SnapshotParts extends Partial<Omit<Snapshot, "session">> {
  readonly session?: Partial<Session>;
}

/** A session of the given parts in its first entry; its maintenance begins a minute past noon. */
export function aSnapshot({ session, ...parts }: SnapshotParts = {}): Snapshot {
  const entry = parts.entry ?? { state: "MAINTENANCE", number: 1, since: NOON };
  return {
    session: {
      id: SessionId.parse("5d1f5b6e-7a43-4c39-9e0f-6c1b8a2d3e4f"),
      workflow: PluginName.parse("under-test"),
      maintenanceAt: new Date(NOON.getTime() + 60_000),
      metadata: {},
      options: SessionOptions.parse({}),
      actions: [],
      planDigest: null,
      ...session,
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
    ...parts,
  };
}

/** An open compute host that waits for its turn. */
export const aHost = (name: string, changes: Partial<Omit<SessionHost, "name">> = {}): SessionHost => ({
  name: HostName.parse(name),
  roles: ["compute"],
  status: { kind: "waiting" },
  closure: "open",
  ...changes,
});

export const anAction = (plugin: string, changes: Partial<Omit<RequestedAction, "plugin">> = {}): RequestedAction => ({
  plugin: PluginName.parse(plugin),
  phase: "host",
  order: 0,
  metadata: {},
  ...changes,
});
