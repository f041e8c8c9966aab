/** The rules for replies (reference §4.4, and its defects B06 and B09): pure, judged under the session's lock. */
import { type AskedQuestion, type AskedState, askedStates, type Receipt } from "./question.ts";

/** What a reply's `state` says: `ACK_SCALE_IN` is a yes to SCALE_IN. Null where it is no reply at all. */
export function parseReplyState(
  text: string,
): { readonly answer: "ACK" | "NACK"; readonly answers: AskedState | null } | null {
  const [, answer, state] = /^(ACK|NACK)_(.+)$/.exec(text) ?? [];
  if (answer !== "ACK" && answer !== "NACK") return null;
  return { answer, answers: askedStates.find((asked) => asked === state) ?? null };
}

/** Whether a reply has an effect: only the first one, in time, to the newest question of its project (invariant I6). */
export function judgeReply(
  newest: AskedQuestion | null,
  got: { readonly state: string; readonly answers: AskedState | null },
  now: Date,
): Receipt {
  if (newest === null || got.answers !== newest.state)
    return { kind: "out_of_turn", expected: newest?.reply === null ? newest.state : null, got: got.state };
  if (newest.reply !== null) return { kind: "already_recorded" };
  if (now > newest.replyBy) return { kind: "too_late", replyBy: newest.replyBy };
  return { kind: "recorded" };
}
