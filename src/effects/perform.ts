/** Takes one effect from the journal, does it, and records how it ended. */
import { randomUUID } from "node:crypto";
import { foundInShort } from "../domain/cloud.ts";
import { subjectOf, type PerformedEffect, type PerformedKind } from "../domain/effect.ts";
import type { JournalEntry, JournalKind } from "../domain/journal.ts";
import type { Alarms } from "../ports/alarms.ts";
import type { Clock } from "../ports/clock.ts";
import type { Cloud } from "../ports/cloud.ts";
import type { ClaimedEffect, Consequences, EffectEnd, EffectId, Effects } from "../ports/effects.ts";
import type { Plugins } from "../ports/plugins.ts";
import type { Wakes } from "../ports/wakes.ts";
import { isProblem, type Problem } from "../problems.ts";
import { checkEmpty } from "./check-empty.ts";
import { closeHost, openHost } from "./doors.ts";
import type { KeptLeases } from "./kept-leases.ts";
import { newLease } from "./lease.ts";
import { moveInstance } from "./move-instance.ts";
import { observe } from "./observe.ts";
import type { Performed, Performer, Performing } from "./performer.ts";
import { removeHost } from "./remove-host.ts";
import { runAction } from "./run-action.ts";

export interface Performers {
  readonly effects: Effects;
  /** Of all effects that this worker has in hand. */
  readonly leases: KeptLeases<ClaimedEffect>;
  readonly wakes: Wakes;
  readonly cloud: Cloud;
  readonly alarms?: Alarms | undefined;
  readonly plugins: Plugins;
  readonly clock: Clock;
  /** How long, in seconds, an effect waits for a cloud that does not answer before it fails. */
  readonly outageSeconds: number;
  /** Aborted when the worker shuts down. */
  readonly shutdown: AbortSignal;
  readonly onError: (error: unknown, effect: ClaimedEffect) => void;
}

const performers: { readonly [K in PerformedKind]: Performer<K> } = {
  observe,
  close_host: closeHost,
  open_host: openHost,
  remove_host: removeHost,
  check_empty: checkEmpty,
  move_instance: moveInstance,
  run_action: runAction,
};

export async function performEffect(id: EffectId, deps: Performers): Promise<void> {
  const { effects, leases, clock } = deps;
  const lease = newLease(clock, randomUUID);
  const claimed = await effects.claim(id, lease, clock.now());
  if (!claimed) return;
  const lost = new AbortController();
  leases.keep(claimed, lease.until, () => lost.abort());
  try {
    await settle(claimed, deps, AbortSignal.any([lost.signal, deps.shutdown]), lost.signal);
  } finally {
    leases.letGo(claimed);
  }
}

async function settle(claimed: ClaimedEffect, deps: Performers, signal: AbortSignal, lost: AbortSignal): Promise<void> {
  const { effects, wakes, clock } = deps;
  try {
    const performed = await dispatch(claimed.effect, {
      ...deps,
      claimed,
      signal,
      keepOutput: (output) => effects.keepOutput(claimed, output),
    });
    if (await effects.finish(claimed, endOf(claimed, performed, clock.now()))) await wakes.session(claimed.session.id);
  } catch (error) {
    if (lost.aborted) return; // Somebody else performs it now; whatever went wrong here is not the session's.
    if (deps.shutdown.aborted) return handOver(claimed, deps);
    if (isProblem(error, "STORE_UNAVAILABLE")) throw error; // The lease ends, and the effect is taken again.
    await giveBack(claimed, error, deps);
  }
}

/** The kinds are matched by the table's type; TypeScript cannot see it through the lookup. */
function dispatch(effect: PerformedEffect, performing: Performing): Promise<Performed> {
  const performer = performers[effect.kind] as unknown as Performer<PerformedKind>;
  return performer(effect, performing);
}

/**
 * The worker shuts down: another one takes the effect at once. A host action may be half done, so its lease just
 * ends and the next worker knows that it was interrupted.
 */
