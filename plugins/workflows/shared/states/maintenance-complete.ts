import { enter, fail, keptClosed, LOCALHOST, perform, type View } from "#sdk";
import { ask, failFor, isAsked, managedProjects, untilAnswered, unwilling } from "../consent.ts";
import { setDoors } from "../doors.ts";
import { after, type Hold } from "../hold.ts";
import { runActions } from "../host-actions.ts";
import type { StepOf } from "../transitions.ts";
import { allSettled } from "../way-on.ts";

/** Opens what is still closed, runs the `post` actions, and tells the projects that they may scale out again. */
export const maintenanceComplete: StepOf<"MAINTENANCE_COMPLETE"> = (view) => {
  if (!allSettled(view)) return enter("START_MAINTENANCE", "hosts are left to be maintained");
  const closed = view.hosts.filter((host) => host.closure === "closed_by_session" && !keptClosed(view, host));
  const doors = setDoors(view, { close: [], open: closed.map(({ name }) => name), why: "every host is done" });
  if (doors) return doors;
  const post = runActions(view, LOCALHOST, ["post"]);
  if (post) return post.kind === "trouble" ? fail(post.reason, post.advice) : post;
  return askAll(view) ?? enter("MAINTENANCE_DONE", "every project knows that the maintenance is over");
};

/** Null when all have answered, or their policy lets the session end without. */
function askAll(view: View): Hold | null {
  const failing = failFor(unwilling(view, []));
  if (failing) return failing;
  const unasked = managedProjects(view).filter((project) => !isAsked(view, project));
  if (unasked.length === 0) return untilAnswered(view);
  const replyBy = after(view.now, view.session.options.scale_in_reply_seconds);
  return perform(
    unasked.map((project) =>
      ask(view, {
        state: "MAINTENANCE_COMPLETE",
        project,
        instances: view.instances.filter((one) => one.project === project && one.host !== null).map(({ id }) => id),
        allowedActions: [],
        replyBy,
        actionsAt: replyBy,
      }),
    ),
    "the projects may scale out again",
  );
}
