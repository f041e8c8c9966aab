/**
 * Makes room where nothing fits: some small instances of one host go elsewhere, so that a hole becomes as large as what
 * has to go there. The chains are one link long; the next hole is made when this one is there and still nothing fits.
 */
import { type Board, book, hasRoom, keyOf, unbook } from "./board.ts";
import { instancesOn, withoutRoom } from "./emptying.ts";

/** More hosts are not looked at for the one that is nearest to being emptied. */
const CANDIDATES = 24;
/** More instances do not leave one host for one hole. */
const LINKS = 4;

/** The moves that make a hole for what keeps one of these hosts from being emptied, booked; none where there is no way. */
export function makeRoom(board: Board, hosts: readonly number[], now: number): readonly number[] {
  const stuck = hosts
    .slice(0, CANDIDATES)
    .map((host) => ({ host, homeless: withoutRoom(board, host) }))
    .filter(({ homeless }) => homeless.length > 0)
    .toSorted((a, b) => a.homeless.length - b.homeless.length);
  for (const { host, homeless } of stuck) {
    const ejected = makeHole(board, host, homeless[0]!, now);
    if (ejected.length > 0) return ejected;
  }
  return [];
}

/** Looks for the host where the fewest instances have to leave, first among those that are maintained already. */
function makeHole(board: Board, leaving: number, instance: number, now: number): readonly number[] {
  const { cloud, rooms } = board;
  let best: readonly number[] = [];
  for (let host = 0; host < cloud.hostCount && best.length !== 1; host++) {
    if (host === leaving || !rooms.has(host) || !groupFits(board, instance, host)) continue;
    const ejected = eject(board, instance, host, leaving, now);
    if (ejected.length > 0 && (best.length === 0 || ejected.length < best.length)) best = ejected;
    for (const one of ejected) unbook(board, one);
  }
  const booked = best.filter((one) => tryBook(board, one, board.at[one]!, leaving));
  if (booked.length === best.length) return best;
  for (const one of booked) unbook(board, one);
  return [];
}

const groupFits = ({ cloud, members }: Board, instance: number, host: number): boolean => {
  if (cloud.inbound[host] === 0 || cloud.allowed[instance]?.has(host) === false) return false;
  const group = cloud.group[instance]!;
  return members.get(keyOf(cloud, group, host)) < cloud.perHost[group]!;
};

/** Books other places for a few instances of the host, the smallest that are enough first; or for none. */
function eject(board: Board, instance: number, host: number, leaving: number, now: number): readonly number[] {
  const { cloud, free } = board;
  const { classes, demand } = cloud;
  const short = classes.map((_, k) => demand[instance * classes.length + k]! - free[host * classes.length + k]!);
  const gone: number[] = [];
  const mayGo = (one: number) =>
    board.booked[one] === -1 && cloud.lead[one]! <= now && cloud.maxImpacted[cloud.group[one]!]! > 0;
  const needed = (k: number) => Math.max(0, short[k]!);
  const coversAll = (one: number) => classes.every((_, k) => demand[one * classes.length + k]! >= needed(k));
  const there = instancesOn(board, host).filter(mayGo).toReversed();
  const single = there.find((one) => coversAll(one) && tryBook(board, one, host, leaving));
  if (single !== undefined) return [single];
  for (const one of there.toReversed()) {
    if (gone.length === LINKS || short.every((amount) => amount <= 0)) break;
    const helps = classes.some((_, k) => needed(k) > 0 && demand[one * classes.length + k]! > 0);
    const isSmaller = classes.every(
      (_, k) => demand[one * classes.length + k]! <= demand[instance * classes.length + k]!,
    );
    if (!helps || !isSmaller || !tryBook(board, one, host, leaving)) continue;
    gone.push(one);
    for (const k of classes.keys()) short[k]! -= demand[one * classes.length + k]!;
  }
  if (short.every((amount) => amount <= 0)) return gone;
  for (const one of gone) unbook(board, one);
  return [];
}

/** Books the instance at the first open host that is neither of the two. */
function tryBook(board: Board, instance: number, from: number, leaving: number): boolean {
  for (let host = 0; host < board.cloud.hostCount; host++) {
    if (host === from || host === leaving || !board.rooms.has(host) || !hasRoom(board, instance, host)) continue;
    book(board, instance, host);
    if (keepsReserveWhile(board, instance)) return true;
    unbook(board, instance);
    return false;
  }
  return false;
}

/** A move counts at both its ends while it lasts. */
export const keepsReserveWhile = ({ cloud, openFree, openUnlimited }: Board, instance: number): boolean =>
  cloud.classes.every(
    (_, k) =>
      openUnlimited[k]! > 0 ||
      cloud.demand[instance * cloud.classes.length + k] === 0 ||
      openFree[k]! >= cloud.reserve[k]!,
  );
