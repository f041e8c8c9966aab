/**
 * Follows a plan from one of its seconds on. Drains begin when the plan says, in its order, and instances go where it
 * says; only what has become impossible is decided anew: another place, or a later drain.
 */
import { DRAINING, unbook, WAITING } from "./board.ts";
import { beginDrain, type Course, leave, type Listener, makeHole, maybeAct, mayBegin, nextSecond } from "./course.ts";
import { keepsReserveWhile, makeRoom } from "./defragment.ts";
import { emptyHost, instancesOn, takeAny, takeGoal } from "./emptying.ts";
import type { NumberedCloud } from "./numbered.ts";
import { drainedNow, ejections, goalOf, type Goals, goOn, type Past, resume } from "./resume.ts";
import { HOLES, probesAmong, resultOf, type Run } from "./run.ts";
import { HOST_IS_DUE } from "./traffic.ts";

/** How many late hosts are tried in vain at one moment: each look costs, and there is another one when a host is back. */
const MISSES = 8;

/**
 * How long a host waits beyond its turn, in seconds, for places that something late still takes. Who looks for another one
 * at once takes the places of others, and a few seconds at one host give half of the cloud other places.
 */
const PATIENCE = 300;

export function follow(cloud: NumberedCloud, past: Past, second: number): Run {
  const { course, goals } = resume(cloud, past, second);
  const { board, events, moving } = course;
  const probes = probesAmong(cloud.hostCount);
  const goal = (instance: number) => goalOf(goals, instance);
  let homeless = resumeDrains(course, goals, probes);
  const planned = past.begun.filter((host) => board.phase[host] === WAITING && cloud.planned[host] === 1);
  for (const host of planned) events.enter(Math.max(second, past.drainStart[host]!), host * 4 + HOST_IS_DUE);
  const holes = ejections(goals, past);
  for (const move of holes) events.enter(goals.moves.start[move]!, goals.moves.from[move]! * 4 + HOST_IS_DUE);
  // Whose turn has come, by the plan; those that could not begin wait for their next chance, first of all.
  let [turn, hole] = [0, 0];
  let late: number[] = [];
  let isWorthTrying = true;
  let holesLeft = HOLES;

  const isEarly = (host: number) => course.now < past.drainStart[host]! + PATIENCE;

  const tryStart = (host: number, most: number, isPatient: boolean) => {
    const emptied = emptyHost(board, host, { probes: most, twiceLeft: Infinity, goalOf: goal, isPatient });
    if (emptied.kind !== "booked") return false;
    for (const instance of emptied.instances) goOn(goals, instance);
    beginDrain(course, host, emptied.instances);
    return true;
  };

  /** What has lost its place on the way out of a host takes the next one that there is. */
  const shelter = () => {
    homeless = homeless.filter((instance) => {
      if (!takeAny(board, instance, { probes: Infinity, twiceLeft: Infinity })) return true;
      goOn(goals, instance);
      leave(course, board.at[instance]!, [instance]);
      return false;
    });
  };

  const start = () => {
    for (; hole < holes.length && goals.moves.start[holes[hole]!]! <= course.now; hole++)
      repeatEjection(course, goals, holes[hole]!);
    const waitedBefore = late.length;
    for (; turn < planned.length && past.drainStart[planned[turn]!]! <= course.now; turn++) late.push(planned[turn]!);
    if (!isWorthTrying && late.length === waitedBefore) return;
    if (isWorthTrying && homeless.length > 0) shelter();
    let misses = 0;
    for (const [index, host] of late.entries()) {
      // Those whose turn comes now are tried in any case, and after them the others for which anything has changed.
      const isNew = index >= waitedBefore;
      if ((!isNew && (!isWorthTrying || misses >= MISSES)) || !mayBegin(course, host)) continue;
      if (tryStart(host, probes, isEarly(host))) continue;
      if (isNew) events.enter(past.drainStart[host]! + PATIENCE, host * 4 + HOST_IS_DUE);
      else misses += 1;
    }
    late = late.filter((host) => board.phase[host] === WAITING);
    isWorthTrying = false;
    moving.start(course.now);
  };

  const startLastResort = (hosts: readonly number[]) =>
    hosts.some((host) => mayBegin(course, host) && tryStart(host, Infinity, false));

  const defragment = (hosts: readonly number[]) => {
    if (holesLeft === 0) return false;
    holesLeft -= 1;
    const ejected = makeRoom(
      board,
      hosts.filter((host) => mayBegin(course, host)),
      course.now,
    );
    makeHole(course, ejected);
    return ejected.length > 0;
  };

  const listener: Listener = {
    arrived: (host) => {
      isWorthTrying ||= moving.isQuiet() || (board.phase[host] === WAITING && board.arriving[host] === 0);
    },
    opened: () => {
      isWorthTrying = true;
    },
    due: (host) => {
      isWorthTrying ||= past.drainStart[host]! + PATIENCE === course.now;
    },
  };

  while (true) {
    moving.start(course.now);
    start();
    if (events.size() > 0) {
      nextSecond(course, listener);
      continue;
    }
    const left = waitingOf(course, late);
    isWorthTrying = true;
    if (!startLastResort(left) && !defragment(left)) return resultOf(course, [...left, ...stuckOf(course)]);
    late = late.filter((host) => board.phase[host] === WAITING);
  }
}

/** Books where the plan sends what is still on hosts that are being drained; answers what finds no place now. */
function resumeDrains(course: Course, goals: Goals, probes: number): number[] {
  const { board } = course;
  const hosts = drainedNow(course, goals);
  const leaving = hosts.map((host) => instancesOn(board, host).filter((instance) => board.booked[instance] === -1));
  const withoutGoal = leaving.flat().filter((instance) => !takeGoal(board, instance, goalOf(goals, instance)));
  const homeless = withoutGoal.filter((instance) => !takeAny(board, instance, { probes, twiceLeft: Infinity }));
  for (const [index, host] of hosts.entries()) {
    const booked = leaving[index]!.filter((instance) => board.booked[instance] !== -1);
    for (const instance of booked) goOn(goals, instance);
    leave(course, host, booked);
    maybeAct(course, host);
  }
  return homeless;
}

function repeatEjection(course: Course, goals: Goals, move: number): void {
  const { board, moving, now } = course;
  const { instance, from, to } = goals.moves;
  const one = instance[move]!;
  if (goals.next[one] !== move || board.at[one] !== from[move] || board.booked[one] !== -1) return;
  if (!board.rooms.has(from[move]!) || !takeGoal(board, one, to[move]!)) return;
  if (!keepsReserveWhile(board, one)) {
    unbook(board, one);
    return;
  }
  goOn(goals, one);
  makeHole(course, [one]);
  moving.start(now);
}

/** Planned hosts that wait: those whose turn has come, then the others. */
function waitingOf({ board: { cloud, phase } }: Course, late: readonly number[]): readonly number[] {
  const others = new Set(late);
  for (let host = 0; host < cloud.hostCount; host++)
    if (cloud.planned[host] === 1 && phase[host] === WAITING) others.add(host);
  return [...others];
}

/** Hosts whose drains have begun and cannot end. */
const stuckOf = ({ begun, board: { phase } }: Course): readonly number[] =>
  begun.filter((host) => phase[host] === DRAINING);
