/** The journal of a session folded into lives: of its effects, its hosts, its states, and its questions. */
import {
  Asked,
  Continued,
  Created,
  dataOf,
  Ended,
  type Entry,
  Found,
  Marked,
  type Moment,
  Replied,
  StateEntered,
} from "./entries.ts";
import { type EffectLives, effectLives } from "./effect-lives.ts";
import type { z } from "zod";

export interface History {
  readonly entries: readonly Entry[];
  readonly created: Created | null;
  /** Hosts as they were found when they came into the session. */
  readonly found: ReadonlyMap<string, { readonly compute: boolean; readonly closed: boolean }>;
  readonly states: readonly StateStay[];
  readonly effects: EffectLives;
  readonly questions: readonly QuestionLife[];
  /** Replies without any question before them. */
  readonly strayReplies: readonly ReplyFact[];
  readonly marks: readonly { readonly host: string; readonly status: string; readonly moment: Moment }[];
  readonly failures: readonly Moment[];
  readonly continuations: readonly Moment[];
  readonly ends: readonly { readonly moment: Moment; readonly report: Report | null }[];
}

export type Report = z.infer<typeof Ended>["report"];

/** One stay in a state. `from` is what its entry says was left; null for the first one and for a continuation. */
export interface StateStay {
  readonly state: string;
  readonly from: string | null;
  readonly moment: Moment;
}

export interface QuestionLife {
  readonly project: string;
  readonly state: string;
  readonly instances: ReadonlySet<string>;
  /** The one instance it is about, where it is answered by itself; null: it is the project's as a whole. */
  readonly instance: string | null;
  readonly replyBy: number;
  /** Null where the journal does not tell. */
  readonly actionsAt: number | null;
  readonly moment: Moment;
  /** Every reply while this was the newest question of its project, or about its instance, in order. */
  readonly replies: readonly ReplyFact[];
}

export interface ReplyFact {
  readonly project: string;
  readonly state: string;
  readonly answer: "ACK" | "NACK";
  readonly actions: Readonly<Record<string, string>>;
  readonly counted: boolean;
  readonly moment: Moment;
}

export const momentOf = ({ number, at }: Entry): Moment => ({ number, at: Date.parse(at) });

export function historyOf(entries: readonly Entry[]): History {
  const [first] = entries;
  const created = first?.kind === "session_created" ? dataOf(first, Created) : null;
  return {
    entries,
    created,
    found: foundHosts(entries, created),
    states: statesOf(entries, created),
    effects: effectLives(entries),
    ...conversation(entries),
    marks: entries.flatMap((entry) => {
      const data = entry.kind === "host_marked" ? dataOf(entry, Marked) : null;
      return data && entry.subject !== null
        ? [{ host: entry.subject, status: data.status.kind, moment: momentOf(entry) }]
        : [];
    }),
    failures: momentsOf(entries, "session_failed"),
    continuations: momentsOf(entries, "session_continued"),
    ends: entries
      .filter(({ kind }) => kind === "session_ended")
      .map((entry) => ({ moment: momentOf(entry), report: dataOf(entry, Ended)?.report ?? null })),
  };
}

const momentsOf = (entries: readonly Entry[], kind: string): readonly Moment[] =>
  entries.filter((entry) => entry.kind === kind).map(momentOf);

function foundHosts(entries: readonly Entry[], created: Created | null): History["found"] {
  const later = entries.flatMap((entry) => (entry.kind === "hosts_found" ? (dataOf(entry, Found)?.found ?? []) : []));
  return new Map(
    [...(created?.found ?? []), ...later].map(({ host, roles, closed }) => [
      host,
      { compute: roles.includes("compute"), closed },
    ]),
  );
}

function statesOf(entries: readonly Entry[], created: Created | null): readonly StateStay[] {
  return entries.flatMap((entry): StateStay[] => {
    const moment = momentOf(entry);
    switch (entry.kind) {
      case "session_created":
        return [{ state: created?.state ?? "", from: null, moment }];
      case "session_continued":
        return [{ state: dataOf(entry, Continued)?.state ?? "", from: null, moment }];
      case "state_entered": {
        const data = dataOf(entry, StateEntered);
        // A journal from before the data named the state: its text begins with it.
        return [{ state: data?.state ?? entry.text.split(":")[0] ?? "", from: data?.from ?? null, moment }];
      }
      default:
        return [];
    }
  });
}

function conversation(entries: readonly Entry[]): Pick<History, "questions" | "strayReplies"> {
  type Growing = QuestionLife & { readonly replies: ReplyFact[] };
  const questions: Growing[] = [];
  const strayReplies: ReplyFact[] = [];
  const newest = new Map<string, Growing>();
  for (const entry of entries) {
    const project = entry.subject ?? "";
    const asked = entry.kind === "project_asked" ? dataOf(entry, Asked) : null;
    if (asked) {
      const { state, instance = null, replyBy, actionsAt = null } = asked;
      const about = { instances: new Set(asked.instances), instance };
      const question = { project, state, ...about, replyBy, actionsAt, moment: momentOf(entry), replies: [] };
      questions.push(question);
      newest.set(placeOf(project, instance), question);
    }
    if (entry.kind !== "reply_recorded" && entry.kind !== "reply_ignored") continue;
    const replied = dataOf(entry, Replied);
    if (!replied) continue;
    const { state, answer, actions, instance = null } = replied;
    const counted = entry.kind === "reply_recorded";
    const reply = { project, state, answer, actions, counted, moment: momentOf(entry) };
    (newest.get(placeOf(project, instance))?.replies ?? strayReplies).push(reply);
  }
  return { questions, strayReplies };
}

const placeOf = (project: string, instance: string | null): string => `${project} ${instance ?? ""}`;

/** The reply that counted at this moment, the newest where a project has changed its mind; undefined: none did. */
export const answerTo = ({ replies }: QuestionLife, { number }: Moment): ReplyFact | undefined =>
  replies.findLast(({ counted, moment }) => counted && moment.number < number);
