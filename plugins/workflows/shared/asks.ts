/** Which questions stand, and who has to be asked (again). */
import {
  type Ask,
  type AskedQuestion,
  type AskedState,
  type CloudInstance,
  type EffectRecord,
  groupOf,
  type InstanceId,
  migrationType,
  type ProjectId,
  type View,
  wait,
} from "#sdk";
import { after, type Hold } from "./hold.ts";

/** How a workflow asks the projects of these instances what shall happen to them. */
export type Asks = (view: View, state: AskedState, instances: readonly CloudInstance[]) => readonly Ask[];

/** Instances that appear on a closed host are somebody's doing, and a no can be put off again and again: so often a project is asked. */
export const ROUNDS_MAX = 5;

/**
 * Whether an instance is asked about only when its group has a place: where its manager declared to take it away itself
 * (OWN_ACTION). It begins when it likes, mostly with its answer, so the question takes the place already, in the eyes of
 * all sessions (invariant I2). Asked about all at once, a manager would be made to break its own limit.
 */
export const takesTurns = (view: View, id: InstanceId): boolean =>
  migrationType(view, id) === "OWN_ACTION" && groupOf(view, id).kind === "declared";

/** In how many turns of this entry the project was asked. */
export const timesAsked = (view: View, project: ProjectId): number =>
  roundsOf(
    view,
    view.effectsOf("ask").filter(({ effect }) => effect.question.project === project),
  );

/** In how many turns the same was asked; those who are asked about in turns are each something else. */
export function roundsOf(view: View, asks: readonly EffectRecord<"ask">[]): number {
  const turns = new Map<string, Set<number>>();
  for (const { effect, recordedAt } of asks) {
    const { project, instances } = effect.question;
    const inTurn = instances.length > 0 && instances.every((id) => takesTurns(view, id));
    const about = inTurn ? instances.join() : `all of ${project}`;
    turns.set(about, (turns.get(about) ?? new Set()).add(recordedAt.getTime()));
  }
  return Math.max(0, ...[...turns.values()].map(({ size }) => size));
}

/** The newest question about an instance. */
export function newestAbout({ questions }: View): ReadonlyMap<InstanceId, AskedQuestion> {
  const newest = new Map<InstanceId, AskedQuestion>();
  for (const question of questions) for (const id of question.instances) newest.set(id, question);
  return newest;
}

/** Questions that no later one replaces, without those that will be asked again. */
export function standing(view: View): readonly AskedQuestion[] {
  const newest = newestAbout(view);
  return view.questions.filter(
    (question) =>
      (question.instances.length === 0 || question.instances.some((id) => newest.get(id) === question)) &&
      retryAt(view, question) === null,
  );
}

/** When a project that said no will be asked again: at the time it named, if the session grants it. */
export function retryAt(view: View, { project, state, reply }: AskedQuestion): Date | null {
  if (reply?.answer !== "NACK" || reply.retryAt === null) return null;
  if (state !== "PREPARE_MAINTENANCE" && state !== "PLANNED_MAINTENANCE") return null;
  const { nack_retry_seconds } = view.session.options;
  const granted = nack_retry_seconds > 0 && reply.retryAt <= after(reply.at, nack_retry_seconds);
  return granted && timesAsked(view, project) < ROUNDS_MAX ? reply.retryAt : null;
}

/** Whether nobody was asked about the instance yet, or the time has come to ask again. */
export function isToBeAsked(view: View, newest: AskedQuestion | undefined): boolean {
  if (!newest) return true;
  const again = retryAt(view, newest);
  return again !== null && again <= view.now;
}

/** Waits for the times that projects named to be asked again. */
export function untilRetry(view: View, questions: Iterable<AskedQuestion>): Hold | null {
  const times = [...questions].flatMap((question) => {
    const at = retryAt(view, question);
    return at !== null && at > view.now ? [{ at, project: question.project }] : [];
  });
  const [first] = times.toSorted((a, b) => a.at.getTime() - b.at.getTime());
  return first ? wait(`the time at which ${first.project} wants to be asked again`, first.at) : null;
}
