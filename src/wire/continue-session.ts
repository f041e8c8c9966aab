/** A4, `PUT /v1/maintenance/{session_id}`: a failed session goes on (reference §2.3). The body may be left out. */
import { z } from "zod";
import type { SessionId } from "../domain/ids.ts";
import type { Links } from "./links.ts";

export const ContinueSession = z
  .object({
    state: z
      .string()
      .min(1)
      .max(64)
      .optional()
      .meta({ description: "where to go on; left out: where it failed", example: "PLANNED_MAINTENANCE" }),
  })
  .meta({ id: "ContinueSession" });

export const SessionContinued = z
  .object({
    maintenance: z.url().describe("all sessions"),
    session_id: z.uuid(),
    state: z.string().describe("where the session goes on"),
  })
  .meta({ id: "SessionContinued" });

export const toSessionContinued = (id: SessionId, state: string, links: Links): z.infer<typeof SessionContinued> => ({
  maintenance: links.maintenance,
  session_id: id,
  state,
});
