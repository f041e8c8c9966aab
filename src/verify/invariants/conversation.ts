/**
 * I5 and I6: every reply in time to the question it answers counts once; no other reply has an effect. About an instance
 * that is asked about by itself, a project may say something else in time, as long as no move of it has been decided.
 */
import type { History, QuestionLife, ReplyFact } from "../history.ts";
import { movesOf } from "../lives.ts";
import { type Finding, violationsOf } from "../verdict.ts";

export function judgeConversation(history: History): Finding {
  const { questions, strayReplies } = history;
  const decided = decisionsByInstance(history);
  const { violations, add } = violationsOf("I6");
  for (const { counted, project, state, moment } of strayReplies)
    if (counted) add(moment, project, `${state} was taken for an answer, though nothing had been asked`);
  for (const question of questions) {
    const begun = beginOf(question, decided);
    let before: ReplyFact | null = null;
    for (const reply of question.replies) {
      const because = whyNot(question, reply, before, begun);
      const { moment, project, state, counted } = reply;
      if (counted && because !== null) add(moment, project, `${state} was taken for an answer, though ${because}`);
      if (!counted && because === null)
        violations.push({
          invariant: "I5",
          entry: moment.number,
          subject: project,
          text: `${state} was ignored, though it answered ${question.state} in time`,
        });
      if (counted) before = reply;
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
function whyNot(
  { state, instance, replyBy }: QuestionLife,
  reply: ReplyFact,
  before: ReplyFact | null,
  begun: number,
): string | null {
  if (reply.state !== `${reply.answer}_${state}`) return `the project was asked ${state}`;
  if (before && (instance === null || saysTheSame(before, reply))) return "the project had answered before";
  if (before && begun < reply.moment.number) return "its move had been decided";
  if (reply.moment.at > replyBy) return `it was due by ${new Date(replyBy).toISOString()}`;
  return null;
}

const saysTheSame = (before: ReplyFact, { answer, actions }: ReplyFact): boolean =>
  before.answer === answer && Object.entries(before.actions).every(([id, action]) => actions[id] === action);

/** When each move of an instance was decided, in order. */
function decisionsByInstance(history: History): ReadonlyMap<string, readonly number[]> {
  const decided = new Map<string, number[]>();
  for (const { instance, life } of movesOf(history)) {
    const numbers = decided.get(instance) ?? [];
    numbers.push(life.recorded.number);
    decided.set(instance, numbers);
  }
  return decided;
}

/** When the first move was decided after the question. */
const beginOf = ({ instance, moment }: QuestionLife, decided: ReadonlyMap<string, readonly number[]>): number =>
  decided.get(instance ?? "")?.find((number) => number > moment.number) ?? Infinity;
