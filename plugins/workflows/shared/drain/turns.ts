/** Who has to be asked about, and whose turn it is. */
import { type AskedQuestion, type CloudInstance, type InstanceId, subjectOf, type View } from "#sdk";
import { isToBeAsked, newestAbout, takesTurns } from "../asks.ts";
import { isManaged } from "../consent.ts";
import type { Budgets } from "./budgets.ts";
import { isNoted } from "./own-actions.ts";
import { hasMoved } from "./sorted-moves.ts";
import { isLater, triesOf } from "./who-is-there.ts";

/**
 * The newest question about each instance, unless it has been moved since, by Fenix or by its project: a project is
 * asked about every move.
 */
export const standingQuestions = (view: View): ReadonlyMap<InstanceId, AskedQuestion> =>
  new Map([...newestAbout(view)].filter(([id, question]) => !isUsedUp(view, id, question)));

function isUsedUp(view: View, id: InstanceId, question: AskedQuestion): boolean {
  if (isNoted(view, id, question.round)) return true;
  const move = triesOf(view, id).findLast(hasMoved);
  const ask = view.effect("ask", subjectOf({ kind: "ask", question }));
  return move !== undefined && ask !== undefined && !isLater(view, ask, move);
}

/** Their projects have to be asked about them, for the first time or again. */
export function unaskedAmong(view: View, there: readonly CloudInstance[]): readonly CloudInstance[] {
  if (there.length === 0) return []; // Of a large session, all questions would be gone through for nothing.
  const standing = standingQuestions(view);
  return there.filter(({ id, project }) => isManaged(view, project) && isToBeAsked(view, standing.get(id)));
}

/** Of those that have to be asked about, those that may be now: whoever needs a place in a group takes it. */
export const inTheirTurn = (
  view: View,
  unasked: readonly CloudInstance[],
  budgets: Budgets,
): readonly CloudInstance[] => unasked.filter(({ id }) => !takesTurns(view, id) || budgets.takeForLater(id));
