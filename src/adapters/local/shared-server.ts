/**
 * A local server that all Fenix processes of one data folder share (PostgreSQL, or Redis).
 *
 * Modes of one process, and what must hold on entry:
 *
 *   searching  nothing is known; entered at the start, and when the server went away
 *   owning     the server answers, and this process started it: it stops with this process
 *   attached   the server answers, and another process started it
 *   stopped    for good; a server this process owned has ended
 *
 * When an owner stops, its server stops too, and every attached process goes back to searching: the first
 * to start the server owns it from then on, the others attach to it. Clients see a gap of about a second,
 * which is what they have to survive from any database. The server's own lock on its files decides who is
 * first; this file holds no lock.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { GuardedChild } from "./guarded-child.ts";

export interface ServerProgram {
  readonly name: string;
  /** Opens a connection that lives as long as the server does; throws when no server answers. */
  connect(): Promise<Presence>;
  start(): GuardedChild | Promise<GuardedChild>;
  /** Whether a start failed only because another process holds the server's files. */
  isTaken(child: GuardedChild): boolean;
}

export interface Presence {
  readonly gone: Promise<void>;
  close(): Promise<void>;
}

export interface SharedServer {
  readonly mode: "owning" | "attached";
  stop(): Promise<void>;
}

/** Told to the operator, in one line. */
export type Say = (line: string) => void;

// Recovery after a crash replays at most a few hundred megabytes here; a server that is silent for longer is broken.
const SEARCH_MS = 60_000;
const PAUSE_MS = 25;
// Between failed attempts to bring a lost server back: often enough for the operator who frees a full disk.
const RETRY_MS = 2_000;

export async function shareServer(program: ServerProgram, say: Say): Promise<SharedServer> {
  const stopping = new AbortController();
  let child: GuardedChild | undefined;
  let presence = await search();
  const kept = keep();

  /** Attaches to the server, or starts it; whatever comes first. */
  async function search(): Promise<Presence> {
    const deadline = Date.now() + SEARCH_MS;
    let started: GuardedChild | undefined;
    for (;;) {
      const answer = await program.connect().catch((error: unknown) => new Silence(error));
      if (!(answer instanceof Silence)) return answer;

      if (child && !child.running) {
        const ended = child;
        child = undefined;
        // One that ran before this search is the reason for it, not an answer to it.
        if (ended === started && !program.isTaken(ended)) {
          throw new Error(`${program.name} does not start:\n${ended.output()}`);
        }
      }
      if (stopping.signal.aborted || Date.now() > deadline) {
        await child?.stop();
        throw new Error(`${program.name} does not answer`, { cause: answer.error });
      }
      child ??= started = await program.start();
      await delay(PAUSE_MS);
    }
  }

  /** Brings the server back whenever it goes away, until we stop. */
  async function keep(): Promise<void> {
    for (;;) {
      await presence.gone;
      if (stopping.signal.aborted) return;
      say(`${program.name} went away; attaching to it again, or starting it`);
      while (!(await found())) {
        await delay(RETRY_MS, undefined, { signal: stopping.signal }).catch(() => undefined);
        if (stopping.signal.aborted) return;
      }
    }
  }

  async function found(): Promise<boolean> {
    try {
      presence = await search();
      if (stopping.signal.aborted) {
        await presence.close(); // stop() closed the one before, which it found in its place.
        return false;
      }
      say(`${program.name} is back, ${child?.running ? "started by this process" : "started by another process"}`);
      return true;
    } catch (error) {
      if (!stopping.signal.aborted) say(error instanceof Error ? error.message : String(error));
      return false;
    }
  }

  return {
    get mode() {
      return child?.running ? "owning" : "attached";
    },
    async stop() {
      stopping.abort();
      await presence.close();
      await kept;
      await child?.stop();
      child = undefined;
    },
  };
}

/** What `connect` threw, told apart from a presence. */
class Silence {
  readonly error: unknown;
  constructor(error: unknown) {
    this.error = error;
  }
}
