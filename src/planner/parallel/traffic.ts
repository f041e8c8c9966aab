/**
 * Which booked moves are under way. A move waits for its lead time, for a free slot out of its host and into its
 * destination, for its group to have a member to spare, and for the session's own limit of moves at once.
 */
import type { Agenda } from "./agenda.ts";
import { arrive, type Board } from "./board.ts";

/** Kinds of events on the agenda; an event is `subject * 4 + kind`. */
export const MOVE_ENDS = 0;
export const GROUP_RECOVERS = 1;
export const ACTION_ENDS = 2;
export const HOST_IS_DUE = 3;

/** All moves in the order of their starts; only the first `count` entries count. */
export interface Moves {
  count: number;
  instance: Int32Array;
  from: Int32Array;
  to: Int32Array;
  start: Float64Array;
}

export interface Traffic {
  readonly moves: Moves;
  /** The booked moves of a host may start from now on, in this order where nothing hinders. */
  readonly admit: (host: number, instances: readonly number[]) => void;
  /** Starts whatever may start at `now`. */
  readonly start: (now: number) => void;
  /** A move has ended; answers the host that the instance has left. */
  readonly end: (instance: number, now: number) => number;
  readonly recover: (group: number) => void;
  /** The moves of the host deserve another look. */
  readonly lookAt: (host: number) => void;
  /** Whether no move is under way. */
  readonly isQuiet: () => boolean;
  /** How many moves of the host have not ended. */
  readonly left: (host: number) => number;
}

export function traffic(board: Board, agenda: Agenda): Traffic {
  const { cloud, at, booked } = board;
  const limit = cloud.snapshot.session.max_moves_at_once ?? Infinity;
  const moves: Moves = {
    count: 0,
    instance: new Int32Array(1_024),
    from: new Int32Array(1_024),
    to: new Int32Array(1_024),
    start: new Float64Array(1_024),
  };
  const queue: number[][] = Array.from({ length: cloud.hostCount }, () => []);
  const left = new Int32Array(cloud.hostCount);
  const leaving = new Int32Array(cloud.hostCount);
  const entering = new Int32Array(cloud.hostCount);
  const impacted = new Int32Array(cloud.groupCount);
  let underWay = 0;
  // Hosts whose queues deserve a look, in the order in which they came to deserve it.
  let due: number[] = [];
  const isDue = new Uint8Array(cloud.hostCount);
  // Who waits for what: hosts with a queued move that found no slot there.
  const waitForHost = new Map<number, number[]>();
  const waitForGroup = new Map<number, number[]>();
  let waitForAny: number[] = [];

  const lookAt = (host: number) => {
    if (isDue[host] === 1) return;
    isDue[host] = 1;
    due.push(host);
  };
  const wake = (waiting: Map<number, number[]>, key: number) => {
    const hosts = waiting.get(key);
    if (!hosts) return;
    waiting.delete(key);
    for (const host of hosts) lookAt(host);
  };
  const waitFor = (waiting: Map<number, number[]>, key: number, host: number) => {
    const hosts = waiting.get(key);
    if (!hosts) waiting.set(key, [host]);
    else if (hosts.at(-1) !== host) hosts.push(host);
  };

  const begin = (instance: number, host: number, now: number) => {
    const to = booked[instance]!;
    leaving[host]! += 1;
    entering[to]! += 1;
    impacted[cloud.group[instance]!]! += 1;
    underWay += 1;
    record(moves, instance, host, to, now);
    agenda.enter(now + cloud.moveTime[instance]!, instance * 4 + MOVE_ENDS);
  };

  /** Starts what may start of one host's queue and keeps the rest in order. */
  const pump = (host: number, now: number) => {
    const waiting = queue[host]!;
    const most = cloud.outbound[host]!;
    let kept = 0;
    for (let index = 0; index < waiting.length; index++) {
      const instance = waiting[index]!;
      if (leaving[host]! < most && mayStart(instance, host, now)) begin(instance, host, now);
      else waiting[kept++] = instance;
    }
    waiting.length = kept;
  };

  const mayStart = (instance: number, host: number, now: number): boolean => {
    if (cloud.lead[instance]! > now) return false; // The agenda has an entry for the end of the lead time.
    if (underWay >= limit) {
      if (waitForAny.at(-1) !== host) waitForAny.push(host);
      return false;
    }
    const group = cloud.group[instance]!;
    if (impacted[group]! >= cloud.maxImpacted[group]!) {
      waitFor(waitForGroup, group, host);
      return false;
    }
    const to = booked[instance]!;
    if (entering[to]! < cloud.inbound[to]!) return true;
    waitFor(waitForHost, to, host);
    return false;
  };

  return {
    moves,
    admit(host, instances) {
      queue[host]!.push(...instances);
      left[host]! += instances.length;
      lookAt(host);
    },
    start(now) {
      while (due.length > 0) {
        const hosts = due;
        due = [];
        for (const host of hosts) {
          isDue[host] = 0;
          pump(host, now);
        }
      }
    },
    end(instance, now) {
      const [from, to] = [at[instance]!, booked[instance]!];
      const group = cloud.group[instance]!;
      arrive(board, instance);
      left[from]! -= 1;
      leaving[from]! -= 1;
      entering[to]! -= 1;
      underWay -= 1;
      lookAt(from);
      wake(waitForHost, to);
      for (const host of waitForAny) lookAt(host);
      waitForAny = [];
      if (cloud.recovery[group] === 0) this.recover(group);
      else agenda.enter(now + cloud.recovery[group]!, group * 4 + GROUP_RECOVERS);
      return from;
    },
    recover(group) {
      impacted[group]! -= 1;
      wake(waitForGroup, group);
    },
    lookAt,
    isQuiet: () => underWay === 0,
    left: (host) => left[host]!,
  };
}

function record(moves: Moves, instance: number, from: number, to: number, start: number): void {
  const at = moves.count++;
  if (at === moves.instance.length) {
    for (const field of ["instance", "from", "to"] as const) {
      const larger = new Int32Array(2 * at);
      larger.set(moves[field]);
      moves[field] = larger;
    }
    const larger = new Float64Array(2 * at);
    larger.set(moves.start);
    moves.start = larger;
  }
  moves.instance[at] = instance;
  moves.from[at] = from;
  moves.to[at] = to;
  moves.start[at] = start;
}
