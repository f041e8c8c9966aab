/** What projects move, re-create or delete themselves, on the hosts that are being emptied. */
import { type CloudFacts, groupOf, type InstanceId, type NoteOwnAction, type View } from "#sdk";
import { newestAbout } from "../asks.ts";
import { triesOf, whoIsThere } from "./who-is-there.ts";

interface OwnActions {
  /** Still where they were. */
  readonly underWay: readonly InstanceId[];
  /** Gone from there, and not by a move of Fenix. */
  readonly done: readonly InstanceId[];
}

export function ownActions(view: View, facts: CloudFacts): OwnActions {
  const promised = [...newestAbout(view)].flatMap(([id, { reply }]) =>
    reply?.answer === "ACK" && reply.actions.get(id) === "OWN_ACTION" ? [id] : [],
  );
  if (promised.length === 0) return { underWay: [], done: [] };
  const left = view.hosts.filter(({ status }) => status.kind === "draining" || status.kind === "skipped");
  const there = new Set(left.flatMap(({ name }) => whoIsThere(view, facts, name).map(({ id }) => id)));
  return {
    underWay: promised.filter((id) => there.has(id)),
    done: promised.filter((id) => !there.has(id) && triesOf(view, id).length === 0),
  };
}

/** Only members of groups that a manager declared have anything to recover from. */
export const ownActionsDone = (view: View, facts: CloudFacts): readonly NoteOwnAction[] =>
  ownActions(view, facts)
    .done.filter((id) => groupOf(view, id).kind === "declared" && !view.effect("note_own_action", id))
    .flatMap((instance) => {
      const project = newestAbout(view).get(instance)?.project;
      return project ? [{ kind: "note_own_action", project, instance }] : [];
    });
