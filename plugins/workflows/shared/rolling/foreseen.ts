/** The cloud as it will be when all moves of this entry have ended, those that are still under way too. */
import {
  type CloudFacts,
  type EffectRecord,
  foresee,
  type HostName,
  type InstanceId,
  instanceIn,
  isUnderWay,
  type View,
} from "#sdk";
import { type Folded, foldSettled } from "../drain/settled-moves.ts";

/** Where instances go that the look shows where they have left from. Where it shows them elsewhere, it knows better. */
type Goals = Map<InstanceId, HostName>;

export function foreseen(view: View, facts: CloudFacts): CloudFacts {
  const { settled, rest } = goalsBy(facts)(view.effectsOf("move_instance"));
  const goals = new Map(settled);
  for (const move of rest) addGoal(goals, move, facts);
  return foresee(
    facts,
    [...goals].map(([instance, to]) => ({ instance, to })),
  );
}

function addGoal(goals: Goals, { effect, status }: EffectRecord<"move_instance">, facts: CloudFacts): void {
  const { instance, from } = effect;
  const to = status.kind === "done" ? status.outcome.host : isUnderWay({ status }) ? effect.to : null;
  // One that came to nothing left the instance where the one before had brought it.
  if (to === null || to === from) return;
  if (goals.has(instance) || instanceIn(facts, instance)?.host === from) goals.set(instance, to);
}

type Fold = (moves: readonly EffectRecord<"move_instance">[]) => Folded<Goals>;

/** Facts never change, so what was found holds as long as they are kept. */
const known = new WeakMap<CloudFacts, Fold>();

function goalsBy(facts: CloudFacts): Fold {
  const fold = foldSettled<Goals>(
    () => new Map(),
    (goals, move) => addGoal(goals, move, facts),
  );
  const goalsIn = known.get(facts) ?? ((moves) => fold(facts, moves));
  known.set(facts, goalsIn);
  return goalsIn;
}
