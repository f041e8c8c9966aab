/**
 * Watches all moves of this process together: each look asks Nova once for the servers that changed lately, however many
 * moves are under way.
 *
 *   joined  -> looked at in every look; a server that the list does not show is looked at by itself, ever more rarely
 *   VERIFY_RESIZE -> confirmed, and watched on
 *   at rest -> settled; bad news (ERROR, or still on its host) only after a second, fresh look at the server itself
 */
import type { HostName, InstanceId } from "../../domain/ids.ts";
import type { Clock } from "../../ports/clock.ts";
import { Unanswered } from "./http.ts";
import type { Nova, ServerRow } from "./nova.ts";
import { isMoving, isSettled, isUnconfirmed } from "./server-state.ts";

export interface MoveWatch {
  /** Resolves when the server is at rest. Rejects when the signal aborts, and when the cloud cannot be asked. */
  atRest(move: WatchedMove): Promise<Rest>;
  /** Ends the watching; those who wait are told that the cloud is out of reach. */
  close(): void;
}

export interface WatchedMove {
  readonly id: InstanceId;
  readonly from: HostName;
  /** True when this process has just asked for the move: then the list of changed servers is sure to show it soon. */
  readonly ours: boolean;
  readonly signal: AbortSignal;
}

export type Rest =
  | { readonly kind: "at_rest"; readonly server: ServerRow }
  /** A resize by its project, which only the project may confirm or revert. */
  | { readonly kind: "unconfirmed_resize" }
  | { readonly kind: "gone" };

export interface WatchPace {
  /** Between two looks, at least. */
  readonly lookMinMs: number;
  readonly lookMaxMs: number;
  /** Nova's confirming takes less than a second; when nothing follows for so long, the request was lost. */
  readonly confirmAgainMs: number;
}

/** Moves of an idle cloud take a second or two, and each waits for two looks; a move that takes minutes can wait for 5 s. */
export const PACE: WatchPace = { lookMinMs: 250, lookMaxMs: 5_000, confirmAgainMs: 20_000 };

/** A usual move is looked at about so often: a sixth of its time is the most that a look comes too late. */
const LOOKS_PER_MOVE = 6;

/**
 * The list is asked for changes since the newest change seen, less this: Nova tells times in whole seconds. Whatever moved
 * lately comes along in every look, so a long overlap is dear where hundreds move.
 */
const OVERLAP_MS = 1_000;
/**
 * Clocks within a cloud differ, if hardly by more than this, so a change may come to light that is older than others were:
 * once in a while, all is asked for that has changed since the last such look, less this. What falls through is looked at
 * by itself.
 */
const WIDE_OVERLAP_MS = 5_000;
const WIDE_EVERY_MS = 2_500;
/** Before anything was seen, our own clock decides, which may be far from the cloud's. */
const FIRST_OVERLAP_MS = 300_000;

/** A server that no list shows is looked at by itself after so long, then after twice as long, and so on. */
const OWN_LOOK_MS = 15_000;
const OWN_LOOK_MAX_MS = 300_000;

interface Watched extends WatchedMove {
  readonly since: number;
  nextOwnLook: number;
  ownLookPause: number;
  confirmedAt: number | null;
  /** What is being asked about this server right now: it is not asked twice at once. */
  busy: boolean;
  settle(rest: Rest): void;
  fail(error: unknown): void;
}

