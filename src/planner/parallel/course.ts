/**
 * The way of every host through its maintenance, whoever decides when a drain begins: moves end, hosts are empty, act,
 * and come back. A course is driven from one second with events to the next.
 */
import type { Agenda } from "./agenda.ts";
import { ACTING, type Board, DONE, DRAINING, open, WAITING } from "./board.ts";
import { largestFirst } from "./largest-first.ts";
import { ACTION_ENDS, GROUP_RECOVERS, HOST_IS_DUE, MOVE_ENDS, type Traffic } from "./traffic.ts";

export interface Course {
  readonly board: Board;
  readonly events: Agenda;
  readonly moving: Traffic;
  /** Per host, in seconds; -1 where it never came to that. */
  readonly drainStart: Float64Array;
  readonly emptyAt: Float64Array;
  readonly actionEnd: Float64Array;
  /** Per host: a second is judged by its end, so what takes no time keeps a host from the next thing for a second. */
  readonly restsUntil: Float64Array;
  /** Per host: 1 while something has left to make room there, and nothing has arrived yet; it may not be drained. */
  readonly hasHole: Uint8Array;
  /** Hosts in the order in which their drains began. */
  readonly begun: number[];
  /** Hosts between the start of their drains and the ends of their actions, in all and per zone. */
  busy: number;
  readonly zoneBusy: Int32Array;
  now: number;
  /** The last end of an action or of a move so far. */
  makespan: number;
}

/** What whoever decides wants to hear of. */
export interface Listener {
  readonly arrived: (host: number) => void;
  /** The host is back, and takes instances again. */
  readonly opened: (host: number) => void;
  readonly due: (host: number) => void;
}

export function newCourse(board: Board, events: Agenda, moving: Traffic): Course {
  const { hostCount, zoneCount } = board.cloud;
  const perHost = () => new Float64Array(hostCount).fill(-1);
  return {
    ...{ board, events, moving, begun: [], busy: 0, now: 0, makespan: 0 },
    ...{ drainStart: perHost(), emptyAt: perHost(), actionEnd: perHost() },
    restsUntil: new Float64Array(hostCount),
    hasHole: new Uint8Array(hostCount),
    zoneBusy: new Int32Array(zoneCount),
  };
}

/** Whether nothing but room stands in the way of draining a waiting host now. */
export function mayBegin({ board, moving, hasHole, restsUntil, busy, zoneBusy, now }: Course, host: number): boolean {
  const { max_hosts_at_once: most, max_hosts_at_once_per_zone: mostPerZone } = board.cloud.snapshot.session;
  return (
    board.phase[host] === WAITING &&
    board.arriving[host] === 0 &&
    hasHole[host] === 0 &&
    !moving.isLeft(host) &&
    restsUntil[host]! <= now &&
    busy < (most ?? Infinity) &&
    zoneBusy[board.cloud.zone[host]!]! < (mostPerZone ?? Infinity)
  );
}

/** Begins the drain of a host that is closed and whose instances have their places booked. */
export function beginDrain(course: Course, host: number, instances: readonly number[]): void {
  course.board.phase[host] = DRAINING;
  course.drainStart[host] = course.now;
  course.begun.push(host);
  occupy(course, host);
  leave(course, host, instances);
  maybeAct(course, host);
}

/** The host counts as one of those that are maintained at once. */
export function occupy(course: Course, host: number): void {
  course.busy += 1;
  course.zoneBusy[course.board.cloud.zone[host]!]! += 1;
}

/** Has instances whose places are booked leave a host: those that take long first. */
export function leave({ board: { cloud }, events, moving, now }: Course, host: number, of: readonly number[]): void {
  const { lead, moveTime } = cloud;
  // Most clouds have one lead time, if any, and an event for a host once is enough.
  let entered = now;
  for (const instance of of) {
    if (lead[instance]! <= now || lead[instance] === entered) continue;
    entered = lead[instance]!;
    events.enter(entered, host * 4 + HOST_IS_DUE);
  }
  moving.admit(host, largestFirst([...of], moveTime));
}

/** All that happens at the next second at which anything does. */
export function nextSecond(course: Course, listener: Listener): void {
  const { events } = course;
  course.now = events.nextTime();
  while (events.nextTime() === course.now) happen(course, events.take(), listener);
}

function happen(course: Course, what: number, listener: Listener): void {
  const { board, moving, now } = course;
  const { cloud } = board;
  const kind = what % 4;
  const subject = (what - kind) / 4;
  if (kind === MOVE_ENDS) {
    const to = board.booked[subject]!;
    course.makespan = now;
    maybeAct(course, moving.end(subject, now));
    course.hasHole[to] = 0;
    if (cloud.moveTime[subject] === 0) rest(course, to);
    listener.arrived(to);
  } else if (kind === GROUP_RECOVERS) moving.recover(subject);
  else if (kind === HOST_IS_DUE) {
    moving.lookAt(subject);
    if (board.phase[subject] === DONE && cloud.planned[subject] === 1) comeBack(course, subject, listener);
    listener.due(subject);
  } else {
    course.makespan = now;
    board.phase[subject] = DONE;
    course.actionEnd[subject] = now;
    course.busy -= 1;
    course.zoneBusy[cloud.zone[subject]!]! -= 1;
    if (cloud.action[subject] === 0) rest(course, subject);
    else comeBack(course, subject, listener);
  }
}

/** A host that nothing is left on begins its action. */
export function maybeAct({ board, events, emptyAt, now }: Course, host: number): void {
  if (board.phase[host] !== DRAINING || board.first[host] !== -1) return;
  board.phase[host] = ACTING;
  emptyAt[host] = now;
  events.enter(now + board.cloud.action[host]!, host * 4 + ACTION_ENDS);
}

export function rest({ events, restsUntil, now }: Course, host: number): void {
  restsUntil[host] = now + 1;
  events.enter(now + 1, host * 4 + HOST_IS_DUE);
}

/** Has instances leave an open host so that others find room there; their new places are booked. */
export function makeHole({ board, hasHole, moving }: Course, ejected: readonly number[]): void {
  for (const instance of ejected) {
    const from = board.at[instance]!;
    if (board.phase[from] === WAITING) hasHole[from] = 1;
    moving.admit(from, [instance]);
  }
}

function comeBack({ board }: Course, host: number, listener: Listener): void {
  if (board.rooms.has(host)) return;
  open(board, host);
  listener.opened(host);
}
