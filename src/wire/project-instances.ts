/** P1, `GET /v1/maintenance/{session_id}/{project_id}`: what the session means for one project (reference §2.4). */
import { z } from "zod";
import type { ProjectId, SessionId } from "../domain/ids.ts";
import type { AskedQuestion } from "../domain/question.ts";
import { InstanceAction } from "../domain/session.ts";
import type { ProjectReport } from "../ports/reports.ts";
import type { Links } from "./links.ts";
import { Members, toMembers } from "./members.ts";
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
    members: Members.optional(),
    reply_at: Time.meta({ description: "the last moment for a reply" }),
    actions_at: Time.meta({ description: "when the announced thing begins" }),
  })
  .meta({ id: "Question" });

export const OpenQuestion = z
  .object({
    state: z.string(),
    instance_ids: z.array(z.string()),
    allowed_actions: z.array(InstanceAction),
    missing: z.record(z.string(), z.number()).nullable(),
    members: Members.optional(),
    reply_at: Time,
    actions_at: Time,
    reply_url: z.url().describe("of this question: one about a single instance has its own"),
  })
  .meta({ id: "OpenQuestion" });

export const ProjectInstances = z
  .object({
    instance_ids: z.array(z.string()).describe("those of the newest question; before the first one, all"),
    session_id: z.uuid(),
    project_id: z.string(),
    state: z.string().describe("the session's"),
    reply_url: z.url(),
    question: QuestionAnswer.nullable().describe("the newest question to the project"),
    open_questions: z
      .array(OpenQuestion)
      .describe("all that can be answered now: a manager that cannot be called reads here what it is asked"),
  })
  .meta({ id: "ProjectInstances" });

export function toProjectInstances(
  { session, project, report, now }: Asking & { readonly report: ProjectReport },
  links: Links,
): z.infer<typeof ProjectInstances> {
  const { question, instances, state, unanswered } = report;
  return {
    instance_ids: [...(question?.instances ?? instances)],
    session_id: session,
    project_id: project,
    state,
    reply_url: links.project(session, project),
    question: question && toQuestion(question, now),
    open_questions: toOpenQuestions({ session, project, unanswered, now }, links),
  };
}

/** Those that can be answered at `now`. */
export const toOpenQuestions = (
  { session, project, unanswered, now }: Asking & { readonly unanswered: readonly AskedQuestion[] },
  links: Links,
): z.infer<typeof OpenQuestion>[] =>
  unanswered
    .filter(({ replyBy }) => now <= replyBy)
    .map((open) => ({
      state: open.state,
      instance_ids: [...open.instances],
      allowed_actions: [...open.allowedActions],
      missing: open.missing,
      ...toMembers(open.members),
      reply_at: formatTime(open.replyBy),
      actions_at: formatTime(open.actionsAt),
      // Without a token: who may read here may not reply for that alone.
      reply_url: links.project(session, project, open.instance ?? undefined),
    }));

interface Asking {
  readonly session: SessionId;
  readonly project: ProjectId;
  readonly now: Date;
}

const toQuestion = (question: AskedQuestion, now: Date): z.infer<typeof QuestionAnswer> => ({
  state: question.state,
  open: question.reply === null && now <= question.replyBy,
  answer: question.reply?.answer ?? null,
  allowed_actions: [...question.allowedActions],
  missing: question.missing,
  ...toMembers(question.members),
  reply_at: formatTime(question.replyBy),
  actions_at: formatTime(question.actionsAt),
});
