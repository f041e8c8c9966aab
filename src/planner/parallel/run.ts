/**
 * One run through the whole maintenance: event by event, hosts are emptied as soon as there is room for what is on
 * them, and what was booked moves as soon as it may.
 */
import { type Agenda, agenda } from "./agenda.ts";
import { ACTING, type Board, DONE, DRAINING, open, setUp, WAITING } from "./board.ts";
import { makeRoom } from "./defragment.ts";
import { emptyHost } from "./emptying.ts";
import type { NumberedCloud } from "./numbered.ts";
import type { HostTimes } from "./order.ts";
import { ACTION_ENDS, GROUP_RECOVERS, HOST_IS_DUE, MOVE_ENDS, type Moves, type Traffic, traffic } from "./traffic.ts";

export interface Run {
  readonly board: Board;
  readonly moves: Moves;
  /** Per host, -1 where it never came to that. */
  readonly drainStart: Float64Array;
  readonly emptyAt: Float64Array;
  readonly actionEnd: Float64Array;
  /** The last end of an action or of a move. */
  readonly makespan: number;
  /** Hosts that could not be emptied. */
  readonly waiting: readonly number[];
}

export interface RunOptions {
  readonly times: HostTimes;
  /** All planned hosts, in the order in which they are tried. */
  readonly order: readonly number[];
  /** Moves to hosts that are maintained later; when nothing else helps, more are made. */
  readonly twice: number;
  /** How often room is made where nothing fits: each time costs a move more at least. */
  readonly holes?: number;
  /** Other people's ways of doing it, to compare with. */
  readonly policy?: Policy;
}

export interface Policy {
  /** Hosts go in waves: the next one begins when every host of the last one is back. */
  readonly isSynchronous?: boolean;
  /** Destinations are chosen without a look at whether they will be maintained later. */
  readonly isBlind?: boolean;
}

/** How many hosts are tried in vain at one moment, and more for each host that has come back: a look at each costs. */
const MISSES = 6;
const MISSES_PER_OPENING = 2;
/** In how many hosts an instance looks for room, per row of `rooms.ts`: large clouds offer enough good places early. */
const PROBES = 48;
const PROBES_OF_MANY = 12;
const MANY = 2_000;
/** To look for a hole takes long; a cloud that needs more of them is better served by scaling in. */
const HOLES = 60;

