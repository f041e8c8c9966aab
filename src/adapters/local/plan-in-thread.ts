/** Plans in a thread of its own: ten thousand hosts take seconds, in which the API has to answer others. */
import { Worker } from "node:worker_threads";
import type { Plan } from "../../planner/format/plan.ts";
import type { CloudSnapshot } from "../../planner/format/snapshot.ts";

/** Far more than the largest cloud takes; a thread that is not done by then never will be. */
const WITHIN_MS = 120_000;

/** One plan after another, so that many requests do not take every core and all memory. */
export function threadedPlanner({ withinMs = WITHIN_MS }: { readonly withinMs?: number } = {}) {
  let last: Promise<unknown> = Promise.resolve();
  return (snapshot: CloudSnapshot): Promise<Plan> => {
    const next = last.then(() => planInThread(snapshot, withinMs));
    last = next.catch(() => undefined);
    return next;
  };
}

function planInThread(snapshot: CloudSnapshot, withinMs: number): Promise<Plan> {
  const thread = new Worker(new URL("./plan-thread.mjs", import.meta.url), { workerData: snapshot });
  const planned = new Promise<Plan>((resolve, reject) => {
    thread.once("message", resolve);
    thread.once("error", reject);
    thread.once("exit", () => reject(new Error("the thread that plans ended without a plan")));
    AbortSignal.timeout(withinMs).addEventListener("abort", () =>
      reject(new Error(`no plan within ${withinMs / 1_000} s`)),
    );
  });
  return planned.finally(() => void thread.terminate());
}
