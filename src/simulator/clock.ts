/** Time is handed in, so that a test can turn the hands itself and a demo can run a night in half a minute. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Calls `run` once, `seconds` of simulated work later, and never from inside this call. */
  after(seconds: number, run: () => void): Cancel;
}

export type Cancel = () => void;

/** A clock to run a program on. Stop it when the program ends. */
export interface WallClock extends Clock {
  /** Holds for what begins from now on; work under way keeps the pace it began with. */
  setSpeed(speed: number): void;
  stop(): void;
}

/**
 * The time of day, with work that takes `1/speed` of its time.
 *
 * A faster cloud works faster, but its dates stay those of its clients: a token that expires or a
 * migration that began "in the future" would test the clock of the simulator, not the client.
 */
export function wallClock({ speed = 1 }: { readonly speed?: number } = {}): WallClock {
  const cancels = new Set<Cancel>();
  const start = (seconds: number, run: () => void): Cancel => {
    if (seconds === 0) {
      const immediate = setImmediate(run);
      return () => clearImmediate(immediate);
    }
    const timer = setTimeout(run, (seconds * 1000) / speed);
    return () => clearTimeout(timer);
  };
  return {
    now: () => Date.now(),
    after(seconds, run) {
      const cancel = start(seconds, () => {
        cancels.delete(cancel);
        run();
      });
      cancels.add(cancel);
      return () => {
        cancels.delete(cancel);
        cancel();
      };
    },
    setSpeed(next) {
      if (!(next > 0)) throw new RangeError(`a speed is above zero, not ${next}`);
      speed = next;
    },
    stop() {
      for (const cancel of cancels) cancel();
      cancels.clear();
    },
  };
}

/** A clock that stands still until a test turns it. */
export interface ManualClock extends Clock {
  /** Moves on by `seconds`, running what becomes due in its order. */
  advance(seconds: number): void;
  /** Jumps from one due thing to the next until nothing is due any more. */
  settle(): void;
}

export function manualClock(start: Date = new Date("2026-11-22T20:00:00Z")): ManualClock {
  let now = start.getTime();
  let due: { readonly at: number; readonly run: () => void }[] = [];

  const runNext = (): void => {
    const next = due.shift();
    if (next === undefined) return;
    now = Math.max(now, next.at);
    next.run();
  };
  return {
    now: () => now,
    after(seconds, run) {
      const entry = { at: now + seconds * 1000, run };
      // Behind everything due at the same moment: first come, first served.
      const place = due.findIndex((other) => other.at > entry.at);
      due.splice(place === -1 ? due.length : place, 0, entry);
      return () => {
        due = due.filter((other) => other !== entry);
      };
    },
    advance(seconds) {
      const until = now + seconds * 1000;
      while (due[0] !== undefined && due[0].at <= until) runNext();
      now = until;
    },
    settle() {
      // A world that keeps itself busy for ever is a defect here, not something to wait for.
      for (let turns = 0; due.length > 0; turns += 1) {
        if (turns === 1_000_000) throw new Error("the simulated world does not come to rest");
        runNext();
      }
    },
  };
}
