/** Follows a session to its end: a picture that redraws itself where a person looks on, line by line otherwise. */
import type { Detail, TimelineEntry } from "./answers.ts";
import { Refused, Unreachable } from "./endings.ts";
import { type FenixApi, wholeTimeline } from "./fenix-api.ts";
import { progressLines } from "./progress.ts";
import { endInWords } from "./session-words.ts";
import type { Terminal } from "./terminal.ts";
import { isWorthFollowing, type Names, timelineLine, withNames } from "./timeline-words.ts";

export interface Watching {
  readonly api: FenixApi;
  readonly terminal: Terminal;
  /** Prints every entry of the timeline as one line of JSON. */
  readonly json: boolean;
  /** What projects are called, by id. */
  readonly projects?: Names;
}

/** As often as a person wants to see a change, and seldom enough that a hundred onlookers are no burden. */
const EVERY_MS = 1_000;
/** An API that is restarted, or moved, is back within this time. */
const PATIENCE_MS = 300_000;

/** Resolves when the session is done; throws `Refused` with reason and advice when it failed. */
export async function watch(id: string, { api, terminal, json, projects = new Map() }: Watching): Promise<void> {
  const show = json ? jsonLines(terminal) : terminal.size() === null ? plainLines(terminal) : drawing(terminal);
  const timeline: TimelineEntry[] = [];
  let detail = await api.session(id);
  for (let lastNews = terminal.now(), trouble: string | null = null; ; await terminal.sleep(EVERY_MS)) {
    try {
      detail = await api.session(id);
      // Read after the session: at its end nothing is left to come, so no entry is missed.
      timeline.push(...(await wholeTimeline(api, id, timeline.at(-1)?.number ?? 0)));
      [lastNews, trouble] = [terminal.now(), null];
    } catch (error) {
      if (!(error instanceof Unreachable) || terminal.now().getTime() - lastNews.getTime() > PATIENCE_MS) throw error;
      trouble = error.message;
    }
    show({ detail, timeline, trouble, named: withNames(detail, projects) });
    if (detail.session.ended_at !== null && trouble === null) break;
  }
  if (detail.failure !== null)
    throw new Refused(`the session failed: ${detail.failure.reason}\nWhat to do: ${detail.failure.advice}`);
  if (!json) terminal.write(endInWords(detail).join(""));
}

interface Seen {
  readonly detail: Detail;
  readonly timeline: readonly TimelineEntry[];
  readonly trouble: string | null;
  readonly named: (text: string) => string;
}
type Show = (seen: Seen) => void;

/** Goes back to the first line of the last picture and draws over it. */
function drawing(terminal: Terminal): Show {
  let drawn = 0;
  return (seen) => {
    const lines = progressLines({ ...seen, now: terminal.now() }, terminal.size() ?? { columns: 80, rows: 24 });
    const back = drawn === 0 ? "" : `\u001B[${drawn}A\r`;
    // Each line is cleared behind its text, and everything below: clearing first would flicker.
    terminal.write(`${back}${lines.map((line) => `${line}\u001B[K\n`).join("")}\u001B[J`);
    drawn = lines.length;
  };
}

function plainLines(terminal: Terminal): Show {
  let told = 0;
  let troubled = false;
  return ({ timeline, trouble, named }) => {
    const news = timeline.slice(told).filter(isWorthFollowing);
    for (const entry of news.filter(isStillTrue)) terminal.write(`${timelineLine(entry, named)}\n`);
    told = timeline.length;
    if (trouble !== null && !troubled) terminal.complain(`fenix: ${trouble}; still trying`);
    troubled = trouble !== null;
  };
}

/** What was waited for before the latest event has come. */
const isStillTrue = ({ kind }: TimelineEntry, place: number, news: readonly TimelineEntry[]): boolean =>
  kind !== "waiting" || place === news.length - 1;

function jsonLines(terminal: Terminal): Show {
  let told = 0;
  return ({ timeline }) => {
    for (const entry of timeline.slice(told)) terminal.write(`${JSON.stringify(entry)}\n`);
    told = timeline.length;
  };
}
