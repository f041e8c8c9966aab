/** I9: no move brings more members of a group to a host than may be there together, those on their way included. */
import { isTold, type Seen, sweep, type Travel, travelsOf } from "../cloud.ts";
import { grouped } from "../grouped.ts";
import type { History } from "../history.ts";
import { type Finding, violationsOf } from "../verdict.ts";

export function judgeApart(history: History): Finding {
  const { violations, add } = violationsOf("I9");
  const travels = travelsOf(history);
  const byInstance = grouped(travels, ({ move }) => move.instance);
  let judged = 0;
  sweep(
    history,
    travels.map((travel) => ({ number: travel.begin, travel })),
    ({ number, travel }, seen) => {
      if (!seen) return;
      for (const { group, max, members } of seen.apartOf(travel.move.instance)) {
        judged += 1;
        const there = members.filter(
          (member) => member !== travel.move.instance && isOn(travel.to, member, byInstance.get(member), seen, number),
        );
        if (there.length + 1 > max)
          add(
            { number },
            travel.move.instance,
            `moved to ${travel.to}, where ${there.length} members of its group ${group} were or went, ${max} may be together`,
          );
      }
    },
  );
  return {
    invariant: "I9",
    text: `${judged} moves of members of anti-affinity groups kept them apart`,
    violations,
    gap: isTold(history) ? null : "the journal does not tell the members of instance groups",
  };
}

/** Whether it is certainly there, or on its way there: a member leaves a host when its move has ended. */
function isOn(host: string, member: string, travels: readonly Travel[] = [], seen: Seen, number: number): boolean {
  const begun = travels.filter(({ begin }) => begin < number);
  if (begun.some(({ to, end }) => end > number && to === host)) return true;
  // Where it has landed since the look began is newer than what was seen.
  const landed = begun.findLast(({ end, arrives }) => arrives && end < number && end > seen.look.from);
  return (landed ? landed.to : seen.places.get(member)) === host;
}