export function run(cloud: NumberedCloud, { times, order, twice, holes = HOLES, policy = {} }: RunOptions): Run {
  const board = setUp(cloud);
  const events: Agenda = agenda();
  const moving: Traffic = traffic(board, events);
  const { hostCount } = cloud;
  const { session } = cloud.snapshot;
  const drainStart = new Float64Array(hostCount).fill(-1);
  const emptyAt = new Float64Array(hostCount).fill(-1);
  const actionEnd = new Float64Array(hostCount).fill(-1);
  // A second is judged by its end, so what takes no time at all keeps a host from the next thing for a second.
  const restsUntil = new Float64Array(hostCount);
  const zoneBusy = new Int32Array(cloud.zoneCount);
  const mostHosts = session.max_hosts_at_once ?? Infinity;
  const mostPerZone = session.max_hosts_at_once_per_zone ?? Infinity;
  let busy = 0;
  let now = 0;
  let makespan = 0;
  let twiceLeft = twice;
  // Whether anything has changed that may let another host go; if not, only hosts that nothing arrives at any more.
  let isWorthTrying = true;
  let idle: number[] = [];
  // A drain is declared when it begins: from a host that something has left, nothing leaves before something arrived.
  const hasHole = new Uint8Array(hostCount);
  let holesLeft = holes;
  let openings = 0;
  let tried = 0;
  const probes = hostCount > MANY ? PROBES_OF_MANY : PROBES;
  const fails = new Uint8Array(hostCount);
  const tryAgainAt = new Float64Array(hostCount);
  let waiting = [...order];
  const leastCapacity = leastOf(cloud, waiting);

  // A drain that begins earlier would only close its host earlier.
  const dueAt = Float64Array.from({ length: hostCount }, (_, host) =>
    Math.max(0, times.earliestEmpty[host]! - times.drain[host]!),
  );
  for (const host of waiting) if (dueAt[host]! > 0) events.enter(dueAt[host]!, host * 4 + HOST_IS_DUE);

  const maybeAct = (host: number) => {
    if (board.phase[host] !== DRAINING || moving.left(host) > 0) return;
    board.phase[host] = ACTING;
    emptyAt[host] = now;
    events.enter(now + cloud.action[host]!, host * 4 + ACTION_ENDS);
  };

  const tryStart = (host: number, probes: number, budget: number) => {
    const emptied = emptyHost(board, host, { probes, twiceLeft: budget, isBlind: policy.isBlind === true });
    if (emptied.kind !== "booked") return false;
    twiceLeft = Math.max(0, twiceLeft - emptied.twice);
    board.phase[host] = DRAINING;
    drainStart[host] = now;
    busy += 1;
    zoneBusy[cloud.zone[host]!]! += 1;
    const { instances } = emptied;
    for (const lead of new Set(instances.map((instance) => cloud.lead[instance]!)))
      if (lead > now) events.enter(lead, host * 4 + HOST_IS_DUE);
    moving.admit(
      host,
      instances.toSorted((a, b) => cloud.moveTime[b]! - cloud.moveTime[a]! || a - b),
    );
    maybeAct(host);
    return true;
  };

  const mayStart = (host: number) =>
    board.arriving[host] === 0 &&
    dueAt[host]! <= now &&
    restsUntil[host]! <= now &&
    zoneBusy[cloud.zone[host]!]! < mostPerZone;

  /** Starts as many drains as there is room for, of these hosts in this order. */
  const startDrains = (candidates: readonly number[]) => {
    let misses = -MISSES_PER_OPENING * (openings - tried);
    tried = openings;
    let started = 0;
    for (const host of candidates) {
      if (tryAgainAt[host]! > openings || !mayStart(host)) continue;
      if (tryStart(host, probes, twiceLeft)) {
        started += 1;
        if (busy >= mostHosts || !hasRoomFor(board, leastCapacity)) break;
        continue;
      }
      misses += 1;
      if (misses > MISSES) break;
      tryAgainAt[host] = openings + Math.min(1 << fails[host]!, 1 + (busy >> 3));
      fails[host] = Math.min(fails[host]! + 1, 6);
    }
    return started;
  };

  /** Nothing is under way any more: whatever it costs, one host has to go. */
  const startLastResort = () => waiting.some((host) => mayStart(host) && tryStart(host, Infinity, Infinity));

  /** Starts the moves that make a hole in another host, which then waits until something has filled it. */
  const defragment = () => {
    if (holesLeft === 0 || busy >= mostHosts) return false;
    holesLeft -= 1;
    const ejected = makeRoom(board, waiting.filter(mayStart), now);
    for (const instance of ejected) {
      const from = board.at[instance]!;
      hasHole[from] = 1;
      moving.admit(from, [instance]);
    }
    moving.start(now);
    return ejected.length > 0;
  };

  const start = () => {
    if (policy.isSynchronous === true && busy > 0) return;
    const canStart = busy < mostHosts && waiting.length > 0 && hasRoomFor(board, leastCapacity);
    const candidates = isWorthTrying ? waiting : idle;
    if (canStart && candidates.length > 0 && startDrains(candidates) > 0) {
      waiting = waiting.filter((host) => board.phase[host] === WAITING);
      moving.start(now);
    }
    isWorthTrying = false;
    idle = [];
  };

  const happen = (what: number) => {
    const kind = what % 4;
    const subject = (what - kind) / 4;
    if (kind === MOVE_ENDS) {
      const to = board.booked[subject]!;
      makespan = now;
      maybeAct(moving.end(subject, now));
      if (board.phase[to] === WAITING && board.arriving[to] === 0) idle.push(to);
      hasHole[to] = 0;
      isWorthTrying ||= moving.isQuiet();
      if (cloud.moveTime[subject] === 0) rest(to);
    } else if (kind === GROUP_RECOVERS) moving.recover(subject);
    else if (kind === HOST_IS_DUE) {
      moving.lookAt(subject);
      if (board.phase[subject] === DONE && cloud.planned[subject] === 1) comeBack(subject);
      isWorthTrying = true;
    } else {
      makespan = now;
      board.phase[subject] = DONE;
      actionEnd[subject] = now;
      busy -= 1;
      zoneBusy[cloud.zone[subject]!]! -= 1;
      if (cloud.action[subject] === 0) rest(subject);
      else comeBack(subject);
    }
  };

  const rest = (host: number) => {
    restsUntil[host] = now + 1;
    events.enter(now + 1, host * 4 + HOST_IS_DUE);
  };

  const comeBack = (host: number) => {
    if (board.rooms.has(host)) return;
    open(board, host);
    openings += 1;
    isWorthTrying = true;
  };

  while (true) {
    moving.start(now);
    start();
    if (events.size() === 0) {
      if (!startLastResort()) {
        if (!defragment()) break;
        continue;
      }
      waiting = waiting.filter((host) => board.phase[host] === WAITING);
      moving.start(now);
      continue;
    }
    now = events.nextTime();
    while (events.nextTime() === now) happen(events.take());
  }
  return { board, moves: moving.moves, drainStart, emptyAt, actionEnd, makespan, waiting };
}

/** Per class, what the smallest of these hosts has; a host that takes nothing is no loss when it closes. */
function leastOf({ classes, capacity, takes }: NumberedCloud, hosts: readonly number[]): Float64Array {
  const least = new Float64Array(classes.length).fill(Infinity);
  for (const host of hosts)
    for (let k = 0; k < least.length; k++)
      least[k] = takes[host] === 1 ? Math.min(least[k]!, capacity[host * least.length + k]!) : 0;
  return least;
}

/** A host that is closed takes its whole capacity out of what is free; where that is not there, no host can go. */
const hasRoomFor = ({ openFree, openUnlimited, cloud }: Board, capacity: Float64Array): boolean =>
  capacity.every(
    (amount, k) => openUnlimited[k]! > 0 || amount === Infinity || openFree[k]! - cloud.reserve[k]! >= amount,
  );
