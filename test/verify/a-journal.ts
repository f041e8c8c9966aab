/** Journals of sessions, made up entry by entry as the engine would write them. */
import type { Entry } from "../../src/verify/entries.ts";

export const NOON = Date.parse("2026-11-25T12:00:00Z");
export const iso = (seconds: number): string => new Date(NOON + seconds * 1_000).toISOString();

type Line = Pick<Entry, "kind" | "subject" | "text"> & { readonly data?: Entry["data"]; readonly at: number };

/** Numbers the lines; `at` is in seconds after noon. */
export const journal = (lines: readonly Line[]): readonly Entry[] =>
  lines.map(({ at, data, ...line }, index) => ({ number: index + 1, at: iso(at), ...line, ...(data && { data }) }));

export const line = (at: number, kind: string, subject: string | null, data?: Entry["data"]): Line => ({
  at,
  kind,
  subject,
  text: `${kind} ${subject ?? ""}`.trim(),
  ...(data && { data }),
});

export const options = {
  on_no_manager: "fail",
  on_silence: "fail",
  on_nack: "fail",
  hosts_at_once: 1,
  moves_at_once: 1,
};

export const created = (changes: Entry["data"] = {}): Line =>
  line(0, "session_created", null, {
    state: "MAINTENANCE",
    workflow: "default",
    found: [
      { host: "a", roles: ["compute"], closed: false },
      { host: "b", roles: ["compute"], closed: false },
    ],
    maintenanceAt: iso(60),
    options,
    ...changes,
  });

export const enter = (at: number, state: string, from: string): Line =>
  line(at, "state_entered", null, { state, from, why: "so" });

export const asked = (at: number, changes: Entry["data"] = {}): Line =>
  line(at, "project_asked", "shop", {
    state: "PREPARE_MAINTENANCE",
    round: 1,
    instances: ["web"],
    replyBy: iso(at + 40),
    actionsAt: iso(at + 40),
    ...changes,
  });

export const replied = (
  at: number,
  state = "ACK_PREPARE_MAINTENANCE",
  kind = "reply_recorded",
  more: Entry["data"] = {},
): Line => line(at, kind, "shop", { state, answer: state.slice(0, state.indexOf("_")), ...more });

export const marked = (at: number, host: string, status: string): Line =>
  line(at, "host_marked", host, { status: { kind: status } });

type Named = Readonly<Record<string, unknown>> & { readonly kind: string };
export const recorded = (at: number, subject: string, effect: Named): Line =>
  line(at, "effect_recorded", subject, { effect });

export const started = (at: number, entry: number, kind: string, subject: string, attempt = 1, interrupted = false) =>
  line(at, "effect_started", subject, { kind, entry, attempt, interrupted });

export const done = (at: number, entry: number, kind: string, subject: string, more: Entry["data"] = {}): Line =>
  line(at, "effect_done", subject, { kind, entry, attempt: 1, ...more });

export const failed = (at: number, entry: number, kind: string, subject: string, more: Entry["data"] = {}): Line =>
  line(at, "effect_failed", subject, { kind, entry, attempt: 1, ...more });

/** Recorded, begun a second later, and done after `seconds`. */
export const whole = (
  at: number,
  entry: number,
  subject: string,
  effect: Named,
  more: Entry["data"] = {},
  seconds = 1,
): readonly Line[] => [
  recorded(at, subject, effect),
  started(at, entry, effect.kind, subject),
  done(at + seconds, entry, effect.kind, subject, more),
];

export const close = (at: number, entry: number, host: string, closure = "closed_by_session"): readonly Line[] =>
  whole(at, entry, host, { kind: "close_host", host }, { outcome: { closure } });

export const open = (at: number, entry: number, host: string): readonly Line[] =>
  whole(at, entry, host, { kind: "open_host", host }, { outcome: { closure: "open", leftClosed: null } });

export const empty = { instances: [], allocations: [], arriving: [] };
export const look = (at: number, entry: number, host: string, outcome: object = empty): readonly Line[] =>
  whole(at, entry, `${host}#1`, { kind: "check_empty", host, look: 1 }, { outcome });

export const theMove = { kind: "move_instance", instance: "web", from: "a", to: "b", how: "MIGRATE", attempt: 1 };
export const move = (at: number, entry: number, landed = "b", effect: typeof theMove = theMove): readonly Line[] =>
  whole(at, entry, `${effect.instance}#1`, effect, { outcome: { host: landed, seconds: 10 } }, 10).map((one) =>
    one.kind === "effect_recorded" ? { ...one, data: { ...one.data, demand: { VCPU: 4 } } } : one,
  );

export const theAction = { kind: "run_action", plugin: "reboot", phase: "host", host: "a", index: 0 };
export const act = (at: number, entry: number, changes: Partial<typeof theAction> = {}): readonly Line[] => {
  const effect = { ...theAction, ...changes };
  return whole(at, entry, `${effect.host}/${effect.index}`, effect, { rerun: "at-most-once", ran: true }, 30);
};

/** What decisions know of the cloud from here on. Each host has 8 VCPU. */
export const seen = (at: number, told: Entry["data"] = {}, full = true): Line =>
  line(at, "cloud_seen", null, { look: 1, full, ...told });
export const seenHost = (used: number, takes = true) => ({
  capacity: { VCPU: 8 },
  used: { VCPU: used },
  zone: "nova",
  takes,
});
export const observe = (at: number, entry: number, occasion: string, seconds = 1): readonly Line[] =>
  whole(at, entry, occasion, { kind: "observe", occasion }, { outcome: null }, seconds);

export const ended = (at: number, stillClosed: readonly object[] = []): Line =>
  line(at, "session_ended", null, { report: { maintained: ["a"], notMaintained: [], stillClosed } });

/** One host, one instance that leaves it, one action: every part of it can be replaced. */
export const parts = {
  created: [created()],
  see: [] as readonly Line[],
  prepare: [enter(60, "PREPARE_MAINTENANCE", "MAINTENANCE")],
  draining: [marked(60, "a", "draining")],
  close: close(61, 2, "a"),
  ask: [asked(63)],
  reply: [replied(65)],
  move: move(66, 2),
  start: [enter(80, "START_MAINTENANCE", "PREPARE_MAINTENANCE")],
  look: look(81, 3, "a"),
  visit: [marked(83, "a", "in_maintenance")],
  act: act(84, 3),
  open: open(120, 3, "a"),
  maintained: [marked(122, "a", "maintained")],
  done: [enter(123, "MAINTENANCE_DONE", "START_MAINTENANCE")],
  ended: [ended(124)],
} satisfies Record<string, readonly Line[]>;

export const aJournal = (changes: Partial<Record<keyof typeof parts, readonly Line[]>> = {}): readonly Entry[] =>
  journal(Object.values({ ...parts, ...changes }).flat());
