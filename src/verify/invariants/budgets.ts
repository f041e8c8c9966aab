/** I14: never more hosts away at once, nor more moves off one host, than the session allows. */
import type { EffectLife } from "../effect-lives.ts";
import { grouped } from "../grouped.ts";
import type { History } from "../history.ts";
import { movesOf, visitsOf } from "../lives.ts";
import { type Finding, violationsOf } from "../verdict.ts";

export function judgeBudgets(history: History): Finding {
  const { violations, add } = violationsOf("I14");
  const { hosts_at_once: hostsMax, moves_at_once: movesMax } = history.created?.options ?? {};
  let mostMoves = 0;
  for (const [host, moves] of grouped(movesOf(history), ({ from }) => from)) {
    // A move gives its place back while it is given back itself, so its tries are counted and not its whole life.
    const tries = moves.flatMap(({ life }) => triesOf(life));
    for (const { number, now } of countsOf(tries)) {
      mostMoves = Math.max(mostMoves, now);
      if (movesMax !== undefined && now > movesMax)
        add({ number }, host, `${now} moves left ${host} at once, ${movesMax} are allowed`);
    }
  }
  const away = visitsOf(history).filter(({ host }) => history.found.get(host)?.compute);
  let mostHosts = 0;
  for (const { number, now } of countsOf(away.map(({ stretch }) => stretch))) {
    mostHosts = Math.max(mostHosts, now);
    if (hostsMax !== undefined && now > hostsMax)
      add({ number }, null, `${now} compute hosts were in maintenance at once, ${hostsMax} are allowed`);
  }
  const limits = [hostsMax, movesMax].map((max) => (max === undefined ? "" : ` of ${max}`));
  return {
    invariant: "I14",
    text: `at most ${mostHosts}${limits[0]} compute hosts were in maintenance at once, ${mostMoves}${limits[1]} moves left one host`,
    violations,
    gap:
      hostsMax === undefined || movesMax === undefined ? "the journal does not tell all limits of the session" : null,
  };
}

/** How many there are whenever one more begins. One that ends where another begins is over. */
function countsOf(stretches: readonly { readonly from: number; readonly to: number }[]) {
  const steps = stretches
    .flatMap(({ from, to }) => [
      { number: from, by: 1 },
      { number: to, by: -1 },
    ])
    .toSorted((a, b) => a.number - b.number || a.by - b.by);
  const counts: { number: number; now: number }[] = [];
  let now = 0;
  for (const { number, by } of steps) {
    now += by;
    if (by > 0) counts.push({ number, now });
  }
  return counts;
}

/** From each start to what ended it: the effect's end, its being given back, or the next start after a crash. */
function triesOf({ starts, postponed, ends }: EffectLife) {
  return starts.map(({ number }, index) => {
    const stops = [ends[0], starts[index + 1], ...postponed].flatMap((stop) =>
      stop && stop.number > number ? [stop.number] : [],
    );
    return { from: number, to: Math.min(Infinity, ...stops) };
  });
}
