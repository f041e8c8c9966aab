/** Waiting and limits that end with a signal. */
import { setTimeout as setTimeoutPromise } from "node:timers/promises";

/**
 * Does `work` with a signal that aborts with the given one and also after `seconds`. (AbortSignal.any over
 * AbortSignal.timeout may never fire: Node.js 20 forgets a timeout that nobody holds.)
 */
export async function withinSeconds<Result>(
  seconds: number,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  signal.throwIfAborted();
  const limited = new AbortController();
  const stop = () => limited.abort(signal.reason);
  const timer = setTimeout(() => limited.abort(new Error(`it took longer than ${seconds} s`)), seconds * 1_000);
  signal.addEventListener("abort", stop, { once: true });
  try {
    return await work(limited.signal);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", stop);
  }
}

/** Resolves after so many seconds, or rejects with the signal's reason when it aborts before. */
export async function pause(seconds: number, signal: AbortSignal): Promise<void> {
  await setTimeoutPromise(seconds * 1_000, undefined, { signal }).catch(() => signal.throwIfAborted());
}
