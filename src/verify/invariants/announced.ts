/** I10: nothing happens before its announced time, nor to an instance without its project's yes or a policy for its silence. */
import { isTold } from "../cloud.ts";
import type { Moment } from "../entries.ts";
import { answerTo, type History, type QuestionLife } from "../history.ts";
import { actionsOf, movesOf } from "../lives.ts";
import { type Finding, violationsOf } from "../verdict.ts";

export function judgeAnnounced(history: History): Finding {
  const { violations, add } = violationsOf("I10");
  const begin = history.created?.maintenanceAt;
  const moves = movesOf(history);
  for (const { instance, life } of moves) {
    const [start] = life.starts;
    if (!start) continue;
    if (begin !== undefined && start.at < begin) add(start, instance, "moved before the time of the maintenance");
    const objection = objectionTo(history, instance, life.recorded);
    if (objection !== null) add(life.recorded, instance, `moved, though ${objection}`);
  }
  const actions = actionsOf(history);
  for (const { host, plugin, life } of actions) {
    const [start] = life.starts;
    if (start && begin !== undefined && start.at < begin)
      add(start, host, `${plugin} ran before the time of the maintenance`);
  }
  const told = begin !== undefined && history.questions.every(({ actionsAt }) => actionsAt !== null);
  return {
    invariant: "I10",
    text: `${moves.length} moves and ${actions.length} host actions began after their announced time or with a yes`,
    violations,
    gap: gapOf(history, told),
  };
}

function gapOf(history: History, told: boolean): string | null {
  if (!told) return "the journal does not tell all announced times";
  // That recovery times are waited out is judged with the budgets that they count in (I2).
  return isTold(history) ? null : "the journal does not tell recovery times";
}

/** The states that ask a project what shall be done with its instances. */
const ASKING = new Set(["PREPARE_MAINTENANCE", "PLANNED_MAINTENANCE"]);

/** What stood against a move that was decided then; null: nothing. */
function objectionTo({ questions, created }: History, instance: string, decided: Moment): string | null {
  const options = created?.options ?? {};
  const asked = questions.findLast(
    ({ state, instances, moment }) => ASKING.has(state) && instances.has(instance) && moment.number < decided.number,
  );
  const isFatal = (policy: string | undefined) => policy !== undefined && policy !== "proceed";
  if (!asked) return isFatal(options.on_no_manager) ? "its project was not asked what to do with it" : null;
  const answer = answerTo(asked, decided)?.answer;
  if (answer === "ACK") return null;
  if (answer === "NACK" && isFatal(options.on_nack)) return "its project said no";
  if (answer === undefined && isFatal(options.on_silence)) return "its project had not answered";
  return isTooEarly(asked, decided) ? `it was announced for ${new Date(asked.actionsAt ?? 0).toISOString()}` : null;
}

const isTooEarly = ({ actionsAt }: QuestionLife, { at }: Moment): boolean => actionsAt !== null && at < actionsAt;
