/**
 * Holds a live move to the time that its manager allows (`max_interruption_time`). The time counts from the moment at
 * which it is first seen to copy: one that waits for its turn on its host interrupts nothing. A worker that takes over
 * counts anew, so a crash can make it longer by what had passed, and never shorter.
 */
import type { MoveInstance } from "../domain/effect.ts";
import type { Clock } from "../ports/clock.ts";
import type { Cloud } from "../ports/cloud.ts";
import { isProblem } from "../problems.ts";

/** What was done about it. `trouble` is a note for the timeline, empty when there was none. */
export interface Held {
  readonly kind: "in_time" | "aborted" | "completed";
  readonly trouble: string;
}

interface Holding {
  readonly cloud: Cloud;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** A move that ends in a quarter of its time is never asked about: most do, and each look is a request. */
const LOOKS_PER_LIMIT = 4;
const LOOK_MIN_MS = 1_000;

/** Resolves when `ending` has settled, whichever way; never rejects, since it only watches. */
export async function heldToLimit(
  { instance, how, limit }: Pick<MoveInstance, "instance" | "how" | "limit">,
  ending: Promise<unknown>,
  { cloud, clock, signal }: Holding,
): Promise<Held> {
  const over = new AbortController();
  const ended = ending.then(
    () => over.abort(),
    () => over.abort(),
  );
  let held: Held = { kind: "in_time", trouble: "" };
  if (limit && how === "LIVE_MIGRATE") {
    const watching = { cloud, clock, signal: AbortSignal.any([signal, over.signal]) };
    held = await endInTime({ instance, limit }, watching).catch(troubled);
  }
  await ended;
  return held;
}

async function endInTime(
  { instance, limit: { seconds, beyond } }: Required<Pick<MoveInstance, "instance" | "limit">>,
  { cloud, clock, signal }: Holding,
): Promise<Held> {
  // Whoever waits for the move hears of a cloud that does not answer; here it is only asked again.
  const unlessOut = <Answer>(answer: Promise<Answer>) => answer.catch(nullWhenOut);
  const pause = Math.max(LOOK_MIN_MS, (seconds * 1_000) / LOOKS_PER_LIMIT);
  let copiesSince: number | null = null;
  while (!signal.aborted) {
    await clock.sleep(pause, signal);
    if (signal.aborted) break;
    const move = await unlessOut(cloud.liveMove(instance, { signal }));
    if (!move?.copying) continue;
    copiesSince ??= clock.now().getTime();
    // It may have begun right after the look before, when it was not seen to copy yet.
    if (clock.now().getTime() - copiesSince + pause < seconds * 1_000) continue;
    if (await unlessOut(cloud.endLiveMove(instance, move, beyond, { signal })))
      return { kind: beyond === "abort" ? "aborted" : "completed", trouble: "" };
  }
  return { kind: "in_time", trouble: "" };
}

function nullWhenOut(error: unknown): null {
  if (isProblem(error, "CLOUD_UNAVAILABLE")) return null;
  throw error;
}

/** A missing role, say. The move itself goes on. */
function troubled(error: unknown): Held {
  const trouble = isProblem(error, "CLOUD_REFUSED") ? `; it could not be held to its time: ${error.message}` : "";
  return { kind: "in_time", trouble };
}
