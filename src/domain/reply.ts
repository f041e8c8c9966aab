/** The rules for replies (reference §4.4, and its defects B06 and B09): pure, judged under the session's lock. */
import { type AskedQuestion, type AskedState, askedStates, type Receipt, type Reply } from "./question.ts";

/** What a reply's `state` says: `ACK_SCALE_IN` is a yes to SCALE_IN. Null where it is no reply at all. */
export function parseReplyState(
  text: string,
): { readonly answer: "ACK" | "NACK"; readonly answers: AskedState | null } | null {
  const [, answer, state] = /^(ACK|NACK)_(.+)$/.exec(text) ?? [];
  if (answer !== "ACK" && answer !== "NACK") return null;
  return { answer, answers: askedStates.find((asked) => asked === state) ?? null };
}

export interface Judged extends Pick<Reply, "answer" | "actions"> {
  readonly state: string;
  readonly answers: AskedState | null;
}

/**
 * Whether a reply has an effect: the first one, in time, to the newest question of its project (invariant I6), or to
 * the newest about its instance. About one instance a project may change its mind in time, as long as nothing was
 * decided on its word: `begun` says whether a move has been.
 */
export function judgeReply(newest: AskedQuestion | null, got: Judged, now: Date, begun: boolean): Receipt {
  if (newest === null || got.answers !== newest.state)
    return { kind: "out_of_turn", expected: newest?.reply === null ? newest.state : null, got: got.state };
  const { reply, replyBy, instance } = newest;
  if (reply !== null && (instance === null || begun || saysTheSame(reply, got))) return { kind: "already_recorded" };
  if (now > replyBy) return reply === null ? { kind: "too_late", replyBy } : { kind: "already_recorded" };
  return { kind: reply === null ? "recorded" : "changed" };
}

const saysTheSame = (reply: Reply, got: Judged): boolean =>
  reply.answer === got.answer && [...reply.actions].every(([id, action]) => got.actions.get(id) === action);

/** Whether the reply counts from now on. */
export const hasEffect = ({ kind }: Receipt): boolean => kind === "recorded" || kind === "changed";
