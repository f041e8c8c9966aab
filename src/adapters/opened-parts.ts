/** What a process has opened, to be closed again in a bounded time: the last first, since it stands on those before. */
import type { Logger } from "pino";
import { endsWithin } from "./ends-within.ts";

export interface OpenedParts {
  /** Answers the part itself. */
  opened<Part>(name: string, part: Part, close: (part: Part) => Promise<unknown>): Part;
  /** Closes every part. What fails, or hangs on a server that went away, is said and left behind. */
  close(): Promise<void>;
}

/** For all parts together. The slowest in order is a worker, which gives its effects 5 s; main.ts waits for 20 s. */
const CLOSE_WITHIN_MS = 12_000;

/** For each, however late it is by then: none is left behind unasked. */
const CLOSE_EACH_MS = 500;

export function openedParts(
  log: Pick<Logger, "warn">,
  { withinMs = CLOSE_WITHIN_MS }: { readonly withinMs?: number } = {},
): OpenedParts {
  const parts: { readonly name: string; readonly close: () => Promise<unknown> }[] = [];
  return {
    opened(name, part, close) {
      parts.push({ name, close: () => close(part) });
      return part;
    },
    async close() {
      const lateAt = performance.now() + withinMs;
      for (const { name, close } of parts.splice(0).toReversed())
        await closeOne(name, close, Math.max(lateAt - performance.now(), CLOSE_EACH_MS), log);
    },
  };
}

async function closeOne(name: string, close: () => Promise<unknown>, ms: number, log: Pick<Logger, "warn">) {
  try {
    const closing = close();
    if (await endsWithin(ms, closing)) return;
    closing.catch(() => undefined); // Told already: it took too long.
    log.warn({ part: name, ms: Math.round(ms) }, "a part did not close in time, and is left behind");
  } catch (error) {
    log.warn({ part: name, error }, "a part could not be closed, and is left behind");
  }
}
