/** I7: nothing moves to a host that is under action, draining, or closed. */
import { grouped } from "../grouped.ts";
import { overlap, type Stretch } from "../effect-lives.ts";
import type { History } from "../history.ts";
import { closingsOf, destinationOf, movesOf } from "../lives.ts";
import { type Finding, violationsOf } from "../verdict.ts";

export function judgeDestinations(history: History): Finding {
  const { violations, add } = violationsOf("I7");
  const moves = movesOf(history);
  const barred = grouped(
    [
      ...closingsOf(history).map(({ host, stretch }) => ({ host, stretch, why: "closed to instances" })),
      ...leftAlone(history),
    ],
    ({ host }) => host,
  );
  for (const move of moves) {
    const { instance, stretch, life } = move;
    const destination = destinationOf(move);
    const bar = barred.get(destination ?? "")?.find((one) => overlap(one.stretch, stretch));
    // A failed move touched its destination all the same.
    if (destination !== null && bar)
      add(life.recorded, instance, `moved to ${destination}, which was ${bar.why} at entry ${bar.stretch.from}`);
  }
  const told = moves.every(({ landed, life }) => landed !== undefined || life.ends[0]?.how !== "done");
  return {
    invariant: "I7",
    text: `${moves.length} moves went to hosts that were open and not under maintenance`,
    violations,
    gap: told ? null : "the journal does not tell where some moves ended",
  };
}

/** Where hosts were draining or in maintenance: from that mark to their next one. */
function leftAlone({ marks }: History): readonly { host: string; stretch: Stretch; why: string }[] {
  return marks.flatMap(({ host, status, moment }, index) => {
    if (status !== "draining" && status !== "in_maintenance") return [];
    const next = marks.slice(index + 1).find((mark) => mark.host === host);
    const why = status === "draining" ? "draining" : "in maintenance";
    return [{ host, stretch: { from: moment.number, to: (next?.moment.number ?? Infinity) - 1 }, why }];
  });
}
