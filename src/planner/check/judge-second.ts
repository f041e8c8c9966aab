/** What must hold after everything of one second has happened. */
import { at, type NumberedCloud } from "./numbered-cloud.ts";
import type { NumberedMove, NumberedVisit } from "./numbered-plan.ts";
import type { SweepState } from "./sweep-state.ts";
import type { Complain } from "./violation.ts";

/** What happened in one second, as far as it can break something; and what was free before it. */
export interface Second {
  readonly arrivals: NumberedMove[];
  /** Hosts from or to which moves began. */
  readonly hosts: Set<number>;
  readonly groups: Set<number>;
  readonly closings: number[];
  /** Visits whose hosts are called empty from now on. */
  readonly emptied: NumberedVisit[];
  readonly freeBefore: Float64Array;
}

export const newSecond = ({ free }: SweepState): Second => ({
  arrivals: [],
  hosts: new Set(),
  groups: new Set(),
  closings: [],
  emptied: [],
  freeBefore: free.slice(),
});

export function judgeSecond(
  cloud: NumberedCloud,
  state: SweepState,
  second: Second,
  now: number,
  complain: Complain,
): void {
  for (const move of second.arrivals) judgeArrival(cloud, state, move, complain);
  for (const host of new Set(second.arrivals.map(({ to }) => to))) judgeRoom(cloud, state, host, now, complain);
  for (const host of second.hosts) judgeTraffic(cloud, state, host, now, complain);
  for (const group of second.groups) judgeImpact(cloud, state, group, now, complain);
  for (const host of second.closings) judgeClosing(cloud, state, host, { ...second, now }, complain);
  for (const visit of second.emptied) judgeEmpty(cloud, state, visit, { ...second, now }, complain);
  judgeReserve(cloud, state, second.freeBefore, now, complain);
  if (second.closings.length > 0) judgeHostsAtOnce(cloud, state, now, complain);
  const { max_moves_at_once: max } = cloud.snapshot.session;
  if (max !== null && second.arrivals.length > 0 && state.movesUnderWay > max)
    complain("moves_at_once", now, {}, `${state.movesUnderWay} moves are under way, ${max} are allowed`);
}

function judgeArrival(
  cloud: NumberedCloud,
  { closed, members }: SweepState,
  { instance: number, to, start }: NumberedMove,
  complain: Complain,
): void {
  const { hosts, instances } = cloud.snapshot;
  const host = hosts[to]?.host ?? "";
  const instance = instances[number]?.instance ?? "";
  if (at(closed, to)) complain("closed", start, { host, instance }, `${instance} moves to ${host}, which is closed`);
  const group = at(cloud.groupOf, number);
  const max = at(cloud.maxPerHost, group);
  const now = members.get(group * hosts.length + to) ?? 0;
  if (max === Infinity || now <= max) return;
  const name = cloud.groupName[group] ?? "";
  const text = `${instance} comes to ${host}, which then has ${now} members of ${name}; ${max} may be there`;
  complain("anti_affinity", start, { host, instance, group: name }, text);
}

/** Judged where something arrives: a host may hold too much from the start, and only what arrives makes it more. */
function judgeRoom(
  { classes, capacity, snapshot }: NumberedCloud,
  { held }: SweepState,
  number: number,
  now: number,
  complain: Complain,
): void {
  const host = snapshot.hosts[number]?.host ?? "";
  for (const [k, name] of classes.entries()) {
    const [has, room] = [at(held, number * classes.length + k), at(capacity, number * classes.length + k)];
    if (has > room) complain("capacity", now, { host }, `${host} holds ${has} ${name}, and has ${room}`);
  }
}

function judgeTraffic(
  cloud: NumberedCloud,
  { outbound, inbound }: SweepState,
  number: number,
  now: number,
  complain: Complain,
): void {
  const host = cloud.snapshot.hosts[number]?.host ?? "";
  const [out, outMax] = [at(outbound, number), at(cloud.outboundMoves, number)];
  const [into, intoMax] = [at(inbound, number), at(cloud.inboundMoves, number)];
  if (out > outMax) complain("outbound", now, { host }, `${out} moves leave ${host} at once, ${outMax} are allowed`);
  if (into > intoMax)
    complain("inbound", now, { host }, `${into} moves arrive at ${host} at once, ${intoMax} are allowed`);
}

function judgeImpact(
  cloud: NumberedCloud,
  { impacted }: SweepState,
  number: number,
  now: number,
  complain: Complain,
): void {
  const group = cloud.groupName[number] ?? "";
  const [members, max] = [at(impacted, number), at(cloud.maxImpacted, number)];
  // That none may be touched is told for each of its moves.
  if (members > max && max > 0)
    complain("impacted", now, { group }, `${members} members of ${group} are impacted at once, ${max} may be`);
}

/** Moves that begin to arrive at the very second of the closing are told as arrivals. */
function judgeClosing(
  { snapshot }: NumberedCloud,
  { inbound }: SweepState,
  number: number,
  { arrivals, now }: { readonly arrivals: readonly NumberedMove[]; readonly now: number },
  complain: Complain,
): void {
  const host = snapshot.hosts[number]?.host ?? "";
  const under = at(inbound, number) - arrivals.filter(({ to, start, end }) => to === number && end > start).length;
  if (under > 0) complain("closed", now, { host }, `${host} is closed while ${under} moves to it are under way`);
}

/** After an action that takes no time the host is open at the same second: what begins to arrive then may. */
function judgeEmpty(
  { snapshot }: NumberedCloud,
  { present, place }: SweepState,
  { host: number, actionEnd }: NumberedVisit,
  { arrivals, now }: { readonly arrivals: readonly NumberedMove[]; readonly now: number },
  complain: Complain,
): void {
  const welcome = actionEnd <= now ? arrivals.filter(({ to }) => to === number).length : 0;
  const there = at(present, number) - welcome;
  if (there === 0) return;
  const host = snapshot.hosts[number]?.host ?? "";
  const example = snapshot.instances[place.indexOf(number)]?.instance ?? null;
  complain("empty", now, { host, instance: example }, `${host} is called empty, and has ${there} instances`);
}

/** Too little may be free from the start; then it must not become less. */
function judgeReserve(
  { classes, reserve }: NumberedCloud,
  { free, unlimited }: SweepState,
  before: Float64Array,
  now: number,
  complain: Complain,
): void {
  for (const [k, name] of classes.entries()) {
    const [left, kept] = [at(free, k), at(reserve, k)];
    if (at(unlimited, k) === 0 && left < kept && left < at(before, k))
      complain("reserve", now, {}, `${left} ${name} are free on all hosts together, ${kept} are to be kept`);
  }
}

function judgeHostsAtOnce({ snapshot }: NumberedCloud, state: SweepState, now: number, complain: Complain): void {
  const { hosts, session } = snapshot;
  const { max_hosts_at_once: max, max_hosts_at_once_per_zone: perZone } = session;
  if (max !== null && state.closedHosts > max)
    complain("hosts_at_once", now, {}, `${state.closedHosts} hosts are closed at once, ${max} may be`);
  if (perZone === null) return;
  const closed = new Map<string, number>();
  for (const [number, { zone }] of hosts.entries())
    if (at(state.closed, number)) closed.set(zone ?? "", (closed.get(zone ?? "") ?? 0) + 1);
  for (const [zone, there] of closed)
    if (there > perZone)
      complain("zone_hosts_at_once", now, {}, `${there} hosts of zone ${zone} are closed at once, ${perZone} may be`);
}
