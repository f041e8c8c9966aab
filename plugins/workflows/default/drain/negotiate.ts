/** Asks the projects for an action for each of their instances on the host. */
import { type CloudInstance, InstanceAction, perform, type SessionHost, type View } from "#sdk";
import { ask, failFor, isManaged, untilAnswered, unwilling } from "../consent.ts";
import { after, type Hold } from "../hold.ts";
import { skip } from "../hosts.ts";
import type { DrainState } from "./drain.ts";
import { untilMovesEnd } from "./moves.ts";
import { giveUp } from "./settle-host.ts";

/** Instances that appear on a closed host are somebody's doing; so often it is asked about more of them. */
const ROUNDS_MAX = 5;

/** Null when it is known for every instance what shall happen to it, or a policy says so. */
export function negotiate(
  view: View,
  there: readonly CloudInstance[],
  host: SessionHost,
  state: DrainState,
): Hold | null {
  const projects = [...new Set(there.map(({ project }) => project))].toSorted();
  const unwillings = unwilling(view, projects);
  const failing = failFor(unwillings);
  if (failing) return failing;
  const stubborn = unwillings.filter(({ policy }) => policy === "skip_host");
  if (stubborn.length > 0)
    return untilMovesEnd(view, host.name) ?? skip(view, [host], stubborn.map(({ why }) => why).join("; "));

  const asked = new Set(view.questions.flatMap(({ instances }) => instances));
  const unasked = there.filter(({ id, project }) => !asked.has(id) && isManaged(view, project));
  if (unasked.length === 0) return untilAnswered(view);
  if (view.questions.some(({ round }) => round >= ROUNDS_MAX)) {
    const names = unasked.map(({ name }) => name).join(", ");
    return (
      untilMovesEnd(view, host.name) ??
      giveUp(
        view,
        host,
        `instances keep appearing on ${host.name} although it is closed: ${names}`,
        "Find out who starts them there.",
      )
    );
  }
  const replyBy = after(view.now, view.session.options.reply_seconds);
  return perform(
    projects
      .map((project) => ({ project, instances: unasked.filter((one) => one.project === project).map(({ id }) => id) }))
      .filter(({ instances }) => instances.length > 0)
      .map((question) =>
        ask(view, { ...question, state, allowedActions: InstanceAction.options, replyBy, actionsAt: replyBy }),
      ),
    `each project says what shall happen to its instances on ${host.name}`,
  );
}
