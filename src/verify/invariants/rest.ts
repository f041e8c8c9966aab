/** I15: a failed session starts nothing new until it is continued; what ran comes to its end. */
import type { History } from "../history.ts";
import { type Finding, violationsOf } from "../verdict.ts";

/** Opening hosts and saying where they stand is how a session winds up; all else is new work. */
const WORK = new Set(["observe", "close_host", "check_empty", "move_instance", "run_action"]);

export function judgeRest({ effects, failures, continuations, ends }: History): Finding {
  const { violations, add } = violationsOf("I15");
  for (const failure of failures) {
    const until = continuations.find(({ number }) => number > failure.number)?.number ?? Infinity;
    for (const { kind, subject, recorded, starts } of effects.all) {
      if (!WORK.has(kind)) continue;
      // What a crash interrupted is taken up again, to bring it to its end.
      const fresh = [recorded, ...starts.slice(0, 1)].find(({ number }) => number > failure.number && number < until);
      if (fresh) add(fresh, subject, `${kind} began although the session had failed`);
    }
  }
  for (const { moment } of ends)
    for (const { kind, subject, starts, ends: told } of effects.all) {
      const began = starts[0] !== undefined && starts[0].number < moment.number;
      if (began && !told.some(({ number }) => number < moment.number))
        add(moment, subject, `the session ended while ${kind} was under way`);
    }
  return {
    invariant: "I15",
    text: `after ${failures.length} failures nothing new began, and nothing was left under way`,
    violations,
    gap: null,
  };
}
