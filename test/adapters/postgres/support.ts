/** Sessions for the tests of the store: a test says only what matters to it. */
import { randomUUID } from "node:crypto";
import type { HostRole, KnownHost } from "../../../src/domain/cloud.ts";
import type { Effect } from "../../../src/domain/effect.ts";
import { isPerformed } from "../../../src/domain/effect.ts";
import { PluginName, SessionId } from "../../../src/domain/ids.ts";
import { type Session, SessionOptions } from "../../../src/domain/session.ts";
import type { Snapshot } from "../../../src/domain/view.ts";
import type { Store } from "../../../src/adapters/postgres/store.ts";
import type { ClaimedEffect, Consequences, EffectEnd, EffectId, Lease } from "../../../src/ports/effects.ts";
import type { Changes, NewSession, Recorded } from "../../../src/ports/sessions.ts";
import { host, instance, later, NOON, project } from "../../support/a-view.ts";

export { host, instance, later, NOON, project };

export const LIMITS = { maxSessions: 100 };

export const aSession = (changes: Partial<Session> = {}): Session => ({
  id: SessionId.parse(randomUUID()),
  workflow: PluginName.parse("default"),
  maintenanceAt: later(60),
  metadata: { release: "Zed" },
  options: SessionOptions.parse({}),
  actions: [],
  planDigest: null,
  ...changes,
});

export const aKnownHost = (
  name: string,
  roles: readonly HostRole[] = ["compute"],
  door: KnownHost["door"] = { kind: "open" },
): KnownHost => ({ name: host(name), roles, door });

export const aNewSession = (changes: Partial<NewSession> = {}): NewSession => ({
  session: aSession(),
  initialState: "MAINTENANCE",
  hosts: [],
  requestedHosts: [],
  at: NOON,
  ...changes,
});

/** Creates a session over hosts of these names, which other tests of the file must not use. */
export async function created(store: Store, ...hosts: readonly string[]): Promise<Session> {
  const session = aSession();
  await store.sessions.create(aNewSession({ session, hosts: hosts.map((name) => aKnownHost(name)) }), LIMITS);
  return session;
}

export const someChanges = (changes: Partial<Changes> = {}): Changes => ({
  at: NOON,
  enter: null,
  failure: null,
  cancelPending: false,
  effects: [],
  questions: [],
  notifications: [],
  hosts: [],
  waiting: null,
  wakeAt: NOON,
  ended: null,
  journal: [],
  ...changes,
});

/** One turn that records these changes. */
export async function record(store: Store, { id }: Session, changes: Partial<Changes>, now = NOON): Promise<Recorded> {
  const recorded: Recorded[] = [];
  const ran = await store.sessions.inTurn(id, now, async (open) => {
    recorded.push(await open.record(someChanges({ at: now, wakeAt: now, ...changes })));
  });
  const [first] = recorded;
  if (!ran || !first) throw new Error(`session ${id} was not due`);
  return first;
}

export async function snapshotOf(store: Store, { id }: Session, now = NOON): Promise<Snapshot> {
  const seen: Snapshot[] = [];
  await store.sessions.inTurn(id, now, async (open) => void seen.push(await open.snapshot()));
  const [snapshot] = seen;
  if (!snapshot) throw new Error(`session ${id} was not due`);
  return snapshot;
}

export const effects = (...list: readonly Effect[]): Pick<Changes, "effects"> => ({
  effects: list.map((effect) => ({ effect, performed: isPerformed(effect) })),
});

export const aLease = (until = later(10)): Lease => ({ token: randomUUID(), until });

/** Records one effect and claims it. */
export async function claimed(store: Store, session: Session, effect: Effect, now = NOON): Promise<ClaimedEffect> {
  const recorded = await record(store, session, effects(effect), now);
  return claim(store, recorded.effects[0], now);
}

export async function claim(store: Store, id: EffectId | undefined, now = NOON): Promise<ClaimedEffect> {
  const taken = id === undefined ? null : await store.effects.claim(id, aLease(new Date(now.getTime() + 10_000)), now);
  if (!taken) throw new Error(`effect ${id} could not be claimed`);
  return taken;
}

export const doneWith = (consequences: Consequences, at = NOON): EffectEnd => ({
  at,
  status: { kind: "done", at, outcome: null },
  consequences,
  journal: [{ at, kind: "effect_done", subject: null, text: "done" }],
});

export async function texts(store: Store, { id }: Session): Promise<readonly string[]> {
  const entries = await store.reports.timeline(id, 0, 1_000);
  return (entries ?? []).map(({ kind, text }) => `${kind}: ${text}`);
}

/** A gate that a test opens: whoever waits for it goes on then. */
export function aGate(): { readonly opened: Promise<void>; readonly open: () => void } {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}
