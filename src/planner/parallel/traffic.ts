/**
 * Which booked moves are under way. A move waits for its lead time, for a free slot out of its host and into its
 * destination, for its group to have a member to spare, and for the session's own limit of moves at once.
 */
import type { Agenda } from "./agenda.ts";
import { arrive, type Board } from "./board.ts";
import { type Moves, noMoves, record } from "./moves.ts";
import { queues, recoveries } from "./queues.ts";

/** Kinds of events on the agenda; an event is `subject * 4 + kind`. */
export const MOVE_ENDS = 0;
export const GROUP_RECOVERS = 1;
export const ACTION_ENDS = 2;
export const HOST_IS_DUE = 3;

export interface Traffic {
  readonly moves: Moves;
  /** The booked moves of a host may start from now on, in this order where nothing hinders. */
  readonly admit: (host: number, instances: readonly number[]) => void;
  /** Starts whatever may start at `now`. */
  readonly start: (now: number) => void;
  /** A move has ended; answers the host that the instance has left. */
  readonly end: (instance: number, now: number) => number;
  /** Somebody waits for a group of which a member has recovered. */
  readonly recover: (group: number) => void;
  /** The moves of the host deserve another look. */
  readonly lookAt: (host: number) => void;
  /** Whether anything is on its way out of the host, or booked to leave it. */
  readonly isLeft: (host: number) => boolean;
  /** Whether no move is under way. */
  readonly isQuiet: () => boolean;
  /** A move that began earlier, to where its instance is booked, ends at `end`. */
  readonly resume: (instance: number, end: number) => void;
  /** A member of the group that has moved recovers until then. */
  readonly recoverAt: (group: number, until: number) => void;
}

/** For how many moves per instance there is room from the start. */
const MOVES_EACH = 1.25;

/** New moves are written down after those that are `written`. */
export function traffic(board: Board, agenda: Agenda, written?: Moves): Traffic {
  const { cloud, at, booked } = board;
  // Most instances move once.
  const moves = written ?? noMoves(1 + Math.ceil(MOVES_EACH * cloud.instanceCount));
  const { hostCount, groupCount, group: groupOf, lead, maxImpacted, recovery, inbound, outbound } = cloud;
  const limit = cloud.snapshot.session.max_moves_at_once ?? Infinity;
  // The booked instances of each host that have not left: the first, the last, and who comes after whom (-1: nobody).
  const first = new Int32Array(hostCount).fill(-1);
  const last = new Int32Array(hostCount).fill(-1);
  const next = new Int32Array(cloud.instanceCount).fill(-1);
  const leaving = new Int32Array(hostCount);
  const entering = new Int32Array(hostCount);
  // Members that move or recover. Who has recovered is counted out when somebody asks; an event is due only for that.
  const impacted = new Int32Array(groupCount);
  const recovering = recoveries(groupCount);
  const isAwaited = new Uint8Array(groupCount);
  let underWay = 0;
  // Hosts whose queues deserve a look, in the order in which they came to deserve it.
  let due: number[] = [];
  const isDue = new Uint8Array(hostCount);
  // Who waits for what: hosts with a queued move that found no slot there.
  const waitForHost = queues(hostCount);
  const waitForGroup = queues(groupCount);
  let waitForAny: number[] = [];

  const lookAt = (host: number) => {
    if (isDue[host] === 1 || first[host] === -1) return;
    isDue[host] = 1;
    due.push(host);
  };

  const awaitGroup = (group: number) => {
    const until = recovering.next(group);
    if (isAwaited[group] === 1 || until === Infinity) return;
    isAwaited[group] = 1;
    agenda.enter(until, group * 4 + GROUP_RECOVERS);
  };

  const count = (instance: number, host: number) => {
    leaving[host]! += 1;
    entering[booked[instance]!]! += 1;
    impacted[groupOf[instance]!]! += 1;
    underWay += 1;
  };

  const begin = (instance: number, host: number, now: number) => {
    count(instance, host);
    const end = now + cloud.moveTime[instance]!;
    record(moves, instance, host, booked[instance]!, now, end);
    agenda.enter(end, instance * 4 + MOVE_ENDS);
  };

  /** Starts what may start of one host's queue and keeps the rest in order. */
  const pump = (host: number, now: number) => {
    const most = outbound[host]!;
    let before = -1;
    for (let instance = first[host]!; instance !== -1 && leaving[host]! < most;) {
      const after = next[instance]!;
      if (mayStart(instance, host, now)) {
        if (before === -1) first[host] = after;
        else next[before] = after;
        if (after === -1) last[host] = before;
        begin(instance, host, now);
      } else before = instance;
      instance = after;
    }
  };

  const mayStart = (instance: number, host: number, now: number): boolean => {
    if (lead[instance]! > now) return false; // The agenda has an entry for the end of the lead time.
    if (underWay >= limit) {
      if (waitForAny.at(-1) !== host) waitForAny.push(host);
      return false;
    }
    const group = groupOf[instance]!;
    if (impacted[group]! >= maxImpacted[group]!) {
      impacted[group]! -= recovering.takeUntil(group, now);
      if (impacted[group]! >= maxImpacted[group]!) {
        waitForGroup.join(group, host);
        awaitGroup(group);
        return false;
      }
    }
    const to = booked[instance]!;
    if (entering[to]! < inbound[to]!) return true;
    waitForHost.join(to, host);
    return false;
  };

  return {
    moves,
    admit(host, instances) {
      for (const instance of instances) {
        if (first[host] === -1) first[host] = instance;
        else next[last[host]!] = instance;
        next[instance] = -1;
        last[host] = instance;
      }
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
      const group = groupOf[instance]!;
      arrive(board, instance);
      leaving[from]! -= 1;
      entering[to]! -= 1;
      underWay -= 1;
      lookAt(from);
      waitForHost.dismiss(to, lookAt);
      if (waitForAny.length > 0) {
        const hosts = waitForAny;
        waitForAny = [];
        for (const host of hosts) lookAt(host);
      }
      if (recovery[group] === 0) impacted[group]! -= 1;
      else recovering.enter(group, now + recovery[group]!);
      if (waitForGroup.isEmpty(group)) return from;
      const recovered = recovering.takeUntil(group, now);
      impacted[group]! -= recovered;
      if (recovery[group] === 0 || recovered > 0) waitForGroup.dismiss(group, lookAt);
      else awaitGroup(group);
      return from;
    },
    recover(group) {
      isAwaited[group] = 0;
      waitForGroup.dismiss(group, lookAt);
    },
    lookAt,
    isLeft: (host) => first[host] !== -1 || leaving[host]! > 0,
    isQuiet: () => underWay === 0,
    resume(instance, end) {
      count(instance, at[instance]!);
      agenda.enter(end, instance * 4 + MOVE_ENDS);
    },
    recoverAt(group, until) {
      impacted[group]! += 1;
      recovering.enter(group, until);
    },
  };
}
