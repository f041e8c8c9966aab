/** Finds a place for everything that is on a host, all or nothing. */
import { type Board, book, close, hasRoom, open, unbook } from "./board.ts";

export interface Emptying {
  /** How many hosts one instance looks at in a tier before it gives up there. */
  readonly probes: number;
  /** How many more moves may go to hosts that will be maintained later, and so will move again. */
  readonly twiceLeft: number;
  /** Whether waiting hosts are as welcome as others: then each instance draws lots between them. */
  readonly isBlind?: boolean;
}

export type Emptied =
  | { readonly kind: "booked"; readonly instances: readonly number[]; readonly twice: number }
  /** Everything is as it was. */
  | { readonly kind: "stuck"; readonly at: number }
  | { readonly kind: "short_of_reserve" };

/** The instances on a host, those that are hardest to place first. */
export function instancesOn({ cloud, first, next }: Board, host: number): number[] {
  const found: number[] = [];
  for (let instance = first[host]!; instance !== -1; instance = next[instance]!) found.push(instance);
  const classes = cloud.classes.length;
  const size = (instance: number) => cloud.demand[instance * classes + cloud.scarce]!;
  return found.toSorted((a, b) => size(b) - size(a) || a - b);
}

/** Closes the host and books a place for each of its instances; or leaves everything as it was and says why. */
export function emptyHost(board: Board, host: number, options: Emptying): Emptied {
  if (!keepsReserve(board, host)) return { kind: "short_of_reserve" };
  const wasOpen = board.rooms.has(host);
  close(board, host);
  const instances = instancesOn(board, host);
  let twice = 0;
  for (const [index, instance] of instances.entries()) {
    const isFirst = options.isBlind !== true || !drawsWaiting(board, instance);
    let to = isFirst ? findRoom(board, instance, true, options) : -1;
    if (to === -1 && twice < options.twiceLeft) {
      to = findRoom(board, instance, false, options);
      twice += 1;
    }
    if (to === -1 && !isFirst) to = findRoom(board, instance, true, options);
    if (to === -1) {
      for (let back = index - 1; back >= 0; back--) unbook(board, instances[back]!);
      if (wasOpen) open(board, host);
      return { kind: "stuck", at: instance };
    }
    book(board, instance, to);
  }
  return { kind: "booked", instances, twice };
}

/** A lot that falls on waiting hosts as often as they are among the open ones. */
const drawsWaiting = ({ rooms }: Board, instance: number): boolean =>
  (Math.imul(instance + 1, 0x9e37_79b1) >>> 0) / 4_294_967_296 < rooms.waitingShare();

/** How much a hole that is deep in one class and shallow in another is worse than one that is even. */
const UNEVEN = 3;

function findRoom(board: Board, instance: number, isSettled: boolean, { probes }: Emptying): number {
  const { cloud, free } = board;
  const { capacity, demand } = cloud;
  const classes = cloud.classes.length;
  return board.rooms.find(isSettled, instance, probes, (host) => {
    if (!hasRoom(board, instance, host)) return Infinity;
    let [sum, most, least] = [0, 0, 1];
    for (let k = 0, at = host * classes, want = instance * classes; k < classes; k++) {
      const all = capacity[at + k]!;
      if (all === 0 || all === Infinity) continue;
      const left = (free[at + k]! - demand[want + k]!) / all;
      sum += left;
      most = Math.max(most, left);
      least = Math.min(least, left);
    }
    return sum + UNEVEN * Math.max(0, most - least);
  });
}

/** The instances on a host that find no room when the others take theirs; everything is left as it was. */
export function withoutRoom(board: Board, host: number): readonly number[] {
  const wasOpen = board.rooms.has(host);
  close(board, host);
  const homeless: number[] = [];
  const placed: number[] = [];
  const everywhere = { probes: Infinity, twiceLeft: Infinity };
  for (const instance of instancesOn(board, host)) {
    const settled = findRoom(board, instance, true, everywhere);
    const to = settled === -1 ? findRoom(board, instance, false, everywhere) : settled;
    if (to === -1) homeless.push(instance);
    else {
      book(board, instance, to);
      placed.push(instance);
    }
  }
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
