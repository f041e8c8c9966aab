// The thread of plan-in-thread.ts: gets a snapshot, answers the plan, and ends. Not TypeScript, since a thread begins
// without the loader that reads it.
import { parentPort, workerData } from "node:worker_threads";
import { register } from "tsx/esm/api";

register();
const { plan } = await import("../../planner/parallel/plan.ts");

// oxlint-disable-next-line unicorn/require-post-message-target-origin -- That is for windows; a port has no origin.
parentPort?.postMessage(plan(workerData));
