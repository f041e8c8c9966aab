/** A plan that is under way: the state of the cloud at one second of it, and where the instances are yet to go. */
import { agenda } from "./agenda.ts";
import { ACTING, book, close, DONE, DRAINING, setUp, WAITING } from "./board.ts";
import { type Course, newCourse, occupy } from "./course.ts";
import type { NumberedCloud } from "./numbered.ts";
import type { Run } from "./run.ts";
import { firstFrom, firstMoves, type Moves } from "./moves.ts";
import { ACTION_ENDS, HOST_IS_DUE, traffic } from "./traffic.ts";

export type Past = Pick<Run, "moves" | "begun" | "drainStart" | "emptyAt" | "actionEnd" | "makespan">;

export interface Resumed {
  readonly course: Course;
  readonly goals: Goals;
}

/** The moves of a plan that have not begun. */
export interface Goals {
  readonly moves: Moves;
  /** The number of the first of them. */
  readonly from: number;
  /** Per instance: the number of its next one, -1 when it has none; and per move, the one of the same instance after it. */
  readonly next: Int32Array;
  readonly after: Int32Array;
}

/** Whatever begins or ends at `second` has not done so yet. */
export function resume(cloud: NumberedCloud, past: Past, second: number): Resumed {
  const { moves } = past;
  const begun = firstFrom(moves, second);
  const places = cloud.home.slice();
  for (let move = 0; move < begun; move++)
    if (moves.end[move]! < second) places[moves.instance[move]!] = moves.to[move]!;
  const phase = Uint8Array.from({ length: cloud.hostCount }, (_, host) => phaseOf(cloud, past, host, second));
  const board = setUp(cloud, { places, phase });
  const events = agenda();
  const course = newCourse(board, events, traffic(board, events, firstMoves(moves, begun)));
  course.now = second;
  resumeHosts(course, past);
  resumeMoves(course, moves, begun);
  return { course, goals: goalsFrom(moves, begun, cloud.instanceCount) };
}

function phaseOf({ planned, action }: NumberedCloud, { drainStart, emptyAt }: Past, host: number, second: number) {
  if (planned[host] === 0) return DONE;
  if (drainStart[host]! < 0 || drainStart[host]! >= second) return WAITING;
  if (emptyAt[host]! < 0 || emptyAt[host]! >= second) return DRAINING;
  return emptyAt[host]! + action[host]! >= second ? ACTING : DONE;
}

function resumeHosts(course: Course, past: Past): void {
  const { board, events, begun, now } = course;
  const { cloud, phase } = board;
  for (const host of past.begun) {
    if (cloud.planned[host] === 0 || phase[host] === WAITING) continue;
    begun.push(host);
    course.drainStart[host] = past.drainStart[host]!;
    if (phase[host] !== DONE) occupy(course, host);
    if (phase[host] === DRAINING) continue;
    course.emptyAt[host] = past.emptyAt[host]!;
    const end = past.emptyAt[host]! + cloud.action[host]!;
    if (phase[host] === ACTING) events.enter(end, host * 4 + ACTION_ENDS);
    else {
      course.actionEnd[host] = end;
      course.makespan = Math.max(course.makespan, end);
      if (cloud.action[host] === 0 && end + 1 >= now) {
        close(board, host);
        restUntil(course, host, end + 1);
      }
    }
  }
}

function restUntil({ events, restsUntil }: Course, host: number, until: number): void {
  restsUntil[host] = Math.max(restsUntil[host]!, until);
  events.enter(until, host * 4 + HOST_IS_DUE);
}

/** Moves that are under way, members that recover, and holes that nothing has filled. */
function resumeMoves(course: Course, { instance, from, to, start, end }: Moves, begun: number): void {
  const { board, moving, hasHole, now } = course;
  const { cloud, phase } = board;
  const lastArrival = new Float64Array(cloud.hostCount).fill(-1);
  for (let move = 0; move < begun; move++) {
    const one = instance[move]!;
    const group = cloud.group[one]!;
    if (end[move]! >= now) {
      book(board, one, to[move]!);
      moving.resume(one, end[move]!);
      continue;
    }
    course.makespan = Math.max(course.makespan, end[move]!);
    lastArrival[to[move]!] = Math.max(lastArrival[to[move]!]!, end[move]!);
    if (end[move]! + cloud.recovery[group]! >= now) moving.recoverAt(group, end[move]! + cloud.recovery[group]!);
    if (end[move] === start[move] && end[move]! + 1 >= now) restUntil(course, to[move]!, end[move]! + 1);
  }
  for (let move = 0; move < begun; move++)
    if (phase[from[move]!] === WAITING && start[move]! >= lastArrival[from[move]!]!) hasHole[from[move]!] = 1;
}

function goalsFrom(moves: Moves, from: number, instanceCount: number): Goals {
  const next = new Int32Array(instanceCount).fill(-1);
  const after = new Int32Array(moves.count).fill(-1);
  for (let move = moves.count - 1; move >= from; move--) {
    const one = moves.instance[move]!;
    after[move] = next[one]!;
    next[one] = move;
  }
  return { moves, from, next, after };
}

/** Where the plan sends the instance next; -1: nowhere. */
export const goalOf = ({ moves, next }: Goals, instance: number): number =>
  next[instance] === -1 ? -1 : moves.to[next[instance]!]!;

/** The instance has a place, that one or another: from there it goes where it was meant to go next. */
export function goOn({ next, after }: Goals, instance: number): void {
  if (next[instance] !== -1) next[instance] = after[next[instance]!]!;
}

/** Moves from hosts that are not being drained when they begin: they make room for something. */
export function ejections({ moves, from }: Goals, { drainStart, emptyAt }: Past): readonly number[] {
  const found: number[] = [];
  for (let move = from; move < moves.count; move++) {
    const host = moves.from[move]!;
    const isDrain = drainStart[host]! >= 0 && moves.start[move]! >= drainStart[host]!;
    if (!isDrain || moves.start[move]! > emptyAt[host]!) found.push(move);
  }
  return found;
}

/** Hosts that are being drained at the second at which the course resumes, in the order of the moves that come next. */
export function drainedNow({ board, begun }: Course, { next, moves }: Goals): number[] {
  const first = (host: number) => {
    let least = moves.count;
    for (let one = board.first[host]!; one !== -1; one = board.next[one]!)
      if (next[one] !== -1) least = Math.min(least, next[one]!);
    return least;
  };
  return begun
    .filter((host) => board.phase[host] === DRAINING)
    .map((host) => ({ host, first: first(host) }))
    .toSorted((a, b) => a.first - b.first)
    .map(({ host }) => host);
}
