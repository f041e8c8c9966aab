/**
 * The hands of one worker. What its own work wakes it does itself while it has hands free, without a way through the
 * queue: a large session begins and ends hundreds of effects a second, and the way there and back costs more than the
 * work. What it has no hand for goes to the queue, for whichever worker has one.
 *
 *   effect   free hand -> performed; none -> left as it is, and looked for in the store when a hand comes free;
 *            hinted at by another worker -> that one has no hand for more, so more is looked for
 *   session  at rest -> advanced; being advanced here -> advanced once more afterwards, however many wakes came
 *
 * Nothing here is ever the only one to know: whatever is forgotten is due in the store, and the sweep finds it.
 */
import type { SessionId } from "../domain/ids.ts";
import type { Clock } from "../ports/clock.ts";
import type { Due, EffectId } from "../ports/effects.ts";
import type { Handlers, Wakes } from "../ports/wakes.ts";

export interface Hands {
  /** For what this worker's own turns, effects and sweeps wake. */
  readonly wakes: Wakes;
  /** For the hints that come from the queue. */
  readonly handlers: Pick<Handlers, "session" | "effect">;
  /** Begins nothing more, hands what is woken to the queue, and resolves when everything has ended. */
  stop(): Promise<void>;
}

export interface HandsOptions {
  /** Effects at once. */
  readonly number: number;
  readonly queue: Wakes;
  readonly due: Due;
  readonly clock: Clock;
  readonly advance: (id: SessionId) => Promise<void>;
  readonly perform: (id: EffectId) => Promise<void>;
  /** What a hint from the queue throws is told by the queue. */
  readonly onError: (error: unknown) => void;
}

/**
 * A turn reads and writes the database and waits for nothing else, so a few at once keep a process busy; many would
 * only wait for connections.
 */
const TURNS_AT_ONCE = 4;

/** Enough that every other worker comes and looks; each takes then as much as it has hands for. */
const HINTS_AT_ONCE = 16;

export function newHands({ number, queue, due, clock, advance, perform, onError }: HandsOptions): Hands {
  const performing = new Set<EffectId>();
  const advancing = new Map<SessionId, { again: boolean }>();
  const running = new Set<Promise<void>>();
  let wanting = false;
  const isShort = () => wanting;
  let looking = false;
  const stopping = new AbortController();
  const isStopped = () => stopping.signal.aborted;

  async function performHere(id: EffectId): Promise<void> {
    if (performing.has(id)) return;
    performing.add(id);
    try {
      await perform(id);
    } finally {
      performing.delete(id);
      if (wanting) inHand(lookForMore());
    }
  }

  async function advanceHere(id: SessionId): Promise<void> {
    const under = advancing.get(id);
    if (under) return void (under.again = true);
    const turns = { again: true };
    advancing.set(id, turns);
    try {
      while (turns.again && !isStopped()) {
        turns.again = false;
        await advance(id);
      }
    } finally {
      advancing.delete(id);
      if (turns.again) await queue.session(id);
    }
  }

  /** Effects were left for want of hands: takes as many as there are hands now. */
  async function lookForMore(): Promise<void> {
    if (looking) return;
    looking = true;
    try {
      while (isShort() && !isStopped()) {
        // Hands come free by the dozen, since ends are recorded together: one look serves them all.
        await new Promise(setImmediate);
        const free = number - performing.size;
        if (free <= 0) return;
        wanting = false;
        const found = await due.effects(clock.now(), free);
        const fresh = found.filter((id) => !performing.has(id));
        for (const id of fresh) inHand(performHere(id));
        if (fresh.length > 0 && found.length === free) wanting = true;
      }
    } finally {
      looking = false;
    }
  }

  function inHand(work: Promise<void>): void {
    const guarded = work.catch(onError).finally(() => running.delete(guarded));
    running.add(guarded);
  }

  return {
    wakes: {
      ...queue,
      async session(id) {
        if (isStopped() || (advancing.size >= TURNS_AT_ONCE && !advancing.has(id))) return queue.session(id);
        inHand(advanceHere(id));
      },
      async effects(ids) {
        const ours = isStopped() ? 0 : Math.max(0, number - performing.size);
        for (const id of ids.slice(0, ours)) inHand(performHere(id));
        const others = ids.slice(ours).filter((id) => !performing.has(id));
        if (others.length === 0) return;
        wanting = true;
        await queue.effects(others.slice(0, HINTS_AT_ONCE));
      },
    },
    handlers: {
      session: advanceHere,
      async effect(id) {
        wanting = true;
        if (performing.size >= number) return;
        const performed = performHere(id);
        inHand(lookForMore());
        await performed;
      },
    },
    async stop() {
      stopping.abort();
      while (running.size > 0) await Promise.all(running);
    },
  };
}
