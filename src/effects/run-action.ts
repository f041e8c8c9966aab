import { isEmpty } from "../domain/cloud.ts";
import type { ActionContext, HostAction, Rerun } from "../domain/host-action.ts";
import type { RunAction } from "../domain/effect.ts";
import { whoIsThere } from "./check-empty.ts";
import { heeded } from "./heeded.ts";
import { keptOutput } from "./kept-output.ts";
import type { Performed, Performer, Performing } from "./performer.ts";

/** Runs one host action on one host, effectively once (invariant I3). */
export const runAction: Performer<"run_action"> = async (effect, performing) => {
  const action = performing.plugins.hostAction(effect.plugin);
  if (!action) return { kind: "failed", reason: `the host action ${effect.plugin} is not installed any more` };
  const metadata = action.metadata.safeParse(performing.claimed.session.actions[effect.index]?.metadata);
  if (!metadata.success)
    return { kind: "failed", reason: `its metadata does not fit any more: ${metadata.error.message}` };
  const rerun = typeof action.rerun === "function" ? action.rerun(metadata.data) : action.rerun;
  // Before anything that can fail: given back for an outage, it would come again as if nobody had ever begun it.
  if (performing.claimed.interrupted && rerun === "at-most-once")
    return {
      kind: "unknown",
      reason: "a worker died while it ran, and it must not be run again blindly: see on the host how far it came",
      facts: { rerun, ran: false },
    };
  const occupied = await occupancy(effect, performing);
  if (occupied !== null) return { kind: "failed", reason: `did not start: ${occupied}`, facts: { ran: false } };
  return run({ action, rerun, metadata: metadata.data }, effect, performing);
};

/**
 * Looks once more, right before: no host action runs on a host that takes instances or has one (invariant I1). Null
 * when nothing stands against it.
 */
async function occupancy({ host, phase }: RunAction, { cloud, signal }: Performing): Promise<string | null> {
  if (phase === "pre" || phase === "post") return null;
  const door = await cloud.door(host, { signal });
  if (door === null) return null; // Not a compute host: nothing runs on it.
  if (door.kind === "open") return `${host} is open to new instances`;
  const occupants = await cloud.occupants(host, { signal });
  return isEmpty(occupants) ? null : `${host} has ${whoIsThere(occupants)}`;
}

/** For an action to tidy up once it shall stop; less than a worker has for its own stop (see main.ts). */
const HEED_MS = 10_000;

async function run(
  { action, rerun, metadata }: { readonly action: HostAction; readonly rerun: Rerun; readonly metadata: unknown },
  effect: RunAction,
  performing: Performing,
): Promise<Performed<"run_action">> {
  const { claimed } = performing;
  const limit = action.timeoutSeconds(metadata);
  const tooLong = AbortSignal.timeout(limit * 1_000);
  const output = keptOutput(performing.keepOutput);
  const context: ActionContext<unknown> = {
    session: claimed.session.id,
    host: effect.host,
    phase: effect.phase,
    metadata,
    sessionMetadata: claimed.session.metadata,
    key: `${claimed.session.id}/${claimed.entry}/${effect.host}/${effect.index}`,
    attempt: claimed.attempt,
    log: output.append,
    signal: AbortSignal.any([performing.signal, tooLong]),
  };
  let ran = false;
  const ended = (performed: Performed<"run_action">): Performed<"run_action"> => ({
    ...performed,
    consequences: { output: output.text() },
    facts: { rerun, ran },
  });
  try {
    // A try before this one may have been interrupted, even if the last one was given back.
    if (rerun === "detectable" && claimed.attempt > 1 && (await action.isDone?.(context))) {
      output.append("A worker died while this ran; it is found to be done.\n");
      return ended({ kind: "done", outcome: { output: output.text() }, text: "found done after a crash" });
    }
    ran = true;
    await heeded(action.run(context), context.signal, HEED_MS);
    return ended({ kind: "done", outcome: { output: output.text() }, text: `${action.name} done on ${effect.host}` });
  } catch (error) {
    if (performing.signal.aborted) throw error; // Not the action's doing: the worker lost it, or shuts down.
    const reason = tooLong.aborted
      ? `not done within ${limit} s`
      : error instanceof Error
        ? error.message
        : String(error);
    return ended({ kind: "failed", reason });
  } finally {
    await output.close();
  }
}
