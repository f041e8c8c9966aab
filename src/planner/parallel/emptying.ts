/** Finds a place for everything that is on a host, all or nothing. */
import { type Board, book, close, hasRoom, open, unbook } from "./board.ts";
import { largestFirst } from "./largest-first.ts";
import type { NumberedCloud } from "./numbered.ts";

export interface Emptying {
  /** How many hosts one instance looks at in a tier before it gives up there. */
  readonly probes: number;
  /** How many more moves may go to hosts that will be maintained later, and so will move again. */
  readonly twiceLeft: number;
  /** Whether waiting hosts are as welcome as others: then each instance draws lots between them. */
  readonly isBlind?: boolean;
  /** Chance, from 0 to 1: with it, an instance goes to any host that has room. */
  readonly chance?: (() => number) | undefined;
  /** Where an instance goes when there is room, before others look for any; -1: it has no such place. */
  readonly goalOf?: (instance: number) => number;
  /** Whether nothing leaves the host while such a place is not to be had. */
  readonly isPatient?: boolean;
}

export type Emptied =
  | { readonly kind: "booked"; readonly instances: readonly number[]; readonly twice: number }
  /** Everything is as it was. */
  | { readonly kind: "stuck"; readonly at: number }
  | { readonly kind: "short_of_reserve" };

/** The instances on a host, those that are hardest to place first. */
export const instancesOn = (board: Board, host: number): number[] => hardestFirst(board.cloud, unsorted(board, host));

function unsorted({ first, next }: Board, host: number): number[] {
  const found: number[] = [];
  for (let instance = first[host]!; instance !== -1; instance = next[instance]!) found.push(instance);
  return found;
}

function hardestFirst({ classes, demand, scarce }: NumberedCloud, instances: number[]): number[] {
  return largestFirst(instances, demand, classes.length, scarce);
}

/** Closes the host and books a place for each of its instances; or leaves everything as it was and says why. */
export function emptyHost(board: Board, host: number, options: Emptying): Emptied {
  if (!keepsReserve(board, host)) return { kind: "short_of_reserve" };
  const wasOpen = board.rooms.has(host);
  close(board, host);
  const instances = unsorted(board, host);
  const homeless = withoutGoal(board, instances, options);
  const giveUp = (at: number): Emptied => {
    for (const one of instances) if (board.booked[one] !== -1) unbook(board, one);
    if (wasOpen) open(board, host);
    return { kind: "stuck", at };
  };
  if (homeless === null) return giveUp(-1);
  hardestFirst(board.cloud, homeless);
  let twice = 0;
  for (const instance of homeless) {
    if (options.chance) {
      const any = anyRoom(board, instance, options.chance);
      if (any === -1) return giveUp(instance);
      book(board, instance, any);
      continue;
    }
    const isFirst = options.isBlind !== true || !drawsWaiting(board, instance);
    let to = isFirst ? findRoom(board, instance, true, options) : -1;
    if (to === -1 && twice < options.twiceLeft) {
      to = findRoom(board, instance, false, options);
      twice += 1;
    }
    if (to === -1 && !isFirst) to = findRoom(board, instance, true, options);
    if (to === -1) return giveUp(instance);
    book(board, instance, to);
  }
  return { kind: "booked", instances, twice };
}

/** Those that did not get their goals; null when one of them is worth waiting for. */
function withoutGoal(board: Board, instances: readonly number[], { goalOf, isPatient }: Emptying): number[] | null {
  if (!goalOf) return [...instances];
  const homeless: number[] = [];
  for (const instance of instances) {
    const goal = goalOf(instance);
    if (takeGoal(board, instance, goal)) continue;
    // A host that takes nothing any more is not waited for.
    if (isPatient === true && goal !== -1 && board.cloud.takes[goal] === 1) return null;
    homeless.push(instance);
  }
  return homeless;
}

/** Books the place that the instance was meant to have, if it is still to be had. */
export function takeGoal(board: Board, instance: number, goal: number): boolean {
  if (goal === -1 || !board.rooms.has(goal) || !hasRoom(board, instance, goal)) return false;
  book(board, instance, goal);
  return true;
}

/** Books the best place for one instance, on settled hosts first; false when there is none. */
export function takeAny(board: Board, instance: number, options: Emptying): boolean {
  const settled = findRoom(board, instance, true, options);
  const to = settled === -1 ? findRoom(board, instance, false, options) : settled;
  if (to === -1) return false;
  book(board, instance, to);
  return true;
}

/** A lot that falls on waiting hosts as often as they are among the open ones. */
const drawsWaiting = ({ rooms }: Board, instance: number): boolean =>
  (Math.imul(instance + 1, 0x9e37_79b1) >>> 0) / 4_294_967_296 < rooms.waitingShare();

const findRoom = ({ at, rooms }: Board, instance: number, isSettled: boolean, { probes }: Emptying): number =>
  rooms.find(isSettled, instance, at[instance]!, probes);

/** One of the open hosts with room, by chance; -1 when there is none. It looks at every host: for tiny clouds. */
function anyRoom(board: Board, instance: number, chance: () => number): number {
  let [found, count] = [-1, 0];
  for (let host = 0; host < board.cloud.hostCount; host++) {
    if (host === board.at[instance] || !board.rooms.has(host) || !hasRoom(board, instance, host)) continue;
    count += 1;
    if (chance() * count < 1) found = host;
  }
  return found;
}

/** Whether there is a place for the instance when nothing else is placed before; nothing is booked. */
export const findsRoom = (board: Board, instance: number, options: Emptying): boolean =>
  findRoom(board, instance, true, options) !== -1 ||
  (options.twiceLeft > 0 && findRoom(board, instance, false, options) !== -1);

/** The instances on a host that find no room when the others take theirs; everything is left as it was. */
export function withoutRoom(board: Board, host: number): readonly number[] {
  const wasOpen = board.rooms.has(host);
  close(board, host);
  const homeless: number[] = [];
  const placed: number[] = [];
  const everywhere = { probes: Infinity, twiceLeft: Infinity };
  for (const instance of instancesOn(board, host))
    if (takeAny(board, instance, everywhere)) placed.push(instance);
    else homeless.push(instance);
  for (const instance of placed.toReversed()) unbook(board, instance);
  if (wasOpen) open(board, host);
  return homeless;
}

/** Whether the open hosts still have the reserve free when this one is closed and its load is theirs. */
export function keepsReserve(board: Board, host: number): boolean {
  const { cloud, free, openFree, openUnlimited, rooms, first, next } = board;
  const classes = cloud.classes.length;
  const isOpen = rooms.has(host);
  for (let k = 0; k < classes; k++) {
    const own = isOpen ? free[host * classes + k]! : 0;
    if (openUnlimited[k]! - (own === Infinity ? 1 : 0) > 0) continue;
    let rest = openFree[k]! - (own === Infinity ? 0 : own);
    for (let instance = first[host]!; instance !== -1; instance = next[instance]!)
      rest -= cloud.demand[instance * classes + k]!;
    if (rest < cloud.reserve[k]!) return false;
  }
  return true;
}
