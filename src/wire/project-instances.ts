/** P1, `GET /v1/maintenance/{session_id}/{project_id}`: what the session means for one project (reference §2.4). */
import { z } from "zod";
import type { ProjectId, SessionId } from "../domain/ids.ts";
import type { AskedQuestion } from "../domain/question.ts";
import { InstanceAction } from "../domain/session.ts";
import type { ProjectReport } from "../ports/reports.ts";
import type { Links } from "./links.ts";
import { formatTime, Time } from "./times.ts";

const QuestionAnswer = z
  .object({
    state: z.string(),
    open: z.boolean().describe("a reply has an effect now"),
    answer: z.enum(["ACK", "NACK"]).nullable().describe("the reply that counted"),
    allowed_actions: z.array(InstanceAction),
    missing: z
      .record(z.string(), z.number())
      .nullable()
      .meta({ description: "only with SCALE_IN: what must become free", example: { VCPU: 4, MEMORY_MB: 8192 } }),
    reply_at: Time.meta({ description: "the last moment for a reply" }),
    actions_at: Time.meta({ description: "when the announced thing begins" }),
  })
  .meta({ id: "Question" });

export const ProjectInstances = z
  .object({
    instance_ids: z.array(z.string()).describe("those of the newest question; before the first one, all"),
    session_id: z.uuid(),
    project_id: z.string(),
    state: z.string().describe("the session's"),
    reply_url: z.url(),
    question: QuestionAnswer.nullable().describe("the newest question to the project"),
  })
  .meta({ id: "ProjectInstances" });

export function toProjectInstances(
  { session, project, report, now }: { session: SessionId; project: ProjectId; report: ProjectReport; now: Date },
  links: Links,
): z.infer<typeof ProjectInstances> {
  const { question, instances, state } = report;
  return {
    instance_ids: [...(question?.instances ?? instances)],
    session_id: session,
    project_id: project,
    state,
    reply_url: links.project(session, project),
    question: question && toQuestion(question, now),
  };
}

const toQuestion = (question: AskedQuestion, now: Date): z.infer<typeof QuestionAnswer> => ({
  state: question.state,
  open: question.reply === null && now <= question.replyBy,
  answer: question.reply?.answer ?? null,
  allowed_actions: [...question.allowedActions],
  missing: question.missing,
  reply_at: formatTime(question.replyBy),
  actions_at: formatTime(question.actionsAt),
});
