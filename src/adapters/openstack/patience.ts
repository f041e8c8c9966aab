/** Waiting for what does not take an AbortSignal itself. */

/** Rejects with the signal's reason as soon as it aborts; what was begun goes on without this caller. */
export function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason as Error);
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

/** `do` for every item, so many at a time, answers in the order of the items. */
export async function limited<Item, Result>(
  atOnce: number,
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = Array.from({ length: items.length });
  const queue = items.entries();
  const worker = async () => {
    for (const [place, item] of queue) results[place] = await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker));
  return results;
}

/** One run at a time, shared by all who ask meanwhile. None of them can end it for the others. */
export function shared<T>(run: (signal: AbortSignal) => Promise<T>): (signal: AbortSignal) => Promise<T> {
  let running: Promise<T> | null = null;
  return (signal) => {
    // Its requests have time limits of their own.
    running ??= run(new AbortController().signal).finally(() => (running = null));
    return orAborted(running, signal);
  };
}

/**
 * The same where no answer may be older than its question: who asks while a run is under way shares the next one with
 * all others who do.
 */
export function sharedAfresh<T>(run: (signal: AbortSignal) => Promise<T>): (signal: AbortSignal) => Promise<T> {
  let running: Promise<unknown> | null = null;
  let next: Promise<T> | null = null;
  const begin = (): Promise<T> => {
    next = null;
    const answer = run(new AbortController().signal);
    const forget = (): void => {
      if (running === ended) running = null;
    };
    const ended = answer.then(forget, forget);
    running = ended;
    return answer;
  };
  return (signal) => {
    if (running === null) return orAborted(begin(), signal);
    next ??= running.then(begin);
    return orAborted(next, signal);
  };
}
