/** A3, `GET /v1/maintenance/{session_id}`: clients poll `state`; the rest is for people (reference §2.3). */
import { z } from "zod";
import type { SessionSummary } from "../ports/reports.ts";
import { formatTime, Time } from "./times.ts";

export const Waiting = z
  .object({ for: z.string(), until: Time })
  .meta({ id: "Waiting", description: "what the session waits for, and when it stops waiting" });

export const Failure = z
  .object({ reason: z.string(), advice: z.string() })
  .meta({ id: "Failure", description: "why the session failed, and what to do about it" });

export const SessionAnswer = z
  .object({
    session_id: z.uuid(),
    state: z.string().meta({ example: "PLANNED_MAINTENANCE" }),
    percent_done: z.int().describe("hosts maintained, in percent"),
    waiting: Waiting.nullable(),
    failure: Failure.nullable(),
  })
  .meta({ id: "Session" });

export const toSessionAnswer = (summary: SessionSummary): z.infer<typeof SessionAnswer> => ({
  session_id: summary.id,
  state: summary.state,
  percent_done: summary.percentDone,
  waiting: toWaiting(summary),
  failure: summary.failure,
});

export const toWaiting = ({ waiting }: SessionSummary): z.infer<typeof Waiting> | null =>
  waiting && { for: waiting.for, until: formatTime(waiting.until) };
