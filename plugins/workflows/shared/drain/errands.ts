/** What shall happen to each instance on the host: what its project said, as far as Nova can do it. */
import {
  type CloudInstance,
  type EffectRecord,
  type InstanceAction,
  migrationType,
  type MoveKind,
  type View,
} from "#sdk";
import { takesTurns } from "../asks.ts";
import { after, latest, troubleWith } from "../hold.ts";
import { unaskedAmong } from "./turns.ts";
import { ranOvertime, triesOf, triesOff } from "./who-is-there.ts";

export type Errand = { readonly instance: CloudInstance } &
  /**
   * Fenix moves it, not before `from`. `note` tells why it is not done as its project said, `failure` why the last try
   * came to nothing.
   */
  (
    | {
        readonly kind: "move";
        readonly how: MoveKind;
        readonly from: Date;
        readonly note: string | null;
        readonly failure: string | null;
      }
    /** Its project takes it away, until then. */
    | { readonly kind: "own"; readonly until: Date }
    /** Its project takes it away when it has been asked, which its group has no place for now. */
    | { readonly kind: "unasked" }
    /** Nova moves no instance that is like this. It has until then to become another. */
    | { readonly kind: "stuck"; readonly why: string; readonly until: Date }
  );

/** Instances that are being moved have no errand: what is done to them is under way. */
export function errandsOf(view: View, there: readonly CloudInstance[]): readonly Errand[] {
  const unasked = new Set(
    unaskedAmong(
      view,
      there.filter(({ id }) => takesTurns(view, id)),
    ),
  );
  return there
    .filter((instance) => !isMoving(view, instance))
    .map((instance) => (unasked.has(instance) ? { instance, kind: "unasked" } : errandOf(view, instance)));
}

export const isMoving = (view: View, { id }: CloudInstance): boolean => {
  const status = triesOf(view, id).at(-1)?.status.kind;
  return status === "pending" || status === "running";
};

function errandOf(view: View, instance: CloudInstance): Errand {
  const { action, from } = wishFor(view, instance);
  const patience = view.session.options.own_action_seconds;
  if (action === "OWN_ACTION") {
    const until = after(from, patience);
    // What a project promised and did not do is handled as silence; where that means to go on, Fenix moves it.
    if (view.now < until || view.session.options.on_silence !== "proceed") return { instance, kind: "own", until };
    return movable(view, instance, view.session.options.default_action, from);
  }
  return movable(view, instance, action, from);
}

interface Wish {
  readonly action: InstanceAction;
  /** From when it may be done, or is expected of the project. */
  readonly from: Date;
}

/** Nothing is done before the announced time unless the project said yes (invariant I10). */
function wishFor(view: View, { id }: CloudInstance): Wish {
  const { questions, session, entry } = view;
  // What its manager declared serves where its project says nothing.
  const default_action = migrationType(view, id) ?? session.options.default_action;
  const question = questions.findLast(({ instances }) => instances.includes(id));
  if (!question) return { action: default_action, from: entry.since }; // Nobody answers for it, and the policy is to proceed.
  const { reply, actionsAt } = question;
  if (reply?.answer !== "ACK") return { action: default_action, from: actionsAt };
  const action = reply.actions.get(id) ?? default_action;
  // A project may wait with its own action for the announced time.
  return { action, from: action === "OWN_ACTION" ? latest(reply.at, actionsAt) : reply.at };
}

/**
 * Pauses after the first failed try, the second and so on; the last one is for all that follow. Nova's scheduler learns
 * only every two minutes where servers are (`scheduler_instance_sync_interval`, 120 s): until then it can take a server
 * that has just been moved for a neighbour on its old host, and refuse to bring another of its group there.
 */
const RETRY_SECONDS = [5, 15, 45, 120] as const;

/** When a failed move may be tried again; at once where it has not failed. */
export function retryFrom({ effect, status }: EffectRecord<"move_instance">): Date {
  if (status.kind !== "failed" && status.kind !== "unknown") return new Date(0);
  return after(status.at, RETRY_SECONDS[Math.min(effect.attempt, RETRY_SECONDS.length) - 1] ?? 0);
}

/** How Nova moves an instance, by its status (Nova API guide, server concepts: allowed actions). */
const ways: Readonly<Record<string, readonly MoveKind[]>> = {
  ACTIVE: ["MIGRATE", "LIVE_MIGRATE"],
  SHUTOFF: ["MIGRATE"],
  PAUSED: ["LIVE_MIGRATE"],
};

/** The way it is moved by, and why that is not the way that was wished for. */
function wayFor(
  view: View,
  { id, name, status }: CloudInstance,
  wished: MoveKind,
  possible: readonly MoveKind[],
): { readonly how: MoveKind | undefined; readonly note: string | null } {
  const how = possible.includes(wished) ? wished : possible[0];
  if (how !== wished) return { how, note: `${name} is ${status}, which ${wished} does not take` };
  const falls = how === "LIVE_MIGRATE" && view.session.options.on_long_live_move === "migrate_cold";
  if (!falls || !possible.includes("MIGRATE") || !triesOf(view, id).some(ranOvertime)) return { how, note: null };
  return { how: "MIGRATE", note: `${name} takes longer to migrate live than its manager allows` };
}

const troubles: Readonly<Record<string, string>> = {
  ERROR: "it is in ERROR: its owner has to rebuild or delete it, or an admin to reset its state",
  VERIFY_RESIZE: "it waits for its owner to confirm or revert a resize",
  SUSPENDED: "it is suspended: its owner has to resume it",
  SHELVED: "it is shelved but not offloaded: its owner has to unshelve it, or an admin to offload it",
  RESCUE: "it is in rescue mode: its owner has to unrescue it",
};

function movable(view: View, instance: CloudInstance, wished: MoveKind, from: Date): Errand {
  const { status, taskState } = instance;
  const possible = ways[status] ?? [];
  const lastTry = instance.host === null ? undefined : triesOff(view, instance.id, instance.host).at(-1);
  const since = lastTry && "at" in lastTry.status ? latest(from, lastTry.status.at) : from;
  const until = after(since, view.session.options.own_action_seconds);
  if (taskState !== null) return { instance, kind: "stuck", why: `Nova is busy with it (${taskState})`, until };
  const { how, note } = wayFor(view, instance, wished, possible);
  if (how) {
    const again = lastTry ? latest(from, retryFrom(lastTry)) : from;
    return { instance, kind: "move", how, from: again, note, failure: lastTry ? troubleWith(lastTry) : null };
  }
  return { instance, kind: "stuck", why: troubles[status] ?? `Nova moves no instance in status ${status}`, until };
}
