/** The ids in the paths of requests. One that cannot exist is answered like one that does not: 404. */
import { z } from "zod";
import { ProjectId, SessionId } from "../domain/ids.ts";

/** Words after a session's id that are ours, now or later, and therefore no project's id (reference §2.2). */
export const reservedWords: ReadonlySet<string> = new Set([
  "detail",
  "timeline",
  "events",
  "notifications",
  "plan",
  "report",
  "continue",
  "pause",
  "resume",
  "skip",
  "abort",
]);

export const SessionPath = z.object({
  session_id: SessionId.meta({ description: "the session, as POST /v1/maintenance answered it" }),
});

export const ProjectPath = SessionPath.extend({
  project_id: ProjectId.regex(/^[^\p{C}\p{Z}/]+$/u)
    .refine((word) => !reservedWords.has(word))
    .meta({ description: "the project, as Keystone knows it" }),
});

export const ReplyTokenQuery = z.object({
  token: z.string().optional().describe("a reply token, in place of X-Auth-Token, as `reply_url` has it"),
});

export const WebhookPath = z.object({ webhook_id: z.uuid().transform((id) => id.toLowerCase()) });
