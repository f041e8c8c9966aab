import { type Ask, InstanceAction, leadSeconds, type ProjectId } from "#sdk";
import type { Asks } from "../shared/asks.ts";
import { ask } from "../shared/consent.ts";
import { after } from "../shared/hold.ts";

/** One question about each instance, with a link of its own: what managers such as Tacker's expect (reference §2.4, §6.6). */
export const askByInstance: Asks = (view, state, instances) => {
  const before = new Map<ProjectId, number>();
  return inOrder(instances).map(({ id, project }): Ask => {
    const count = before.get(project) ?? 0;
    before.set(project, count + 1);
    // Its lead time is what it needs to get ready: it has as long to answer, and a yes ends the wait (reference §4.12).
    const replyBy = after(view.now, Math.max(view.session.options.reply_seconds, leadSeconds(view, id)));
    const allowedActions = InstanceAction.options;
    return ask(
      view,
      { project, state, instances: [id], instance: id, allowedActions, replyBy, actionsAt: replyBy },
      count,
    );
  });
};

const inOrder = (instances: Parameters<Asks>[2]) =>
  instances.toSorted((a, b) => (a.project < b.project ? -1 : a.project > b.project ? 1 : a.id < b.id ? -1 : 1));
