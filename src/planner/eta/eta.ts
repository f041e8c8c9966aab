/**
 * When a session will be done. What is left is played through many times with the session's own measured times; half of
 * the plays end before p50, nineteen of twenty before p95. Before anything was measured, the plan or an assumption serves.
 */
import { isCompute, isSettled } from "../../domain/session.ts";
import { actionPacing, drainPacing, hostsAtOnceOf, type Pacing, type Progress, seconds } from "./pace.ts";
import { plays } from "./plays.ts";

/** Seconds from `now`. */
export interface Eta {
  readonly p50Seconds: number;
  readonly p95Seconds: number;
  readonly drain: Pacing;
  /** On computes; where none is left, on the others. */
  readonly action: Pacing;
  readonly hostsAtOnce: number;
}

/** Null when no host is left. */
export function etaOf(progress: Progress): Eta | null {
  const { now, maintenanceAt, hosts } = progress;
  const left = hosts.filter((host) => !isSettled(host));
  if (left.length === 0) return null;
  const drain = drainPacing(progress, left);
  const computeAction = actionPacing(progress, isCompute);
  const otherAction = actionPacing(progress, (host) => !isCompute(host));
  const hostsAtOnce = Math.min(left.length, hostsAtOnceOf(progress));
  const until = Math.max(0, seconds(now, maintenanceAt));
  const ends = plays(left, { now, drain, computeAction, otherAction, hostsAtOnce });
  return {
    p50Seconds: Math.round(until + quantile(ends, 0.5)),
    p95Seconds: Math.round(until + quantile(ends, 0.95)),
    drain,
    action: left.some(isCompute) ? computeAction : otherAction,
    hostsAtOnce,
  };
}

const quantile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
