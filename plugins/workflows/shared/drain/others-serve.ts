/** Waiting for other members of the groups of instances that could move: to arrive, to recover, or to be mended. */
import { type CloudInstance, instanceIn, type Observe, type SessionHost, type View, wait } from "#sdk";
import { after, type Hold, look } from "../hold.ts";
import type { Budgets } from "./budgets.ts";
import type { Errand } from "./errands.ts";
import { untilMovesEnd } from "./moves.ts";
import { giveUp } from "./settle-host.ts";

/** Members of other sessions come to rest unseen, and broken ones are mended unseen, so that is asked for so often. */
const OTHERS_SECONDS = 15;

/** An instance that has to wait for a place in its group. */
type Held = Pick<Errand, "instance">;

/** Waits until the groups of these instances have room for them; null when there are none. */
export function untilOthersServe(view: View, held: readonly Held[], budgets: Budgets, host: SessionHost): Hold | null {
  const [first] = held;
  if (!first) return null;
  if (held.some(({ instance }) => budgets.awaitsLook(instance.id))) {
    const seen = look(view, membersSeen(view), WHY_LOOK);
    if (seen.kind !== "seen") return seen;
  }
  const [down] = held.flatMap(({ instance }) => budgets.heldByDown(instance.id));
  const mending = down ? untilMended(view, down, first.instance, host) : null;
  if (mending) return mending;
  const names = held.map(({ instance }) => instance.name).join(", ");
  const times = held.flatMap(({ instance }) => budgets.freeAt(instance.id) ?? []).filter((at) => at > view.now);
  const until = times.reduce((a, b) => (a < b ? a : b), after(view.now, OTHERS_SECONDS));
  return wait(`other members of the groups of ${names} to arrive and recover`, until);
}

const WHY_LOOK = "whether the other members of their groups still serve";

/** The look that some of these moves wait for; nothing while it is on its way. */
export function lookAtMembers(view: View, held: readonly Held[], budgets: Budgets): readonly Observe[] {
  if (!held.some(({ instance }) => budgets.awaitsLook(instance.id))) return [];
  const occasion = membersSeen(view);
  return view.effect("observe", occasion) ? [] : [{ kind: "observe", occasion }];
}

/** The occasion of the next look at members, or of the one that is on its way. */
function membersSeen(view: View): string {
  const looks = view.effectsOf("observe").filter(({ effect }) => effect.occasion.startsWith("members:"));
  const last = looks.at(-1);
  return `members:${last && last.status.kind !== "done" ? looks.length : looks.length + 1}`;
}

/** It has the time of an own action; who does not mend it until then keeps the host from being emptied. */
function untilMended(view: View, down: CloudInstance, held: CloudInstance, host: SessionHost): Hold | null {
  const { id, name, project } = down;
  const looks = view.effectsOf("observe").filter(({ effect }) => effect.occasion.startsWith(`down:${id}:`));
  const [begin, last] = [looks[0], looks.at(-1)];
  const until = after(begin?.recordedAt ?? view.now, view.session.options.own_action_seconds);
  const what = `${name} of project ${project}, a member of the group of ${held.name}, does not serve (${whyDown(view, down)})`;
  if (begin && until <= view.now)
    return (
      untilMovesEnd(view, host.name) ??
      giveUp(
        view,
        host,
        `${held.name} cannot be moved off ${host.name}: ${what}, and its group allows no more members to be away`,
        `Bring ${name} back to work (Nova tells why it is not: server show), or let its manager allow more impacted members; then continue the session.`,
      )
    );
  const next = last && "at" in last.status ? after(last.status.at, OTHERS_SECONDS) : view.now;
  if (view.now < next) return wait(`${what}: it holds the place of ${held.name}`, next < until ? next : until);
  const number = last && !("at" in last.status) ? looks.length : looks.length + 1;
  const seen = look(view, `down:${id}:${number}`, `whether ${name} serves again`);
  return seen.kind === "seen" ? null : seen;
}

function whyDown({ facts }: View, { id, host, status }: CloudInstance): string {
  const isDead = facts?.computes.some(({ name, up }) => name === host && !up) ?? false;
  return isDead ? `its host ${host} does not report` : ((facts && instanceIn(facts, id)?.status) ?? status);
}
