/**
 * The state of a cloud while it is maintained: who is where, what is free, what is booked.
 *
 * A host is waiting, then draining (closed to arrivals), acting, and done; hosts that the session leaves alone are done
 * from the start. A booking takes room at the destination at once, before its move begins, so that a drain that has
 * begun can always end. That is stricter than the rules, which count the room from the start of the move.
 */
import type { NumberedCloud } from "./numbered.ts";
import { type Rooms, rooms } from "./rooms.ts";
import { type Tally, tally } from "./tally.ts";

export const WAITING = 0;
export const DRAINING = 1;
export const ACTING = 2;
export const DONE = 3;

export interface Board {
  readonly cloud: NumberedCloud;
  /** Per host: WAITING, DRAINING, ACTING or DONE. */
  readonly phase: Uint8Array;
  /** `host * classes + class`: capacity without what is there or booked. */
  readonly free: Float64Array;
  /** Per class: the sum of `free` over the open hosts that limit the class. */
  readonly openFree: Float64Array;
  /** Per class: open hosts that do not limit it. */
  readonly openUnlimited: Int32Array;
  /** Per instance: where it is, and where a booking sends it (-1: nowhere). */
  readonly at: Int32Array;
  readonly booked: Int32Array;
  /** Per host: arrivals that are booked or under way. */
  readonly arriving: Int32Array;
  /** Instances on a host are a list: its first, and for each instance the next and the previous one (-1: none). */
  readonly first: Int32Array;
  readonly next: Int32Array;
  readonly previous: Int32Array;
  /** Members of anti-affine groups on a host, arriving and not yet departed, by `keyOf`. */
  readonly members: Tally;
  /** The open hosts, by what is free. */
  readonly rooms: Rooms;
}

/** Where the instances are and what the hosts do, at the start of the plan unless told otherwise. */
export interface Setting {
  readonly places: Int32Array;
  readonly phase: Uint8Array;
}

export const settingAtStart = ({ home, planned }: NumberedCloud): Setting => ({
  places: home,
  phase: planned.map((one) => (one === 1 ? WAITING : DONE)),
});

export function setUp(cloud: NumberedCloud, { places, phase } = settingAtStart(cloud)): Board {
  const { hostCount, instanceCount, classes } = cloud;
  const free = cloud.capacity.slice();
  const members = tally(limitedMembers(cloud));
  const board: Board = {
    cloud,
    phase,
    free,
    openFree: new Float64Array(classes.length),
    openUnlimited: new Int32Array(classes.length),
    at: new Int32Array(instanceCount).fill(-1),
    booked: new Int32Array(instanceCount).fill(-1),
    arriving: new Int32Array(hostCount),
    first: new Int32Array(hostCount).fill(-1),
    next: new Int32Array(instanceCount).fill(-1),
    previous: new Int32Array(instanceCount).fill(-1),
    members,
    rooms: rooms(cloud, free, (instance, host) => suits({ cloud, members }, instance, host)),
  };
  for (let instance = instanceCount - 1; instance >= 0; instance--) {
    const host = places[instance]!;
    use(board, instance, host, 1);
    settle(board, instance, host);
  }
  for (let host = 0; host < hostCount; host++) if (phase[host] === WAITING || phase[host] === DONE) open(board, host);
  return board;
}

function limitedMembers({ groupCount, groupSize, perHost }: NumberedCloud): number {
  let members = 0;
  for (let group = 0; group < groupCount; group++) if (perHost[group] !== Infinity) members += groupSize[group]!;
  return members;
}

/** From now on the host takes arrivals, if it is of those that do. */
export function open(board: Board, host: number): void {
  if (board.cloud.takes[host] === 0) return;
  countOpen(board, host, 1);
  board.rooms.enter(host, board.phase[host] === DONE);
}

/** From now on the host takes no arrivals. */
export function close(board: Board, host: number): void {
  if (!board.rooms.has(host)) return;
  countOpen(board, host, -1);
  board.rooms.leave(host);
}

function countOpen({ cloud, free, openFree, openUnlimited }: Board, host: number, sign: 1 | -1): void {
  const classes = cloud.classes.length;
  for (let k = 0; k < classes; k++) {
    const amount = free[host * classes + k]!;
    if (amount === Infinity) openUnlimited[k]! += sign;
    else openFree[k]! += sign * amount;
  }
}

/** Books room for the instance at an open host. */
export function book(board: Board, instance: number, host: number): void {
  board.booked[instance] = host;
  board.arriving[host]! += 1;
  use(board, instance, host, 1);
}

/** Takes a booking back. */
export function unbook(board: Board, instance: number): void {
  const host = board.booked[instance]!;
  board.booked[instance] = -1;
  board.arriving[host]! -= 1;
  use(board, instance, host, -1);
}

/** The move has ended: the instance is where its booking was. */
export function arrive(board: Board, instance: number): void {
  const { at, booked, arriving, first, next, previous } = board;
  const [from, to] = [at[instance]!, booked[instance]!];
  use(board, instance, from, -1);
  const [before, after] = [previous[instance]!, next[instance]!];
  if (before === -1) first[from] = after;
  else next[before] = after;
  if (after !== -1) previous[after] = before;
  settle(board, instance, to);
  booked[instance] = -1;
  arriving[to]! -= 1;
}

function settle({ at, first, next, previous }: Board, instance: number, host: number): void {
  const after = first[host]!;
  at[instance] = host;
  previous[instance] = -1;
  next[instance] = after;
  if (after !== -1) previous[after] = instance;
  first[host] = instance;
}

/** Counts an instance in (1) or out (-1) at a host. */
function use(board: Board, instance: number, host: number, sign: 1 | -1): void {
  const { cloud, free, openFree, members, rooms } = board;
  const classes = cloud.classes.length;
  const isOpen = rooms.has(host);
  for (let k = 0; k < classes; k++) {
    const amount = sign * cloud.demand[instance * classes + k]!;
    if (free[host * classes + k] === Infinity) continue;
    free[host * classes + k]! -= amount;
    if (isOpen) openFree[k]! -= amount;
  }
  if (isOpen) rooms.refresh(host);
  const group = cloud.group[instance]!;
  if (cloud.perHost[group] === Infinity) return;
  members.add(keyOf(cloud, group, host), sign);
}

/** Where `members` counts those of the group on the host. */
export const keyOf = ({ hostCount }: NumberedCloud, group: number, host: number): number => group * hostCount + host;

/** Whether the host has room for the instance, and its group and its allowed hosts agree. */
export function hasRoom(board: Board, instance: number, host: number): boolean {
  const { cloud, free } = board;
  const classes = cloud.classes.length;
  for (let k = 0, at = host * classes, want = instance * classes; k < classes; k++)
    if (cloud.demand[want + k]! > free[at + k]!) return false;
  return suits(board, instance, host);
}

/** Whether the instance may go to the host as far as that is not a matter of room. */
function suits({ cloud, members }: Pick<Board, "cloud" | "members">, instance: number, host: number): boolean {
  if (cloud.inbound[host] === 0) return false;
  if (cloud.allowed[instance]?.has(host) === false) return false;
  const group = cloud.group[instance]!;
  const perHost = cloud.perHost[group]!;
  return perHost === Infinity || members.get(keyOf(cloud, group, host)) < perHost;
}
