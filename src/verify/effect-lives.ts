/** What became of each effect: recorded, started (perhaps often), given back, ended. */
import {
  type Amounts,
  dataOf,
  EffectEnded,
  EffectPostponed,
  EffectRecorded,
  EffectStarted,
  type Entry,
  type Moment,
} from "./entries.ts";

export interface EffectLife {
  readonly kind: string;
  readonly subject: string;
  /** Which stay in a state recorded it, counted from 1. */
  readonly entry: number;
  readonly effect: Readonly<Record<string, unknown>>;
  /** Of a move, where the journal tells. */
  readonly demand: Amounts | null;
  readonly recorded: Moment;
  readonly starts: readonly (Moment & { readonly attempt: number; readonly interrupted: boolean })[];
  readonly postponed: readonly Moment[];
  /** More than one is a violation. */
  readonly ends: readonly EffectEnd[];
}

export interface EffectEnd extends Moment {
  readonly how: "done" | "failed" | "unknown";
  readonly attempt: number;
  readonly outcome: unknown;
  readonly rerun: string | null;
  /** Whether this try began the host action; null where the journal does not tell. */
  readonly ran: boolean | null;
}

export interface EffectLives {
  readonly all: readonly EffectLife[];
  /** Recorded again under the same key. */
  readonly doubled: readonly Entry[];
  /** Starts and ends of effects that nobody recorded. */
  readonly orphans: readonly Entry[];
}

type Growing = {
  -readonly [K in keyof EffectLife]: EffectLife[K] extends readonly (infer Item)[] ? Item[] : EffectLife[K];
};

export function effectLives(entries: readonly Entry[]): EffectLives {
  const all: Growing[] = [];
  const doubled: Entry[] = [];
  const orphans: Entry[] = [];
  const byKey = new Map<string, Growing>();
  const newest = new Map<string, Growing>();
  const keyOf = (stay: number, kind: string, subject: string) => `${stay}\n${kind}\n${subject}`;
  let stay = 0;
  for (const entry of entries) {
    if (isStay(entry)) stay += 1;
    const subject = entry.subject ?? "";
    const moment = { number: entry.number, at: Date.parse(entry.at) };
    const recorded = entry.kind === "effect_recorded" ? dataOf(entry, EffectRecorded) : null;
    if (recorded) {
      const { effect, demand = null } = recorded;
      const key = keyOf(stay, effect.kind, subject);
      if (byKey.has(key)) doubled.push(entry);
      const life = {
        kind: effect.kind,
        subject,
        entry: stay,
        effect,
        demand,
        recorded: moment,
        starts: [],
        postponed: [],
        ends: [],
      };
      all.push(life);
      byKey.set(key, life);
      newest.set(`${effect.kind}\n${subject}`, life);
      continue;
    }
    const progress = progressOf(entry);
    if (!progress) continue;
    const { kind, stay: own } = progress;
    // A journal from before entries told their stay: the newest effect of that kind and subject is meant.
    const life = own === undefined ? newest.get(`${kind}\n${subject}`) : byKey.get(keyOf(own, kind, subject));
    if (!life) orphans.push(entry);
    else progress.addTo(life);
  }
  return { all, doubled, orphans };
}

const isStay = ({ kind }: Entry): boolean =>
  kind === "session_created" || kind === "session_continued" || kind === "state_entered";

interface Progress {
  readonly kind: string;
  readonly stay: number | undefined;
  readonly addTo: (life: Growing) => void;
}

function progressOf(entry: Entry): Progress | null {
  const moment = { number: entry.number, at: Date.parse(entry.at) };
  switch (entry.kind) {
    case "effect_started": {
      const data = dataOf(entry, EffectStarted);
      if (!data) return null;
      const { kind, attempt, interrupted } = data;
      return { kind, stay: data.entry, addTo: ({ starts }) => starts.push({ ...moment, attempt, interrupted }) };
    }
    case "effect_postponed": {
      const data = dataOf(entry, EffectPostponed);
      return data && { kind: data.kind, stay: data.entry, addTo: ({ postponed }) => postponed.push(moment) };
    }
    case "effect_done":
    case "effect_failed":
    case "effect_unknown": {
      const data = dataOf(entry, EffectEnded);
      if (!data) return null;
      const { kind, attempt, outcome, rerun = null, ran = null } = data;
      const how = entry.kind.slice("effect_".length) as EffectEnd["how"];
      const end = { ...moment, how, attempt, outcome, rerun, ran };
      return { kind, stay: data.entry, addTo: ({ ends }) => ends.push(end) };
    }
    default:
      return null;
  }
}

/** The stretch of the journal in which an effect was at work: from its first start to its end, or to now. */
export const stretchOf = ({ starts, ends }: EffectLife): Stretch | null =>
  starts[0] ? { from: starts[0].number, to: ends[0]?.number ?? Infinity } : null;

/** Numbers of journal entries, both included. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

export const overlap = (a: Stretch, b: Stretch): boolean => a.from <= b.to && b.from <= a.to;
