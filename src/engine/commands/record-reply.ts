import type { InstanceId, ProjectId, SessionId } from "../../domain/ids.ts";
import type { AskedQuestion, Receipt } from "../../domain/question.ts";
import { hasEffect, judgeReply, parseReplyState } from "../../domain/reply.ts";
import type { InstanceAction } from "../../domain/session.ts";
import type { Constraints } from "../../ports/constraints.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Reports } from "../../ports/reports.ts";
import type { GivenReply, Sessions } from "../../ports/sessions.ts";
import type { Wakes } from "../../ports/wakes.ts";
import { Problem } from "../../problems.ts";

/** A project's reply, with the types of the request checked. */
export interface ReplyRequest {
  readonly session: SessionId;
  readonly project: ProjectId;
  /** The one question that the sender may answer, by its deadline; null: whichever is asked. */
  readonly question: { readonly replyBy: Date } | null;
  /** Null: a reply at the project's own link. */
  readonly instance: InstanceId | null;
  /** `ACK_SCALE_IN` and the like. */
  readonly state: string;
  readonly instanceActions: ReadonlyMap<InstanceId, InstanceAction>;
  /** One action for all instances of the question. */
  readonly instanceAction: InstanceAction | null;
  readonly reason: string | null;
  /** Only with NACK: when to ask again. */
  readonly retryAt: Date | null;
}

export interface RecordingReplies {
  readonly sessions: Sessions;
  readonly reports: Reports;
  readonly constraints: Pick<Constraints, "instances">;
  readonly wakes: Wakes;
  readonly clock: Clock;
}

/**
 * Takes a reply. When this returns "recorded" it is durable. A reply that would leave an instance of the open question
 * without an allowed action is refused by field, so that its sender can send it again.
 */
export async function recordReply(request: ReplyRequest, deps: RecordingReplies): Promise<Receipt> {
  const { sessions, reports, constraints, wakes, clock } = deps;
  const { session, project, instance } = request;
  const newest = await sessions.latestQuestion(session, { project, instance });
  if (newest === undefined) throw await nobody(session, project, reports);
  const judge = judgeFor(request);
  const reply = readReply(await withDeclaredAction(request, constraints), newest, clock.now());
  const receipt = await sessions.reply(session, { project, instance }, reply, judge);
  if (receipt === undefined) throw await nobody(session, project, reports);
  if (hasEffect(receipt)) await wakes.session(session);
  return receipt;
}

/** Who may answer one question has, whatever the reply says, answered no other one. */
const judgeFor =
  (request: ReplyRequest): typeof judgeReply =>
  (newest, got, now, begun) =>
    judgeReply(newest, isForAnother(request, newest) ? { ...got, answers: null } : got, now, begun);

const isForAnother = ({ question }: ReplyRequest, newest: AskedQuestion | null): boolean =>
  question !== null && newest?.replyBy.getTime() !== question.replyBy.getTime();

/** A yes for one instance needs to name no action where its manager declared one (reference §2.4, P3). */
async function withDeclaredAction(
  request: ReplyRequest,
  { instances }: Pick<Constraints, "instances">,
): Promise<ReplyRequest> {
  const { project, instance, instanceAction, instanceActions } = request;
  if (instance === null || instanceAction !== null || instanceActions.has(instance)) return request;
  const declared = await instances.find(instance);
  return declared?.project === project ? { ...request, instanceAction: declared.migrationType } : request;
}

function readReply(request: ReplyRequest, newest: AskedQuestion | null, at: Date): GivenReply {
  const { state, reason } = request;
  const parsed = parseReplyState(state);
  if (!parsed) throw new Problem("BODY_INVALID", `"${state}" is neither ACK_… nor NACK_…`, { field: "state" });
  const none: GivenReply["actions"] = new Map();
  const retryAt = parsed.answer === "NACK" ? request.retryAt : null;
  const given = { ...parsed, state, actions: none, reason, retryAt, at };
  if (newest === null || parsed.answer === "NACK" || !mayCount(newest, given)) return given;
  if (isForAnother(request, newest)) return given;
  return { ...given, actions: readActions(request, newest) };
}

/** Whether its actions matter: what certainly has no effect is never refused for them. */
const mayCount = (newest: AskedQuestion, { answers, at }: GivenReply): boolean =>
  newest.state === answers && at <= newest.replyBy && (newest.reply === null || newest.instance !== null);

function readActions(
  { instanceActions, instanceAction }: ReplyRequest,
  question: AskedQuestion,
): Map<InstanceId, InstanceAction> {
  const { allowedActions, instances } = question;
  const actions = new Map<InstanceId, InstanceAction>();
  if (allowedActions.length === 0) return actions; // Nothing was offered; Tacker and Doctor send none.
  for (const instance of instances) {
    const action = instanceActions.get(instance) ?? instanceAction;
    const field =
      instanceActions.has(instance) || instanceAction === null ? `instance_actions.${instance}` : "instance_action";
    if (action === null)
      throw new Problem("BODY_INVALID", `an action is needed, one of ${allowedActions.join(", ")}`, { field });
    if (!allowedActions.includes(action))
      throw new Problem("BODY_INVALID", `${action} is none of ${allowedActions.join(", ")}`, { field });
    actions.set(instance, action);
  }
  return actions;
}

async function nobody(session: SessionId, project: ProjectId, reports: Reports): Promise<Problem> {
  return (await reports.summary(session))
    ? new Problem("PROJECT_NOT_FOUND", `project ${project} has no instances in this session`)
    : new Problem("SESSION_NOT_FOUND", `there is no session ${session}`);
}
