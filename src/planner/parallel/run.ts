/**
 * One run through the whole maintenance: event by event, hosts are emptied as soon as there is room for what is on
 * them, and what was booked moves as soon as it may.
 */
import { agenda } from "./agenda.ts";
import { type Board, setUp, WAITING } from "./board.ts";
import { beginDrain, type Course, type Listener, makeHole, mayBegin, newCourse, nextSecond } from "./course.ts";
import { makeRoom } from "./defragment.ts";
import { emptyHost, findsRoom } from "./emptying.ts";
import type { NumberedCloud } from "./numbered.ts";
import type { HostTimes } from "./order.ts";
import type { Moves } from "./moves.ts";
import { HOST_IS_DUE, traffic } from "./traffic.ts";

export interface Run {
  /** How things stood at the end, which says why hosts wait; null where none does. */
  readonly board: Board | null;
  /** In the order of their starts. */
  readonly moves: Moves;
  /** Hosts in the order in which their drains began. */
  readonly begun: readonly number[];
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
  /** Asked before a drain begins: whether the host had better wait for something else to happen. */
  readonly hesitates?: () => boolean;
  /** Chance, from 0 to 1: with it, an instance goes to any host that has room. */
  readonly chance?: () => number;
}

/** How many hosts are tried in vain at one moment, and more for each host that has come back: a look at each costs. */
const MISSES = 6;
const MISSES_PER_OPENING = 2;
/** In how many hosts an instance looks for room, per row of `rooms.ts`: large clouds offer enough good places early. */
export const probesAmong = (hosts: number): number => (hosts > 2_000 ? 12 : 48);
/** To look for a hole takes long; a cloud that needs more of them is better served by scaling in. */
export const HOLES = 60;

export function run(cloud: NumberedCloud, { times, order, twice, holes = HOLES, policy = {} }: RunOptions): Run {
  const board = setUp(cloud);
  const events = agenda();
  const moving = traffic(board, events);
  const course = newCourse(board, events, moving);
  const { hostCount } = cloud;
  const mostHosts = cloud.snapshot.session.max_hosts_at_once ?? Infinity;
  let twiceLeft = twice;
  // Whether anything has changed that may let another host go; if not, only hosts that nothing arrives at any more.
  let isWorthTrying = true;
  let idle: number[] = [];
  let holesLeft = holes;
  let openings = 0;
  let tried = 0;
  const probes = probesAmong(hostCount);
  const fails = new Uint8Array(hostCount);
  const tryAgainAt = new Float64Array(hostCount);
  const waiting = [...order];
  // Hosts in `waiting` that do not wait any more: taken out when they are many, since the list is long.
  let gone = 0;
  const leastCapacity = leastOf(cloud, waiting);

  // A drain that begins earlier would only close its host earlier.
  const dueAt = Float64Array.from({ length: hostCount }, (_, host) =>
    Math.max(0, Math.ceil(times.earliestEmpty[host]! - times.drain[host]!)),
  );
  for (const host of waiting) if (dueAt[host]! > 0) events.enter(dueAt[host]!, host * 4 + HOST_IS_DUE);

  // What found no place when the host was tried last: as long as it finds none, nothing else need be tried.
  const stuckAt = new Int32Array(hostCount).fill(-1);
  const tryStart = (host: number, probes: number, budget: number) => {
    const { isBlind = false, chance } = policy;
    const options = { probes, twiceLeft: budget, isBlind, chance };
    if (stuckAt[host] !== -1 && !findsRoom(board, stuckAt[host]!, options)) return false;
    const emptied = emptyHost(board, host, options);
    stuckAt[host] = emptied.kind === "stuck" ? emptied.at : -1;
    if (emptied.kind !== "booked") return false;
    twiceLeft = Math.max(0, twiceLeft - emptied.twice);
    beginDrain(course, host, emptied.instances);
    gone += 1;
    return true;
  };

  const takeOut = () => {
    let kept = 0;
    for (const host of waiting) if (board.phase[host] === WAITING) waiting[kept++] = host;
    waiting.length = kept;
    gone = 0;
  };

  const mayStart = (host: number) => dueAt[host]! <= course.now && mayBegin(course, host);

  /** Starts as many drains as there is room for, of these hosts in this order. */
  const startDrains = (candidates: readonly number[]) => {
    let misses = -MISSES_PER_OPENING * (openings - tried);
    tried = openings;
    let started = 0;
    for (const host of candidates) {
      if (tryAgainAt[host]! > openings || !mayStart(host) || policy.hesitates?.() === true) continue;
      if (tryStart(host, probes, twiceLeft)) {
        started += 1;
        if (course.busy >= mostHosts || !hasRoomFor(board, leastCapacity)) break;
        continue;
      }
      misses += 1;
      if (misses > MISSES) break;
      tryAgainAt[host] = openings + Math.min(1 << fails[host]!, 1 + (course.busy >> 3));
      fails[host] = Math.min(fails[host]! + 1, 6);
    }
    return started;
  };

  /** Nothing is under way any more: whatever it costs, one host has to go. */
  const startLastResort = () => waiting.some((host) => mayStart(host) && tryStart(host, Infinity, Infinity));

  /** Starts the moves that make a hole in another host, which then waits until something has filled it. */
  const defragment = () => {
    if (holesLeft === 0 || course.busy >= mostHosts) return false;
    holesLeft -= 1;
    const ejected = makeRoom(board, waiting.filter(mayStart), course.now);
    makeHole(course, ejected);
    moving.start(course.now);
    return ejected.length > 0;
  };

  const start = () => {
    if (policy.isSynchronous === true && course.busy > 0) return;
    const canStart = course.busy < mostHosts && waiting.length > gone && hasRoomFor(board, leastCapacity);
    const candidates = isWorthTrying ? waiting : idle;
    if (canStart && candidates.length > 0 && startDrains(candidates) > 0) moving.start(course.now);
    if (8 * gone > waiting.length) takeOut();
    isWorthTrying = false;
    idle = [];
  };

  const listener: Listener = {
    arrived(host) {
      if (board.phase[host] === WAITING && board.arriving[host] === 0) idle.push(host);
      isWorthTrying ||= moving.isQuiet();
    },
    opened() {
      openings += 1;
      isWorthTrying = true;
    },
    due() {
      isWorthTrying = true;
    },
  };

  while (true) {
    moving.start(course.now);
    start();
    if (events.size() > 0) {
      nextSecond(course, listener);
      continue;
    }
    if (startLastResort()) moving.start(course.now);
    else if (!defragment()) break;
  }
  takeOut();
  return resultOf(course, waiting);
}

/** What has come of a course in which nothing happens any more. */
export const resultOf = (course: Course, waiting: readonly number[]): Run => {
  const { moving, begun, drainStart, emptyAt, actionEnd, makespan } = course;
  const board = waiting.length === 0 ? null : course.board;
  return { board, moves: moving.moves, begun, drainStart, emptyAt, actionEnd, makespan, waiting };
};

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
