/**
 * Finds in the store whatever is due and hints at it again. This is what makes every queue message expendable: after
 * the loss of all of them, or of every worker, work goes on at the next sweep.
 */
import type { Clock } from "../ports/clock.ts";
import type { Due } from "../ports/effects.ts";
import type { Wakes } from "../ports/wakes.ts";

export interface Sweeping {
  readonly due: Due;
  readonly wakes: Wakes;
  readonly clock: Clock;
  readonly onError: (error: unknown) => void;
}

/** Short, since it bounds how long a lost hint delays a session; three indexed queries cost well under 1 % of it. */
const EVERY_MS = 1_000;

/** So much work is hinted at per sweep; what is left stays due and comes next. */
const AT_ONCE = 500;

export async function sweep({ due, wakes, clock }: Omit<Sweeping, "onError">): Promise<void> {
  const now = clock.now();
  for (const id of await due.sessions(now, AT_ONCE)) await wakes.session(id);
  const effects = await due.effects(now, AT_ONCE);
  if (effects.length > 0) await wakes.effects(effects);
  const receivers = await due.receivers(now, AT_ONCE);
  if (receivers.length > 0) await wakes.receivers(receivers);
}

/** Sweeps until the signal aborts. An error (the database is away) is told and the next sweep tries again. */
export async function keepSweeping(sweeping: Sweeping, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await sweep(sweeping).catch(sweeping.onError);
    await sweeping.clock.sleep(EVERY_MS, signal);
  }
}
