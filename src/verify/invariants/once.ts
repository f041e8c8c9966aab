/** I3: each host action runs effectively once per visit; again only after an unknown end, as its declaration allows. */
import type { EffectLife } from "../effect-lives.ts";
import { grouped } from "../grouped.ts";
import type { History } from "../history.ts";
import { type ActionLife, actionsOf, type Visit, visitsOf } from "../lives.ts";
import { type Finding, violationsOf } from "../verdict.ts";

export function judgeOnce(history: History): Finding {
  const { violations, add } = violationsOf("I3");
  const actions = actionsOf(history);
  const hostVisits = grouped(visitsOf(history), ({ host }) => host);
  const visits = new Map<string, ActionLife[]>();
  for (const action of actions) {
    const { host, index, plugin, life } = action;
    for (const problem of blindReruns(life)) add(problem, host, `${plugin} on ${host}: ${problem.text}`);
    const visit = `${host}\n${index}\n${visitOf(history, hostVisits.get(host) ?? [], action)}`;
    const before = visits.get(visit) ?? [];
    if (before.some((one) => one.life.ends[0]?.how !== "unknown"))
      add({ number: action.stretch.from }, host, `${plugin} ran again on ${host} in the same visit`);
    visits.set(visit, [...before, action]);
  }
  const known = actions.every(({ life }) => life.ends[0] === undefined || life.ends[0].rerun !== null);
  return {
    invariant: "I3",
    text: `${actions.length} host actions ran once per visit`,
    violations,
    gap: known ? null : "the journal does not tell how some actions may be run again",
  };
}

/** Starts that followed an interrupted one although the action must not be run again blindly, or for no reason at all. */
function blindReruns({
  starts,
  postponed,
  ends,
}: EffectLife): readonly { readonly number: number; readonly text: string }[] {
  const problems: { number: number; text: string }[] = [];
  for (const [index, start] of starts.entries()) {
    const previous = starts[index - 1];
    if (!previous) continue;
    const givenBack = postponed.some(({ number }) => number > previous.number && number < start.number);
    if (!givenBack && !start.interrupted)
      problems.push({ number: start.number, text: "started again while the try before was not known to have stopped" });
  }
  const wasInterrupted = starts.some(({ interrupted }) => interrupted);
  const [end] = ends;
  if (wasInterrupted && end?.rerun === "at-most-once" && end.ran === true)
    problems.push({
      number: end.number,
      text: "run again after a worker died in it, though it is declared at-most-once",
    });
  return problems;
}

/** The number of the mark that began the visit; beside the hosts (`pre`, `post`) a continuation begins the next one. */
function visitOf({ continuations }: History, visits: readonly Visit[], { stretch }: ActionLife): number {
  const visit = visits.findLast(({ stretch: { from } }) => from <= stretch.from);
  const continued = continuations.findLast(({ number }) => number <= stretch.from);
  return Math.max(visit?.stretch.from ?? 0, continued?.number ?? 0);
}