export function moveWatch({ nova, clock, pace }: { nova: Nova; clock: Clock; pace: WatchPace }): MoveWatch {
  const watched = new Set<Watched>();
  let looking: AbortController | null = null;
  let newestChange: number | null = null;
  /** When all was asked for that clocks may have hidden, and the newest change seen by then. */
  let wide: { readonly at: number; readonly newestChange: number } | null = null;
  let usualMs = pace.lookMinMs * LOOKS_PER_MOVE;

  const now = () => clock.now().getTime();

  async function lookUntilNobodyWaits(loop: AbortController): Promise<void> {
    const { signal } = loop;
    try {
      while (watched.size > 0) {
        await clock.sleep(untilNextLook(), signal);
        signal.throwIfAborted();
        if (watched.size > 0) await look(signal);
      }
    } catch (error) {
      // Aborted: nobody waited any more, and whoever came since has a loop of their own.
      if (!signal.aborted) for (const move of watched) move.fail(error);
    } finally {
      if (looking === loop) looking = null;
    }
  }

  /** In step with moves as they usually go, and more rarely when all that are under way are old already. */
  function untilNextLook(): number {
    const youngestMs = now() - Math.max(...[...watched].map(({ since }) => since));
    return Math.min(Math.max(usualMs / LOOKS_PER_MOVE, youngestMs / LOOKS_PER_MOVE, pace.lookMinMs), pace.lookMaxMs);
  }

  async function look(signal: AbortSignal): Promise<void> {
    const isWide = wide === null || now() - wide.at >= WIDE_EVERY_MS;
    const filter = { "changes-since": new Date(isWide ? sinceWide() : sinceNewest()).toISOString() };
    const changed = new Map((await nova.servers(filter, { signal })).map((server) => [server.id, server]));
    for (const server of changed.values()) noteChange(server);
    if (isWide && newestChange !== null) wide = { at: now(), newestChange };
    for (const move of watched) {
      if (!move.busy) void lookAt(move, changed.get(move.id), signal);
    }
  }

  const sinceNewest = () => Math.min(newestChange ?? 0, now()) - OVERLAP_MS;
  const sinceWide = () =>
    wide === null ? now() - FIRST_OVERLAP_MS : Math.min(wide.newestChange, now()) - WIDE_OVERLAP_MS;

  function noteChange({ updated }: ServerRow): void {
    newestChange = Math.max(newestChange ?? 0, updated.getTime());
  }

  /** Never rejects: what goes wrong is told to those who wait for this move. */
  async function lookAt(move: Watched, listed: ServerRow | undefined, signal: AbortSignal): Promise<void> {
    if (listed === undefined && now() < move.nextOwnLook) return;
    move.busy = true;
    try {
      if (listed === undefined) {
        move.nextOwnLook = now() + move.ownLookPause;
        move.ownLookPause = Math.min(move.ownLookPause * 2, OWN_LOOK_MAX_MS);
      }
      await judge(move, listed ?? (await fresh(move, signal)), signal);
    } catch (error) {
      move.fail(error);
    } finally {
      move.busy = false;
    }
  }

  async function fresh({ id }: WatchedMove, signal: AbortSignal): Promise<ServerRow | null> {
    const server = await nova.server(id, { signal });
    if (server !== null) noteChange(server);
    return server;
  }

  async function judge(move: Watched, server: ServerRow | null, signal: AbortSignal): Promise<void> {
    if (server === null || server.status === "DELETED") return move.settle({ kind: "gone" });
    if (isUnconfirmed(server)) return confirm(move, signal);
    if (!isLastWord(server, move)) return;
    if (isGoodNews(server, move)) return move.settle({ kind: "at_rest", server });
    // A list may lag behind, and only the server itself tells its fault.
    const again = await fresh(move, signal);
    if (again === null) return move.settle({ kind: "gone" });
    if (isLastWord(again, move)) move.settle({ kind: "at_rest", server: again });
  }

  async function confirm(move: Watched, signal: AbortSignal): Promise<void> {
    if (move.confirmedAt !== null && now() - move.confirmedAt < pace.confirmAgainMs) return;
    if (!move.ours && (await isResizeOfProject(move, signal))) return move.settle({ kind: "unconfirmed_resize" });
    move.confirmedAt = now();
    try {
      // 400, 404 and 409 say that it is confirmed already, deleted or broken: the next look shows which.
      await nova.confirmResize(move.id, { signal });
    } catch (error) {
      // Nova may have confirmed all the same; if not, it is asked again.
      if (!(error instanceof Unanswered)) throw error;
    }
  }

  async function isResizeOfProject({ id }: WatchedMove, signal: AbortSignal): Promise<boolean> {
    const [newest] = await nova.migrations({ instance_uuid: id }, { signal });
    return newest?.type === "resize";
  }

  return {
    atRest({ id, from, ours, signal }) {
      return new Promise((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason as Error);
        const since = now();
        const leave = () => {
          watched.delete(move);
          signal.removeEventListener("abort", aborted);
          // A pause or a request of a loop that nobody waits for any more.
          if (watched.size === 0) looking?.abort();
        };
        const move: Watched = {
          ...{ id, from, ours, signal, since, busy: false, confirmedAt: null },
          nextOwnLook: ours ? since + OWN_LOOK_MS : since,
          ownLookPause: OWN_LOOK_MS,
          settle(rest) {
            if (watched.has(move)) usualMs += (now() - since - usualMs) / 4;
            leave();
            resolve(rest);
          },
          fail(error) {
            leave();
            reject(error);
          },
        };
        const aborted = () => move.fail(signal.reason);
        signal.addEventListener("abort", aborted, { once: true });
        watched.add(move);
        if (looking === null || looking.signal.aborted) {
          looking = new AbortController();
          void lookUntilNobodyWaits(looking);
        }
        if (!ours) void lookAt(move, undefined, looking.signal);
      });
    },
    close() {
      for (const move of watched) move.fail(new Unanswered(`stopped watching server ${move.id}`));
    },
  };
}

const isGoodNews = ({ status, host }: ServerRow, { from }: WatchedMove): boolean => status !== "ERROR" && host !== from;

const isLastWord = (server: ServerRow, move: WatchedMove): boolean =>
  !isMoving(server) && (isGoodNews(server, move) || isSettled(server));
