/** I1: no host action runs while an instance is on the host or moving to it, nor on a host that takes instances. */
import { grouped } from "../grouped.ts";
import { overlap, type Stretch } from "../effect-lives.ts";
import type { History } from "../history.ts";
import {
  type ActionLife,
  actionsOf,
  closingsOf,
  destinationOf,
  emptyLooksOf,
  type MoveLife,
  movesOf,
} from "../lives.ts";
import { type Finding, violationsOf } from "../verdict.ts";

export function judgeEmptiness(history: History): Finding {
  const { violations, add } = violationsOf("I1");
  const actions = actionsOf(history).filter(({ phase, host }) => isOnCompute(history, phase, host));
  const moves = grouped(movesOf(history), destinationOf);
  const leaving = grouped(movesOf(history), ({ from }) => from);
  const closings = grouped(closingsOf(history), ({ host }) => host);
  const looks = grouped(emptyLooksOf(history), ({ host }) => host);
  for (const { host, plugin, stretch } of actions) {
    const say = (text: string) => add({ number: stretch.from }, host, `${plugin} ran on ${host}, ${text}`);
    const closing = closings.get(host)?.find((closed) => covers(closed.stretch, stretch));
    if (!closing) say("which was not closed to new instances all that time");
    const look = looks.get(host)?.findLast(({ number, empty }) => empty !== false && number < stretch.from);
    if (!look || (closing && look.number < closing.stretch.from))
      say("which had not been found empty since it was closed");
    const since = { from: look?.number ?? 0, to: stretch.to };
    for (const move of arriving(moves.get(host) ?? [], since)) say(`while ${move.instance} came to it or had come`);
    for (const move of arriving(leaving.get(host) ?? [], since)) say(`while ${move.instance} was still leaving it`);
  }
  const told = [...looks.values()].flat().every(({ empty }) => empty !== null);
  return {
    invariant: "I1",
    text: `${actions.length} host actions ran on closed and empty compute hosts`,
    violations,
    gap: told ? null : "the journal does not tell what was found on some hosts",
  };
}

/** `pre` and `post` run beside the hosts; a host without a compute service has no instances. */
function isOnCompute({ found, effects }: History, phase: ActionLife["phase"], host: string): boolean {
  if (phase === "pre" || phase === "post") return false;
  // Where the journal does not tell the roles: only compute hosts are ever closed.
  return found.get(host)?.compute ?? effects.all.some(({ kind, subject }) => kind === "close_host" && subject === host);
}

const covers = (outer: Stretch, inner: Stretch): boolean => outer.from <= inner.from && inner.to <= outer.to;

const arriving = (moves: readonly MoveLife[], since: Stretch): readonly MoveLife[] =>
  moves.filter(({ stretch, landed }) => landed !== null && overlap(stretch, since));
