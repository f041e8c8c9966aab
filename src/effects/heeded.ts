/**
 * Waits for work that ought to end when its signal aborts, and leaves it behind when it does not: a host action of a
 * stranger may ignore the signal, and must not keep a worker for ever.
 */
export async function heeded(work: Promise<void>, signal: AbortSignal, withinMs: number): Promise<void> {
  let ignored: NodeJS.Timeout | undefined;
  let onAbort: () => void = () => undefined;
  const left = new Promise<never>((_resolve, reject) => {
    onAbort = () => {
      ignored = setTimeout(
        () => reject(new Error("it does not heed that it shall stop, and was left behind")),
        withinMs,
      );
    };
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
  });
  try {
    await Promise.race([work, left]);
  } finally {
    clearTimeout(ignored);
    signal.removeEventListener("abort", onAbort);
  }
}
