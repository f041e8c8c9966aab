/** The ids in the paths of requests. One that cannot exist is answered like one that does not: 404. */
import { z } from "zod";
import { GroupId, InstanceId, ProjectId, SessionId } from "../domain/ids.ts";

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

/** What can stand in a path without being taken for something else. */
const PATH_WORD = /^[^\p{C}\p{Z}/]+$/u;

export const SessionPath = z.object({
  session_id: SessionId.meta({ description: "the session, as POST /v1/maintenance answered it" }),
});

export const ProjectPath = SessionPath.extend({
  project_id: ProjectId.regex(PATH_WORD)
    .refine((word) => !reservedWords.has(word))
    .meta({ description: "the project, as Keystone knows it" }),
});

export const ReplyTokenQuery = z.object({
  token: z.string().optional().describe("a reply token, in place of X-Auth-Token, as `reply_url` has it"),
});

export const WebhookPath = z.object({ webhook_id: z.uuid().transform((id) => id.toLowerCase()) });

export const InstancePath = z.object({
  instance_id: InstanceId.regex(PATH_WORD).meta({ description: "the instance, as Nova knows it" }),
});

export const InstanceReplyPath = ProjectPath.extend(InstancePath.shape);

export const GroupPath = z.object({
  group_id: GroupId.regex(PATH_WORD).meta({ description: "the server group's id where Nova has one, else any UUID" }),
});
