/** I5 and I6: every reply in time to the question it answers counts once; no other reply has an effect. */
import type { History, QuestionLife, ReplyFact } from "../history.ts";
import { type Finding, violationsOf } from "../verdict.ts";

export function judgeConversation({ questions, strayReplies }: History): Finding {
  const { violations, add } = violationsOf("I6");
  for (const { counted, project, state, moment } of strayReplies)
    if (counted) add(moment, project, `${state} was taken for an answer, though nothing had been asked`);
  for (const question of questions) {
    let answered = false;
    for (const reply of question.replies) {
      const because = whyNot(question, reply, answered);
      const { moment, project, state, counted } = reply;
      if (counted && because !== null) add(moment, project, `${state} was taken for an answer, though ${because}`);
      if (!counted && because === null)
        violations.push({
          invariant: "I5",
          entry: moment.number,
          subject: project,
          text: `${state} was ignored, though it answered ${question.state} in time`,
        });
      answered ||= counted;
    }
  }
  const replies = questions.flatMap((question) => question.replies).length + strayReplies.length;
  return {
    invariant: "I5, I6",
    text: `${questions.length} questions and ${replies} replies: each reply counted if and only if it answered in time`,
    violations,
    gap: null,
  };
}

/** Why a reply does not answer the question; null when it does. */
function whyNot({ state, replyBy }: QuestionLife, reply: ReplyFact, answered: boolean): string | null {
  if (reply.state !== `${reply.answer}_${state}`) return `the project was asked ${state}`;
  if (answered) return "the project had answered before";
  if (reply.moment.at > replyBy) return `it was due by ${new Date(replyBy).toISOString()}`;
  return null;
}
