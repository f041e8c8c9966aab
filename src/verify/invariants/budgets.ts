/** I14: never more moves off one host at once than the session allows. */
import { grouped } from "../grouped.ts";
import type { History } from "../history.ts";
import { movesOf } from "../lives.ts";
import { type Finding, violationsOf } from "../verdict.ts";

export function judgeBudgets(history: History): Finding {
  const { violations, add } = violationsOf("I14");
  const limit = history.created?.options?.moves_at_once;
  let most = 0;
  for (const [host, moves] of grouped(movesOf(history), ({ from }) => from)) {
    // A move gives its place back while it is given back itself, so its tries are counted and not its whole life.
    const steps = moves
      .flatMap(({ life }) => triesOf(life))
      .flatMap(({ from, to }) => [
        { number: from, by: 1 },
        { number: to, by: -1 },
      ])
      .toSorted((a, b) => a.number - b.number);
    let now = 0;
    for (const { number, by } of steps) {
      now += by;
      most = Math.max(most, now);
      if (limit !== undefined && by > 0 && now > limit)
        add({ number }, host, `${now} moves left ${host} at once, ${limit} are allowed`);
    }
  }
  return {
    invariant: "I14",
    text: `at most ${most} moves left a host at once${limit === undefined ? "" : `, ${limit} are allowed`}`,
    violations,
    gap: limit === undefined ? "the journal does not tell the session's limits" : null,
  };
}

/** From each start to what ended it: the effect's end, its being given back, or the next start after a crash. */
function triesOf({ starts, postponed, ends }: ReturnType<typeof movesOf>[number]["life"]) {
  return starts.map(({ number }, index) => {
    const stops = [ends[0], starts[index + 1], ...postponed].flatMap((stop) =>
      stop && stop.number > number ? [stop.number] : [],
    );
    return { from: number, to: Math.min(Infinity, ...stops) };
  });
}
