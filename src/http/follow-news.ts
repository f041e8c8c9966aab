/** The stream of one client: first what it missed, then what comes, and a sign of life where nothing comes. */
import type { ProjectId } from "../domain/ids.ts";
import type { News } from "../ports/news.ts";
import { HEARTBEAT, OPENING, toStreamEvent } from "../wire/event-stream.ts";
import type { Links } from "../wire/links.ts";

export interface Following {
  readonly news: News;
  readonly links: Links;
  /** Null: everything. */
  readonly project: ProjectId | null;
  /** Null: only what comes from now on. */
  readonly after: number | null;
  readonly signal: AbortSignal;
}

/** Proxies give up on a connection after a minute of silence, some after half of it. */
const HEARTBEAT_MS = 15_000;

/** Read at a time; a client that is slow is given the next ones when it has taken these. */
const PAGE = 200;

export async function* followNews({ news, links, project, after, signal }: Following): AsyncGenerator<string> {
  const ear = news.listen(); // Before the first look, so that nothing falls between.
  const stop = () => ear.close();
  signal.addEventListener("abort", stop, { once: true });
  try {
    let last = after ?? (await news.newest()); // Whoever has seen the stream open hears all that follows.
    yield OPENING;
    while (!signal.aborted) {
      const told = await news.after(last, { project, limit: PAGE });
      for (const one of told) yield toStreamEvent(one, links);
      last = told.at(-1)?.number ?? last;
      if (told.length === PAGE) continue;
      const heard = await ear.heard(HEARTBEAT_MS);
      if (heard === "closed") return;
      if (heard === "silence") yield HEARTBEAT;
    }
  } finally {
    signal.removeEventListener("abort", stop);
    stop();
  }
}
