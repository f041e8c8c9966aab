/**
 * I2: of no group more members are impacted at once than it allows. A member is impacted from the begin of its move until
 * its recovery time after the end; one that does not serve for another reason takes a place as well.
 */
import { isTold, sweep } from "../cloud.ts";
import { grouped } from "../grouped.ts";
import type { History } from "../history.ts";
import { movesOf } from "../lives.ts";
import { type Finding, violationsOf } from "../verdict.ts";

/** A member is away from one moment to the other, its recovery not included. */
interface Absence {
  readonly member: string;
  readonly begin: number;
  readonly beginAt: number;
  readonly end: number;
  readonly endAt: number;
}

export function judgeImpact(history: History): Finding {
  const { violations, add } = violationsOf("I2");
  const moves = movesOf(history).flatMap(({ instance, life: { starts, ends } }): Absence[] => {
    const [start] = starts;
    const [end] = ends;
    if (!start) return [];
    const { number = Infinity, at = Infinity } = end ?? {};
    return [{ member: instance, begin: start.number, beginAt: start.at, end: number, endAt: at }];
  });
  const absences = grouped([...moves, ...ownActions(history)], ({ member }) => member);
  let most = 0;
  let judged = 0;
  sweep(
    history,
    moves.map((move) => ({ number: move.begin, move })),
    ({ move }, seen) => {
      if (!seen) return;
      for (const { group, max, members, recoverySeconds } of seen.budgetsOf(move.member)) {
        const isAway = (member: string) =>
          seen.down.has(member) ||
          (absences.get(member) ?? []).some(
            (one) =>
              one !== move &&
              one.begin < move.begin &&
              (one.end > move.begin || one.endAt + recoverySeconds * 1_000 > move.beginAt),
          );
        judged += 1;
        // One that is impacted already, such as by a try that failed, takes no second place.
        if (isAway(move.member)) continue;
        const now = 1 + members.filter((member) => member !== move.member && isAway(member)).length;
        most = Math.max(most, now);
        if (now > max)
          add(
            { number: move.begin },
            move.member,
            `moved while ${now - 1} members of its group ${group} were impacted, ${max} may be at once`,
          );
      }
    },
  );
  return {
    invariant: "I2",
    text: `${judged} moves of members of groups with a budget, at most ${most} of one group impacted at once by this session`,
    violations,
    gap: isTold(history) ? null : "the journal does not tell the members and limits of instance groups",
  };
}

/** What a project did itself is known once it is done; it recovers from then on. */
const ownActions = ({ entries }: History): readonly Absence[] =>
  entries.flatMap(({ kind, subject, number, at }) => {
    const time = Date.parse(at);
    if (kind !== "own_action_done" || subject === null) return [];
    return [{ member: subject, begin: number, beginAt: time, end: number, endAt: time }];
  });
