/** The append-only list of what happened to a session; read by people as its timeline. */

export const journalKinds = [
  "session_created",
  "session_continued",
  "session_deleted",
  "session_ended",
  "state_entered",
  "session_failed",
  "waiting",
  "project_asked",
  "project_told",
  "own_action_done",
  "reply_recorded",
  "reply_ignored",
  "host_marked",
  "hosts_found",
  "cloud_seen",
  "effect_recorded",
  "effect_started",
  "effect_postponed",
  "effect_done",
  "effect_failed",
  "effect_unknown",
  "effects_cancelled",
] as const;
export type JournalKind = (typeof journalKinds)[number];

/** One thing that happened. Entries of a session are numbered in commit order by the store (invariant I13). */
export interface JournalEntry {
  readonly at: Date;
  readonly kind: JournalKind;
  /** What it happened to: a host, an instance, a project; null for the session itself. */
  readonly subject: string | null;
  /** One readable sentence. */
  readonly text: string;
  /** The same for programs. */
  readonly data?: Readonly<Record<string, unknown>>;
}
