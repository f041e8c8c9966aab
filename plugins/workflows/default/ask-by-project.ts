import { InstanceAction } from "#sdk";
import type { Asks } from "../shared/asks.ts";
import { ask } from "../shared/consent.ts";
import { after } from "../shared/hold.ts";

/** One question to each project about all of its instances. */
export const askByProject: Asks = (view, state, instances) => {
  const replyBy = after(view.now, view.session.options.reply_seconds);
  const projects = [...new Set(instances.map(({ project }) => project))].toSorted();
  return projects.map((project) =>
    ask(view, {
      project,
      state,
      instances: instances.filter((one) => one.project === project).map(({ id }) => id),
      allowedActions: InstanceAction.options,
      replyBy,
      actionsAt: replyBy,
    }),
  );
};
