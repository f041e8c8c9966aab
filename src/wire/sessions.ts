/**
 * A2, `GET /v1/maintenance`. The original's code answers `sessions` and its documentation `session_id`; both are here,
 * so that readers of either are content (reference §2.3). `summaries` spares a request for each session.
 */
import { z } from "zod";
import type { SessionSummary } from "../ports/reports.ts";
import { SessionAnswer, toSessionAnswer } from "./session.ts";
import { formatTime, formatTimeOrNull, Time } from "./times.ts";

const Summary = SessionAnswer.extend({
  workflow: z.string(),
  maintenance_at: Time,
  created_at: Time,
  updated_at: Time,
  ended_at: Time.nullable(),
}).meta({ id: "SessionSummary" });

export const SessionsAnswer = z
  .object({
    sessions: z.array(z.uuid()),
    session_id: z.array(z.uuid()).describe("the same as `sessions`"),
    summaries: z.array(Summary),
  })
  .meta({ id: "Sessions" });

export function toSessionsAnswer(summaries: readonly SessionSummary[]): z.infer<typeof SessionsAnswer> {
  const ids = summaries.map(({ id }) => id);
  return { sessions: ids, session_id: ids, summaries: summaries.map(toSummary) };
}

const toSummary = (summary: SessionSummary): z.infer<typeof Summary> => ({
  ...toSessionAnswer(summary),
  workflow: summary.workflow,
  maintenance_at: formatTime(summary.maintenanceAt),
  created_at: formatTime(summary.createdAt),
  updated_at: formatTime(summary.updatedAt),
  ended_at: formatTimeOrNull(summary.endedAt),
});
