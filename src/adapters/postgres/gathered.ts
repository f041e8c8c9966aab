/**
 * Many callers, one statement: what is asked for while a batch is under way goes together in the next one. A caller who
 * is alone waits for nobody. Large sessions end thousands of effects in a minute, each with the session's row in hand:
 * one at a time they would mostly wait for each other.
 */

/** More than this would hold the session's row for too long. */
const BATCH_MAX = 200;

/** `run` answers for each item, in order; when it throws, all callers of the batch get its error. */
export function gathered<Item, Answer>(
  run: (items: readonly Item[]) => Promise<readonly Answer[]>,
): (item: Item) => Promise<Answer> {
  let waiting: { item: Item; resolve: (answer: Answer) => void; reject: (error: unknown) => void }[] = [];
  let busy = false;

  async function work(): Promise<void> {
    busy = true;
    await Promise.resolve(); // Callers of the same moment come together.
    while (waiting.length > 0) {
      const batch = waiting.slice(0, BATCH_MAX);
      waiting = waiting.slice(BATCH_MAX);
      try {
        const answers = await run(batch.map(({ item }) => item));
        batch.forEach(({ resolve }, place) => resolve(answers[place] as Answer));
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    busy = false;
  }

  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject });
      if (!busy) void work();
    });
}
