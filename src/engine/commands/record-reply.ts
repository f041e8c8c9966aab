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
  const { sessions, reports, wakes } = deps;
  const { session, project, instance } = request;
  const newest = await sessions.latestQuestion(session, { project, instance });
  if (newest === undefined) throw await nobody(session, project, reports);
  const parts = newest?.state === asksFor(request) ? [] : await partsFor(request, deps);
  const read = await Promise.all(
    (parts.length > 0 ? parts : [{ request, newest }]).map((part) => readPart(part, deps)),
  );
  let answer: Receipt | null = null;
  for (const { request: one, reply } of read) {
    const place = { project, instance: one.instance };
    const receipt = await sessions.reply(session, place, reply, judgeFor(one));
    if (receipt === undefined) throw await nobody(session, project, reports);
    if (answer === null || hasEffect(receipt)) answer = receipt;
  }
  if (answer === null) throw new Error("a reply has at least one part");
  if (hasEffect(answer)) await wakes.session(session);
  return answer;
}

/** What is said to one question: the whole reply, or its part about one instance. */
interface Part {
  readonly request: ReplyRequest;
  readonly newest: AskedQuestion | null;
}

const asksFor = ({ state }: ReplyRequest) => parseReplyState(state)?.answers ?? undefined;

/**
 * A reply at the project's link that names instances in `instance_actions`, while each of them is asked about by itself
 * (workflow vnf): a part for each of those, and one for the rest, which answers nothing and is kept in the journal. None
 * where no such instance is named. Whoever may answer one question only has no parts.
 */
async function partsFor(request: ReplyRequest, { sessions }: RecordingReplies): Promise<readonly Part[]> {
  const { session, project, instance, instanceActions, question } = request;
  if (instance !== null || question !== null || instanceActions.size === 0) return [];
  const asked = await sessions.latestAboutInstances(session, project);
  const parts = asked
    .filter(({ state, instance: about }) => about !== null && state === asksFor(request) && instanceActions.has(about))
    .map((newest): Part => ({ request: { ...request, instance: newest.instance }, newest }));
  const rest = parts.length > 0 && parts.length < instanceActions.size;
  return rest ? [...parts, { request, newest: null }] : parts;
}

async function readPart({ request, newest }: Part, { constraints, clock }: RecordingReplies) {
  return { request, reply: readReply(await withDeclaredAction(request, constraints), newest, clock.now()) };
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
