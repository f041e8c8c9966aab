/** `GET /v1/maintenance/{session_id}/timeline`: what happened to a session, for programs and for people. */
import { z } from "zod";
import type { NumberedEntry } from "../ports/reports.ts";
import { formatTime, IsoTime } from "./times.ts";

export const TimelineQuery = z.object({
  after: z.coerce
    .number()
    .int()
    .min(0)
    .max(Number.MAX_SAFE_INTEGER)
    .default(0)
    .describe("only entries with a higher number"),
  limit: z.coerce.number().int().min(1).max(1_000).default(200),
});

const TimelineEntry = z
  .object({
    number: z.int(),
    at: IsoTime,
    kind: z.string().meta({ example: "host_marked" }),
    subject: z.string().nullable().describe("a host, an instance or a project; null: the session itself"),
    text: z.string(),
    data: z.record(z.string(), z.unknown()).optional(),
  })
  .meta({ id: "TimelineEntry" });

export const Timeline = z
  .object({
    entries: z.array(TimelineEntry).describe("oldest first"),
    next: z.int().describe("ask `after` this number for what comes next"),
  })
  .meta({ id: "Timeline" });

export const toTimeline = (entries: readonly NumberedEntry[], after: number): z.infer<typeof Timeline> => ({
  entries: entries.map(({ number, at, kind, subject, text, data }) => ({
    number,
    at: at.toISOString(),
    kind,
    subject,
    text,
    ...(data && { data }),
  })),
  next: entries.at(-1)?.number ?? after,
});

/** One line for each entry. */
export const timelineText = (entries: readonly NumberedEntry[]): string =>
  entries
    .map(({ at, subject, text }) => `${formatTime(at)}  ${subject === null ? "" : `${subject}: `}${text}\n`)
    .join("");
