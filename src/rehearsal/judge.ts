/** Judges what a manager said to a question, as Fenix would and as docs/managers.md asks. */
import { parseReplyState } from "../domain/reply.ts";
import type { ProjectReply } from "../wire/project-reply.ts";
import { type Asked, type Fault, type Heard, named } from "./asked.ts";

/** What is wrong with one reply that came in time. Fenix refuses such actions with 422, and overlooks another state. */
export function judgeReply(asked: Asked, said: ProjectReply): readonly Fault[] {
  const parsed = parseReplyState(said.state);
  if (parsed?.answers !== asked.state)
    return [{ kind: "out_of_turn", text: `replied ${said.state} to the link of ${named(asked)}` }];
  if (parsed.answer === "NACK" || asked.allowedActions.length === 0) return [];
  const offered = asked.allowedActions.join(", ");
  return asked.instances.flatMap((instance): Fault[] => {
    const action = said.instance_actions?.[instance] ?? said.instance_action;
    if (action === undefined)
      return [{ kind: "instance_forgotten", text: `${said.state} names no action for ${instance}, one of ${offered}` }];
    if (!asked.allowedActions.includes(action))
      return [{ kind: "action_not_offered", text: `${action} for ${instance} is none of ${offered}` }];
    return [];
  });
}

/** What is wrong with all that was said to one question, when its time is up. */
export function judgeReplies(asked: Asked): readonly Fault[] {
  const inTime = asked.replies.filter(({ at }) => at <= asked.replyBy);
  const seconds = Math.round((asked.replyBy.getTime() - asked.askedAt.getTime()) / 1_000);
  if (inTime.length === 0)
    return [{ kind: "silent", text: `nothing that Fenix could keep was said to ${named(asked)} within ${seconds} s` }];
  const faults: Fault[] = [];
  const outcomes = inTime.map(({ became }) => became);
  if (outcomes.includes("failed") && !outcomes.includes("kept"))
    faults.push({
      kind: "gave_up",
      text: `its reply to ${named(asked)} was answered 503 and not sent again: what is not answered 200 is not kept`,
    });
  const meant = asked.replies
    .filter(({ became }) => became === "kept" || became === "failed")
    .map(({ said }) => meaning(asked, said));
  const other = meant.find((one) => one !== meant[0]);
  if (other !== undefined)
    faults.push({ kind: "contradicts_itself", text: `said ${meant[0]} to ${named(asked)}, and then ${other}` });
  return faults;
}

/** What it said, for its author. */
export function heardInWords(asked: Asked): readonly string[] {
  return asked.replies.map((reply) => {
    const late = reply.at > asked.replyBy ? ", late" : "";
    const outcome = reply.became === "kept" ? "" : `, ${reply.became}`;
    return `${meaning(asked, reply.said)} after ${after(asked, reply)} s${late}${outcome}`;
  });
}

const after = ({ askedAt }: Asked, { at }: Heard): string => ((at.getTime() - askedAt.getTime()) / 1_000).toFixed(1);

/** Two replies that differ in nothing that matters mean the same. */
function meaning({ instances, allowedActions }: Asked, said: ProjectReply): string {
  if (said.state.startsWith("NACK_")) return `${said.state}${said.reason === undefined ? "" : ` (${said.reason})`}`;
  if (allowedActions.length === 0) return said.state;
  const actions = instances.map((instance) => said.instance_actions?.[instance] ?? said.instance_action ?? "nothing");
  return `${said.state} ${new Set(actions).size === 1 ? actions[0] : actions.join(", ")}`;
}