async function handOver(claimed: ClaimedEffect, { effects, leases, clock }: Performers): Promise<void> {
  const now = clock.now();
  if (claimed.effect.kind !== "run_action") {
    await effects.postpone(claimed, now, "the worker shut down", now);
    return;
  }
  leases.letGo(claimed);
  await leases.settled(); // A renewal that is on its way would prolong what ends now.
  await effects.renew([claimed], now);
}

/** The cloud is out of reach: try again later, in view of everybody, until patience ends. */
async function giveBack(claimed: ClaimedEffect, error: unknown, deps: Performers): Promise<void> {
  const { effects, wakes, clock, outageSeconds } = deps;
  const now = clock.now();
  const outage = isProblem(error, "CLOUD_UNAVAILABLE") || isProblem(error, "CLOUD_REFUSED") ? error : null;
  if (!outage) deps.onError(error, claimed);
  const since = claimed.postponedSince ?? now;
  const waited = now.getTime() - since.getTime();
  if (outage && waited < patienceMs(outage, outageSeconds)) {
    await effects.postpone(claimed, new Date(now.getTime() + pauseMs(waited)), outage.message, now);
  } else {
    const reason = error instanceof Error ? error.message : String(error);
    const tried = waited > 0 ? `, after ${Math.round(waited / 1_000)} s of trying` : "";
    const failed: Performed = { kind: "failed", reason: reason + tried, consequences: perhaps(claimed.effect) };
    await effects.finish(claimed, endOf(claimed, failed, now));
  }
  await wakes.session(claimed.session.id);
}

/** A closing whose answer was lost may have been done: taken for closed, the host is looked at when the session ends. */
const perhaps = (effect: PerformedEffect): Consequences =>
  effect.kind === "close_host" ? { closure: { host: effect.host, closure: "closed_by_session" } } : {};

/** A wrong password or a missing role is not mended by waiting; half a minute is left for one that is being rotated. */
const REFUSED_PATIENCE_MS = 30_000;

const patienceMs = (outage: Problem, outageSeconds: number): number =>
  outage.code === "CLOUD_REFUSED" ? Math.min(REFUSED_PATIENCE_MS, outageSeconds * 1_000) : outageSeconds * 1_000;

/** Longer pauses the longer the outage lasts, 1 s to 15 s: soon back after a short one, gentle in a long one. */
const pauseMs = (waitedMs: number): number => Math.min(15_000, Math.max(1_000, waitedMs / 4));

function endOf(claimed: ClaimedEffect, performed: Performed, at: Date): EffectEnd {
  const status: EffectEnd["status"] =
    performed.kind === "done"
      ? { kind: "done", at, outcome: performed.outcome }
      : { kind: performed.kind, at, reason: performed.reason };
  const text =
    performed.kind === "done" ? performed.text : `${claimed.effect.kind} ${performed.kind}: ${performed.reason}`;
  const kinds = { done: "effect_done", failed: "effect_failed", unknown: "effect_unknown" } as const satisfies Record<
    string,
    JournalKind
  >;
  const { effect, entry, attempt } = claimed;
  const data = { kind: effect.kind, entry, attempt, ...outcomeInShort(effect, performed), ...performed.facts };
  const consequences = performed.consequences ?? {};
  const ended: JournalEntry = { at, kind: kinds[performed.kind], subject: subjectOf(effect), text, data };
  return { at, status, consequences, journal: [ended, ...foundEntry(consequences.hosts, at)] };
}

/** The outcome as the journal keeps it: an action's output is kept with its run, and what a look saw with the session. */
function outcomeInShort({ kind }: PerformedEffect, performed: Performed): Readonly<Record<string, unknown>> {
  if (performed.kind !== "done" || kind === "observe" || kind === "run_action") return {};
  return { outcome: performed.outcome };
}

function foundEntry(hosts: Consequences["hosts"], at: Date): readonly JournalEntry[] {
  if (!hosts) return [];
  const text = `the session is about ${hosts.length} hosts`;
  return [{ at, kind: "hosts_found", subject: null, text, data: { found: foundInShort(hosts) } }];
}
