/** Rules that one move or one host keeps or breaks by itself: times, destinations, the window, when a drain is declared. */
import { at, type NumberedCloud } from "./numbered-cloud.ts";
import type { NumberedMove, NumberedPlan, NumberedVisit } from "./numbered-plan.ts";
import type { Complain } from "./violation.ts";

/** Times may have fractions, and their difference the error of those: a microsecond is far below what anybody plans. */
const ROUNDING = 1e-6;

export function judgeEachAlone(cloud: NumberedCloud, { moves, visits }: NumberedPlan, complain: Complain): void {
  for (const move of moves) judgeMove(cloud, move, complain);
  for (const visit of visits) judgeVisit(cloud, visit, complain);
  judgeDeclared(cloud, moves, visits, complain);
}

function judgeMove(cloud: NumberedCloud, { instance: number, to, start, end }: NumberedMove, complain: Complain): void {
  const { instances, hosts } = cloud.snapshot;
  const one = instances[number];
  const host = hosts[to];
  if (!one || !host) return;
  const { instance, allowed_hosts: allowed } = one;
  const seconds = at(cloud.moveSeconds, number);
  const lead = at(cloud.leadSeconds, number);
  if (Math.abs(end - start - seconds) > ROUNDING)
    complain("move_time", start, { instance }, `the move of ${instance} takes ${end - start} s, and not ${seconds} s`);
  if (start < lead)
    complain("lead", start, { instance }, `${instance} moves at ${start} s, before its ${lead} s of notice are over`);
  if (!at(cloud.takes, to)) {
    const why = host.enabled ? `is of type ${host.type}` : "is disabled";
    complain("destination", start, { instance, host: host.host }, `${instance} moves to ${host.host}, which ${why}`);
  }
  if (allowed && !allowed.includes(host.host))
    complain("destination", start, { instance, host: host.host }, `${instance} is not allowed on ${host.host}`);
  const group = at(cloud.groupOf, number);
  if (at(cloud.maxImpacted, group) === 0) {
    const name = cloud.groupName[group] ?? "";
    complain("impacted", start, { instance, group: name }, `${instance} moves, and no member of ${name} may`);
  }
}

function judgeVisit(cloud: NumberedCloud, visit: NumberedVisit, complain: Complain): void {
  const { drainStart, emptyAt, actionStart, actionEnd } = visit;
  const { hosts, session } = cloud.snapshot;
  const host = hosts[visit.host]?.host ?? "";
  const seconds = at(cloud.actionSeconds, visit.host);
  if (drainStart < 0) complain("closed", drainStart, { host }, `${host} is drained before the plan begins`);
  if (emptyAt < drainStart)
    complain("empty", emptyAt, { host }, `${host} is called empty at ${emptyAt} s, before its drain begins`);
  if (actionStart < emptyAt)
    complain(
      "empty",
      actionStart,
      { host },
      `the action on ${host} begins ${emptyAt - actionStart} s before it is empty`,
    );
  if (Math.abs(actionEnd - actionStart - seconds) > ROUNDING) {
    const text = `the action on ${host} takes ${actionEnd - actionStart} s, and not ${seconds} s`;
    complain("action_time", actionStart, { host }, text);
  }
  const window = session.window_seconds;
  if (window !== null && actionEnd > window)
    complain("window", actionEnd, { host }, `the action on ${host} ends after the window of ${window} s`);
}

/**
 * "No move leaves a host between the last arrival there and its drain_start": without any arrival, none before it.
 * One that leaves before the last arrival has ended made room for it.
 */
function judgeDeclared(
  cloud: NumberedCloud,
  moves: readonly NumberedMove[],
  visits: readonly NumberedVisit[],
  complain: Complain,
): void {
  const drainStart = new Map(visits.map((visit) => [visit.host, visit.drainStart]));
  const lastArrival = new Map<number, number>();
  for (const { to, end } of moves) {
    const before = drainStart.get(to);
    if (before !== undefined && end <= before) lastArrival.set(to, Math.max(end, lastArrival.get(to) ?? 0));
  }
  for (const { instance: number, from, start } of moves) {
    const declared = drainStart.get(from);
    if (declared === undefined || start >= declared || start < (lastArrival.get(from) ?? 0)) continue;
    const host = cloud.snapshot.hosts[from]?.host ?? "";
    const instance = cloud.snapshot.instances[number]?.instance ?? "";
    const text = `${instance} leaves ${host} at ${start} s, but its drain is declared for ${declared} s`;
    complain("drain_declared", start, { host, instance }, text);
  }
}
