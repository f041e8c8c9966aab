import type { MoveInstance } from "../domain/effect.ts";
import type { HostName, InstanceId } from "../domain/ids.ts";
import type { MoveEnd } from "../ports/cloud.ts";
import { type Held, heldToLimit } from "./live-limit.ts";
import type { Performed, Performer, Performing } from "./performer.ts";

/**
 * Moves one instance off its host and waits until it has come to rest. The cloud's "accepted" promises nothing, so only
 * where the instance is in the end counts.
 */
export const moveInstance: Performer<"move_instance"> = async (effect, performing) => {
  const { cloud, claimed, clock } = performing;
  const limit = claimed.session.options.move_seconds;
  const began = clock.now();
  const tooLong = AbortSignal.timeout(limit * 1_000);
  const signal = AbortSignal.any([performing.signal, tooLong]);
  const seconds = () => Math.round((clock.now().getTime() - began.getTime()) / 1_000);
  try {
    const place = await cloud.instance(effect.instance, { signal });
    if (place === null) return left(effect.instance, null, seconds());
    // Moved before a crash lost the news, or by its project.
    if (place.host !== effect.from && !place.moving) return left(effect.instance, place.host, seconds());
    if (!place.moving) {
      const started = await cloud.startMove(effect.instance, effect.how, effect.to, { signal });
      if (started.kind === "refused") return { kind: "failed", reason: `refused: ${started.reason}` };
    }
    // Joins a move started before a crash.
    const ending = cloud.moveEnded(effect.instance, effect.from, { signal });
    const held = heldToLimit(effect, ending, { cloud, clock, signal });
    const ended = await ending;
    return await judge(ended, effect, { ...performing, signal, held: await held }, seconds());
  } catch (error) {
    if (tooLong.aborted && !performing.signal.aborted)
      return { kind: "failed", reason: `still on its way after ${limit} s` };
    throw error;
  }
};

async function judge(
  ended: MoveEnd,
  { instance, from, limit }: MoveInstance,
  { cloud, signal, held }: Performing & { readonly held: Held },
  seconds: number,
): Promise<Performed<"move_instance">> {
  switch (ended.kind) {
    case "moved": {
      const note = held.kind === "completed" ? `; it was told to complete after ${limit?.seconds} s` : held.trouble;
      return left(instance, ended.host, seconds, note);
    }
    case "gone":
      return left(instance, null, seconds);
    case "stayed":
      if (held.kind === "aborted") return brokenOff(instance, from, limit?.seconds ?? 0, seconds);
      return { kind: "failed", reason: ended.reason };
    case "broken": {
      const revived = await cloud.revive(instance, { signal });
      if (revived && ended.host !== null && ended.host !== from) return left(instance, ended.host, seconds);
      const now = revived ? "it was brought back to ACTIVE" : "it could not be brought back to ACTIVE";
      return {
        kind: "failed",
        reason: `${ended.reason}; ${now} on ${ended.host ?? "no host"}`,
        consequences: { place: { instance, host: ended.host } },
      };
    }
  }
}

/** Not a failure: it was well, and is. What comes next is the workflow's to say. */
function brokenOff(instance: InstanceId, host: HostName, allowed: number, seconds: number): Performed<"move_instance"> {
  return {
    kind: "done",
    outcome: { host, seconds, overtime: true },
    text: `${instance} is on ${host} still: its live migration took longer than the ${allowed} s that its manager allows, and was broken off`,
    consequences: { place: { instance, host } },
  };
}

function left(instance: InstanceId, host: HostName | null, seconds: number, note = ""): Performed<"move_instance"> {
  return {
    kind: "done",
    outcome: { host, seconds },
    text: host === null ? `${instance} is gone` : `${instance} is on ${host}, after ${seconds} s${note}`,
    consequences: { place: { instance, host } },
  };
}
