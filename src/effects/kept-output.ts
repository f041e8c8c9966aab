/** The output of a host action: bounded, and kept while it grows so that people can watch. */

/** The beginning tells what was tried and the end how it failed; what lies between can be dropped. */
const HALF_BYTES = 32 * 1024;

/** So often is growing output kept: fresh enough for a person who watches. */
const EVERY_MS = 1_000;

export interface KeptOutput {
  readonly append: (text: string) => void;
  readonly text: () => string;
  /** Stops keeping. What was appended is still in `text()`. */
  readonly close: () => Promise<void>;
}

export function keptOutput(keep: (text: string) => Promise<void>): KeptOutput {
  let head = "";
  let tail = "";
  let dropped = 0;
  let changed = false;
  let keeping: Promise<void> = Promise.resolve();
  const text = () => (dropped === 0 ? head + tail : `${head}\n… ${dropped} characters left out …\n${tail}`);
  const timer = setInterval(() => {
    if (!changed) return;
    changed = false;
    keeping = keeping.then(() => keep(text())).catch(() => undefined); // Only a convenience: the end is what counts.
  }, EVERY_MS);
  return {
    append: (more) => {
      changed = true;
      const room = tail === "" && dropped === 0 ? HALF_BYTES - head.length : 0;
      head += more.slice(0, room);
      tail += more.slice(room);
      const over = tail.length - HALF_BYTES;
      if (over > 0) {
        dropped += over;
        tail = tail.slice(over);
      }
    },
    text,
    close: async () => {
      clearInterval(timer);
      await keeping;
    },
  };
}
