/**
 * One host on its way from "to be emptied" to "maintained": close it, see who is there, agree, move, see that nobody is
 * left, and work on it. Every question is asked anew each time, so it does not matter where it was left.
 */
import { type CloudFacts, type CloudInstance, type SessionHost, type View } from "#sdk";
import { closed } from "../doors.ts";
import { untilMovesEnd } from "../drain/moves.ts";
import { settleHost } from "../drain/settle-host.ts";
import { checksOf, strangersSeen, triesOf, whoIsThere } from "../drain/who-is-there.ts";
import { type Hold, look } from "../hold.ts";
import { isOpen } from "../hosts.ts";
import { visit } from "../visit.ts";
import type { Agreement, KnownHost } from "./agreement.ts";

/** Null once it is known who is on the closed host. */
export function untilKnown(view: View, facts: CloudFacts, host: SessionHost): Hold | null {
  if (isGivenBack(view, host)) return null;
  const door = isOpen(view, host) ? closed(view, host, `${host.name} is to be emptied`) : null;
  if (door) return door;
  const check = checksOf(view, host.name).find(({ status }) => status.kind === "done");
  if (check?.status.kind !== "done") return settleHost(view, host);
  const there = new Set<string>(whoIsThere(view, facts, host.name).map(({ id }) => id));
  const strangers = check.status.outcome.instances.filter((id) => !there.has(id) && triesOf(view, id).length === 0);
  if (strangers.length === 0) return null;
  const why = `${strangers.length} instances on ${host.name} are not known`;
  const seen = look(view, strangersSeen(host.name, check.effect.look), why);
  return seen.kind === "seen" ? null : seen;
}

/** What comes next for a host of which it is known who is there; `work` moves them. */
export function course(
  view: View,
  known: KnownHost,
  { holdFor }: Agreement,
  work: (there: readonly CloudInstance[]) => Hold | null,
): Hold {
  const { host, there } = known;
  if (isGivenBack(view, host)) return visit(view, host);
  const moving = untilMovesEnd(view, host.name);
  const leaving = there.length > 0 ? (holdFor(known, moving) ?? work(there)) : moving;
  return leaving ?? settleHost(view, host) ?? visit(view, host);
}

/** Its actions are done and its door is being opened: what comes to it now is welcome. */
const isGivenBack = (view: View, { name }: SessionHost): boolean => view.effect("open_host", name) !== undefined;
