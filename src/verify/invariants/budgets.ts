/** I14: never more hosts away at once, nor more moves, than the session allows; and no host begun with past its window. */
import { CloudSeen, dataOf } from "../entries.ts";
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
  const {
    max_moves_at_once: movesInAll,
    max_hosts_at_once_per_zone: perZone,
    window_seconds: window,
  } = history.created?.options ?? {};
  if (movesInAll)
    for (const { number, now } of countsOf(movesOf(history).flatMap(({ life }) => triesOf(life))))
      if (now > movesInAll) add({ number }, null, `${now} moves were under way at once, ${movesInAll} are allowed`);
  if (perZone) {
    const zones = zonesOf(history);
    for (const [zone, stretches] of grouped(absencesOf(history), ({ host }) => zones.get(host) ?? null))
      for (const { number, now } of zone === null ? [] : countsOf(stretches))
        if (now > perZone)
          add({ number }, null, `${now} compute hosts of zone ${zone} were away at once, ${perZone} are allowed`);
  }
  const begin = history.created?.maintenanceAt;
  if (window && begin !== undefined)
    for (const { host, from, at } of absencesOf(history))
      if (at >= begin + window * 1_000)
        add({ number: from }, host, `${host} was begun with after the maintenance window`);
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

/** Compute hosts on their way: from being drained, or worked on, until they are marked otherwise. */
function absencesOf({ marks, found }: History) {
  const since = new Map<string, { readonly from: number; readonly at: number }>();
  const absences: { host: string; from: number; at: number; to: number }[] = [];
  for (const { host, status, moment } of marks) {
    const isAway = status === "draining" || status === "in_maintenance";
    const begun = since.get(host);
    if (isAway && !begun && found.get(host)?.compute) since.set(host, { from: moment.number, at: moment.at });
    if (isAway || !begun) continue;
    since.delete(host);
    absences.push({ host, ...begun, to: moment.number });
  }
  return [...absences, ...[...since].map(([host, begun]) => ({ host, ...begun, to: Infinity }))];
}

/** As the journal first tells of them: hosts stay in their zones. */
const zonesOf = ({ entries }: History): ReadonlyMap<string, string> =>
  new Map(
    entries.flatMap((entry) => {
      const told = entry.kind === "cloud_seen" ? dataOf(entry, CloudSeen) : null;
      return Object.entries(told?.hosts ?? {}).flatMap(([host, seen]) => (seen ? [[host, seen.zone] as const] : []));
    }),
  );

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
