/** Values on their way into and out of jsonb. */
import type { Notification } from "../../domain/notification.ts";
import type { Effect } from "../../domain/effect.ts";
import type { Question } from "../../domain/question.ts";
import type { HostStatus } from "../../domain/session.ts";

/** JSON allows these two escapes, PostgreSQL cannot store them: a zero character, and half of a surrogate pair. */
const UNSTORABLE = /(?<!\\)((?:\\\\)*)\\u(?:0000|d[89a-f][0-9a-f]{2})/gi;

/** What a project, an admin or a host action wrote may hold anything; what cannot be stored becomes the sign for it (�). */
export const toJson = (value: unknown): string => JSON.stringify(value).replace(UNSTORABLE, "$1\\ufffd");

export const toText = (text: string): string => text.replaceAll("\0", "\u{fffd}");

/** What this program stored was parsed before, and is read back without doubt: ids, words, whole documents. */
export const trusted = <T>(stored: unknown): T => stored as T;

// JSON has no dates. Each type that holds some says below where they are.

/** What became of a `Date` after a way through JSON. */
type Stored<T> = T extends Date ? string : T extends object ? { readonly [K in keyof T]: Stored<T[K]> } : T;

export function readHostStatus(json: unknown): HostStatus {
  const status = trusted<Stored<HostStatus>>(json);
  switch (status.kind) {
    case "draining":
    case "in_maintenance":
      return { ...status, since: new Date(status.since) };
    case "maintained":
      return { ...status, at: new Date(status.at) };
    case "waiting":
    case "skipped":
    case "failed":
      return status;
  }
}

export function readEffect(json: unknown): Effect {
  const effect = trusted<Effect>(json);
  switch (effect.kind) {
    case "ask": {
      const { replyBy, actionsAt } = effect.question;
      return {
        ...effect,
        question: {
          ...effect.question,
          instance: instanceOf(effect.question),
          replyBy: new Date(replyBy),
          actionsAt: new Date(actionsAt),
        },
      };
    }
    case "mark_host":
      return { ...effect, status: readHostStatus(effect.status) };
    case "observe":
    case "close_host":
    case "open_host":
    case "remove_host":
    case "check_empty":
    case "move_instance":
    case "run_action":
    case "tell_moved":
    case "note_own_action":
      return effect;
  }
}

export function readNotification(json: unknown): Notification {
  const notification = trusted<Notification>(json);
  if (notification.type === "maintenance.host") return notification;
  if (notification.type === "maintenance.session") {
    const { eta, ...news } = notification;
    return eta ? { ...news, eta: { p50: new Date(eta.p50), p95: new Date(eta.p95) } } : news;
  }
  const { replyBy, actionsAt } = notification;
  return {
    ...notification,
    instance: instanceOf(notification),
    replyBy: replyBy && new Date(replyBy),
    actionsAt: actionsAt && new Date(actionsAt),
  };
}

/** What was stored by a release that did not ask about single instances has none. */
const instanceOf = ({ instance }: Partial<Pick<Question, "instance">>): Question["instance"] => instance ?? null;
