/** Patience with a Fenix that starts later than its managers, is restarted, or cannot reach its database for a moment. */
import { setTimeout as sleep } from "node:timers/promises";

/** Longer than a restart takes, shorter than most reply windows. */
const PATIENCE_MS = 30_000;
const PAUSE_MIN_MS = 200;
const PAUSE_MAX_MS = 5_000;

/** Fenix is there and cannot do it now. */
export class Unavailable extends Error {}

/** Tries again while nobody is there (fetch then throws a TypeError) or able; any other answer, whatever it says, is taken. */
export async function knock<Answer>(request: () => Promise<Answer>): Promise<Answer> {
  const end = Date.now() + PATIENCE_MS;
  for (let pause = PAUSE_MIN_MS; ; pause = Math.min(pause * 2, PAUSE_MAX_MS)) {
    try {
      return await request();
    } catch (error) {
      const mayPass = error instanceof TypeError || error instanceof Unavailable;
      if (!mayPass || Date.now() + pause > end) throw error;
      await sleep(pause);
    }
  }
}
